// @vitest-environment node
import { beforeEach, describe, expect, it } from 'vitest'
import { getValue, openBase, setValue } from '../../src/local/db'
import type { Me, TicketDoc } from '../../src/domain/types'
import { readTicket } from '../../src/local/tickets'
import { cycle } from '../../src/sync/loop'
import { pull } from '../../src/sync/pull'
import { push } from '../../src/sync/push'
import { settle } from '../../src/sync/receipts'
import type { PullRequest } from '../../src/sync/wire'
import { cutBody, FakeServer, lost } from './fakeServer'
import { addPhoto, makePhone, wipe, type Phone } from './phone'

let server: FakeServer
let phone: Phone
const me = { id: 'u1', name: '李伟' } as Me

beforeEach(async () => {
  await wipe()
  server = new FakeServer()
  phone = await makePhone(server)
})

const ids = async (): Promise<string[]> => (await phone.base.rows.toArray()).map((row) => row.id).sort()
const pulls = (): PullRequest[] =>
  server.seen.filter((request) => request.path === '/sync/pull').map((request) => request.body as PullRequest)

describe('a pull', () => {
  it('brings everything page by page, and a second one transfers nothing', async () => {
    for (let i = 0; i < 1_203; i += 1) server.put(`t${i}`)
    const first = await pull(phone.ctx)
    expect(first.changes).toBe(1_203)
    expect(await phone.base.rows.count()).toBe(1_203)
    const second = await pull(phone.ctx)
    expect(second).toMatchObject({ changes: 0, receipts: 0 })
  })

  it('goes on where a cut ended it', async () => {
    for (let i = 0; i < 1_203; i += 1) server.put(`t${i}`)
    server.faults = [undefined, cutBody]
    await expect(pull(phone.ctx)).rejects.toMatchObject({ kind: 'offline' })
    expect(await phone.base.rows.count()).toBe(500)
    await pull(phone.ctx)
    expect(await phone.base.rows.count()).toBe(1_203)
    expect(pulls().filter((request) => request.cursor === null)).toHaveLength(1)
  })

  it('takes away what left, and remembers where it went', async () => {
    server.put('t1')
    server.put('t2')
    await pull(phone.ctx)
    server.remove('t1', 'closed')
    await pull(phone.ctx)
    expect(await ids()).toEqual(['t2'])
    expect(await phone.base.gone.get(['ticket', 't1'])).toMatchObject({ reason: 'closed' })
  })

  it('takes a revealed number away with its ticket', async () => {
    server.put('t1')
    await pull(phone.ctx)
    await phone.base.contacts.put({ id: 't1', name: '陈', phone: '138', at: 1 })
    server.remove('t1')
    await pull(phone.ctx)
    expect(await phone.base.contacts.count()).toBe(0)
  })

  it('of two tabs stores one page, not both', async () => {
    server.put('t1')
    await pull(phone.ctx)
    server.put('t2')
    const [a, b] = await Promise.all([pull(phone.ctx), pull(phone.ctx)])
    expect(a.changes + b.changes).toBe(1)
    expect(await ids()).toEqual(['t1', 't2'])
    expect(await getValue(phone.base.meta, 'cursor')).toContain(`,${server.seq},`)
  })

  it('never stores a page under a cursor that has moved on', async () => {
    server.put('t1')
    await pull(phone.ctx)
    server.put('t2')
    server.faults = [
      async (_request, pass) => {
        const late = await pass()
        await setValue(phone.base.meta, 'cursor', 'moved')
        return late
      },
    ]
    await pull(phone.ctx)
    expect(await ids()).toEqual(['t1'])
  })
})

describe('a rebuild', () => {
  it('after a restore keeps the old rows until all is there, then sweeps what was not seen again', async () => {
    for (let i = 0; i < 700; i += 1) server.put(`t${i}`)
    await pull(phone.ctx)
    for (let i = 0; i < 50; i += 1) server.rows.delete(`t${i}`)
    server.epoch = 'epoch-2'
    server.faults = [undefined, lost]
    await expect(pull(phone.ctx)).rejects.toThrow()
    expect(await phone.base.rows.count()).toBe(700)
    await pull(phone.ctx)
    expect(await phone.base.rows.count()).toBe(650)
    expect((await ids()).includes('t0')).toBe(false)
  })

  it('fetches anew when the server does not know the cursor', async () => {
    server.put('t1')
    await pull(phone.ctx)
    await phone.outbox.meta.put({ key: 'device', value: crypto.randomUUID() })
    server.rows.delete('t1')
    server.put('t2')
    await pull(phone.ctx)
    expect(await ids()).toEqual(['t2'])
  })

  it('never touches the outbox', async () => {
    server.put('t1')
    await pull(phone.ctx)
    const op = await phone.act('gone-forever')
    server.epoch = 'epoch-2'
    await pull(phone.ctx)
    expect((await phone.outbox.ops.toArray()).map((one) => one.id)).toEqual([op.id])
  })
})

describe('the digest', () => {
  it('finds a row that went missing on the phone and heals its bucket only', async () => {
    server.put('t1', {}, ['person:u1'])
    server.put('t2', {}, ['grid:g1'])
    await pull(phone.ctx)
    await phone.base.rows.delete(['ticket', 't1'])
    await phone.base.meta.delete('checkedAt')
    await pull(phone.ctx)
    expect(await ids()).toEqual(['t1', 't2'])
    expect(pulls().flatMap((request) => request.refill ?? [])).toEqual(['person:u1'])
  })

  it('finds a row that should have left', async () => {
    server.put('t1')
    await pull(phone.ctx)
    await phone.base.rows.put({ type: 'ticket', id: 'ghost', rev: 3, buckets: ['person:u1'], doc: {}, gen: 0 })
    await phone.base.meta.delete('checkedAt')
    await pull(phone.ctx)
    expect(await ids()).toEqual(['t1'])
  })

  it('does not ask for ever when the two cannot agree', async () => {
    server.put('t1')
    server.digest = () => ({ 'person:u1': { count: 9, checksum: '0'.repeat(16) } })
    await pull(phone.ctx)
    expect(pulls()).toHaveLength(2)
  })
})

describe('a receipt', () => {
  it('takes its operation out of the view in the same moment as its row comes in', async () => {
    const { liveQuery } = await import('dexie')
    server.put('t1')
    await pull(phone.ctx)
    const op = await phone.act('t1')
    await push(phone.ctx)
    const shown: string[] = []
    const watch = liveQuery(() => readTicket(me, 't1')).subscribe((view) => {
      const entries = view?.timeline.filter((entry) => entry.id === op.id) ?? []
      shown.push(entries.map((entry) => (entry.local ? 'pending' : 'row')).join(' and '))
    })
    await expect.poll(() => shown).toContain('pending')
    await pull(phone.ctx)
    await expect.poll(() => shown[shown.length - 1]).toBe('row')
    watch.unsubscribe()
    expect([...new Set(shown)]).toEqual(['pending', 'row'])
  })

  it('of an acceptance that came second leaves the reason beside it on the ticket', async () => {
    server.put('t1')
    await pull(phone.ctx)
    const op = await phone.act('t1')
    await push(phone.ctx)
    await pull(phone.ctx)
    await settle(phone.ctx)
    const key: [string, string] = ['ticket', 't1']
    const row = (await phone.base.rows.get(key))!
    const doc = row.doc as TicketDoc
    const timeline = doc.timeline.map((entry) => ({ ...entry, outcome: 'refused' as const }))
    await phone.base.rows.put({ ...row, doc: { ...doc, timeline } })
    const sent = (await phone.outbox.sent.get(op.id))!
    await phone.outbox.sent.put({ ...sent, receipt: { ...sent.receipt, outcome: 'refused', message: '陈静 09:12 已先签收。' } })
    const shown = (await readTicket(me, 't1'))?.timeline.find(({ id }) => id === op.id)
    expect(shown?.why).toBe('陈静 09:12 已先签收。')
  })

  it('survives a kill between the two databases', async () => {
    server.put('t1')
    await pull(phone.ctx)
    const op = await phone.act('t1')
    await push(phone.ctx)
    // The page was stored, then the app was killed before the outbox was tidied.
    await phone.base.receipts.put({ id: op.id, n: op.n, outcome: 'applied' })
    expect((await readTicket(me, 't1'))?.pending).toEqual([])
    await settle(phone.ctx)
    await settle(phone.ctx)
    expect(await phone.outbox.ops.count()).toBe(0)
    expect((await phone.outbox.sent.get(op.id))?.receipt.outcome).toBe('applied')
  })

  it('of a fact that is kept tells its author so', async () => {
    const op = await phone.act('left-me')
    await cycle(phone.ctx)
    expect(await phone.outbox.problems.get(op.id)).toMatchObject({ kind: 'kept', code: 'moved_on' })
    expect((await phone.outbox.sent.get(op.id))?.receipt.outcome).toBe('kept')
  })

  it('that never comes is asked for again, and the operation is not stuck', async () => {
    server.put('t1')
    await phone.act('t1')
    await push(phone.ctx)
    server.receipts = []
    for (let i = 0; i < 4; i += 1) await cycle(phone.ctx)
    expect(await phone.outbox.ops.count()).toBe(0)
    expect(server.timeline('t1')).toHaveLength(1)
  })

  it('is waited for: an answer alone takes nothing out of the outbox', async () => {
    server.put('t1')
    await phone.act('t1')
    await push(phone.ctx)
    server.faults = [lost]
    await pull(phone.ctx).catch(() => undefined)
    expect(await phone.outbox.ops.count()).toBe(1)
  })

  it('moves work on a ticket that became confidential on without its words', async () => {
    server.put('t1')
    await pull(phone.ctx)
    const op = await phone.act('t1', { text: '举报人住在三楼' })
    server.put('t1', { confidential: true, title: '保密单' })
    await cycle(phone.ctx)
    const sent = JSON.stringify(await phone.outbox.sent.get(op.id))
    expect(server.ops.get(op.id)?.op.args.text).toBe('举报人住在三楼')
    expect(sent).not.toContain('三楼')
  })
})

describe('a ticket that turned confidential', () => {
  const everything = async (): Promise<string> =>
    JSON.stringify(await Promise.all([...phone.outbox.tables, ...phone.base.tables].map((store) => store.toArray())))

  async function writeAboutIt(): Promise<string> {
    server.put('t1')
    await pull(phone.ctx)
    await phone.act('t1', { text: '三楼的王某' })
    await phone.act('t1', { text: '三楼的王某', refuse: 'wrong_state' })
    await cycle(phone.ctx)
    const drafted = await addPhoto(phone, 10)
    await phone.outbox.photos.update(drafted, { draft: 'note:t1' })
    await phone.outbox.drafts.put({ key: 'reply:t1', value: { text: '三楼的王某' }, savedAt: 1 })
    await phone.outbox.drafts.put({ key: 'reply:t2', value: { text: '井盖' }, savedAt: 1 })
    await phone.base.contacts.put({ id: 't1', name: '王某', phone: '139', at: 1 })
    return drafted
  }

  it('takes what was sent, refused, half-written or revealed about it off the phone, and nothing else', async () => {
    const drafted = await writeAboutIt()
    const uploaded = await addPhoto(phone, 100_000)
    await phone.act('t1', { text: '三楼的王某' }, [uploaded])
    server.put('t1', { confidential: true, title: '保密单' })
    await cycle(phone.ctx)
    expect(server.uploads.get(uploaded)?.bytes).toHaveLength(100_000)
    expect(await everything()).not.toContain('王某')
    expect(await phone.outbox.blobs.bulkGet([drafted, uploaded])).toEqual([undefined, undefined])
    expect(await phone.outbox.drafts.toCollection().primaryKeys()).toEqual(['reply:t2'])
    expect(await phone.outbox.problems.count()).toBe(1)
    expect(await phone.outbox.sent.count()).toBe(3)
  })

  it('does so too for somebody who lost it with that: the receipt says it', async () => {
    await writeAboutIt()
    const uploaded = await addPhoto(phone, 100)
    const op = await phone.act('t1', { text: '三楼的王某' }, [uploaded])
    server.remove('t1')
    server.erased.add('t1')
    await cycle(phone.ctx)
    expect(server.ops.get(op.id)?.op.args.text).toBe('三楼的王某')
    expect(server.uploads.get(uploaded)?.bytes).toHaveLength(100)
    expect(await everything()).not.toContain('王某')
    expect(await phone.outbox.blobs.count()).toBe(0)
  })

  it('is not imagined of one that only moved: its work stays, for a server restored from a backup', async () => {
    server.put('t1')
    await pull(phone.ctx)
    const op = await phone.act('t1', { text: '井盖' })
    server.remove('t1')
    await cycle(phone.ctx)
    expect((await phone.outbox.sent.get(op.id))?.args.text).toBe('井盖')
  })
})

it('a user who comes back finds his own outbox, another does not see it', async () => {
  await phone.act('t1', {}, [await addPhoto(phone, 10)])
  const other = await makePhone(server, 'u2')
  expect(await other.outbox.ops.count()).toBe(0)
  expect(await other.base.rows.count()).toBe(0)
  const again = await makePhone(server, 'u1')
  expect(await again.outbox.ops.count()).toBe(1)
  expect(openBase('u1')).toBe(again.base)
})
