import { beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'
import { draftPhotos } from '../../src/actions/photos'
import { act } from '../../src/actions/tickets'
import { exportOutbox } from '../../src/actions/outbox'
import { closeAll, getValue, openApp, openBase, openOutbox, OutboxDb, rowsOf, setValue } from '../../src/local/db'
import { readDraft, writeDraft, writeDraftPhoto } from '../../src/local/drafts'
import { useDraft } from '../../src/local/live'
import { lastUser, loadSession, saveSession, session } from '../../src/local/session'
import { checkLost, forgetLoss, storageFacts } from '../../src/local/storage'
import type { Row, Session } from '../../src/local/records'
import { cycle } from '../../src/sync/loop'
import { FakeServer } from '../sync/fakeServer'
import { addPhoto, makePhone, wipe } from '../sync/phone'

const SESSION = { user: { id: 'u1', username: 'worker', name: '李伟' }, csrf: 'c', state: 'live', signedInAt: 1, confirmedAt: 1 } as unknown as Session

beforeEach(async () => {
  await wipe()
  localStorage.clear()
  await loadSession()
  await saveSession(SESSION)
})

it('the app opens as the last signed-in person without any network', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new Error('no network')))
  const { restore } = await import('../../src/actions/session')
  await restore()
  expect(session()?.user.name).toBe('李伟')
  vi.unstubAllGlobals()
})

it('who uses this browser is guessed from the last session, and nobody is once he has signed out', async () => {
  expect(lastUser()).toBe('u1')
  await saveSession(null)
  expect(lastUser()).toBeUndefined()
})

it('rows are read by their type, each of it and no other', async () => {
  const row = (type: string, id: string): object => ({ type, id, rev: 1, buckets: ['b'], doc: {}, gen: 0 })
  const rows = [row('alert', 'z'), row('ticket', ''), row('ticket', 'a'), row('ticket', '\uffff'), row('tickets', 'a'), row('incident', 'a')]
  await openBase('u1').rows.bulkPut(rows as Row[])
  expect((await rowsOf(openBase('u1'), 'ticket').toArray()).map(({ type, id }) => [type, id])).toEqual([['ticket', ''], ['ticket', 'a'], ['ticket', '\uffff']])
})

describe('a vanished database', () => {
  it('is noticed and said until its owner has read it', async () => {
    await setValue(openOutbox('u1').meta, 'device', 'd1')
    expect(checkLost('u1', 'd1')).toBe(false)
    expect(checkLost('u1', undefined)).toBe(true)
    expect(storageFacts().lost).toBe(true)
    await forgetLoss('u1')
    expect(storageFacts().lost).toBe(false)
  })

  it('is not imagined on a new phone', () => {
    expect(checkLost('u9', undefined)).toBe(false)
  })
})

it('a later version of the app opens the outbox of this one with everything in it', async () => {
  const server = new FakeServer()
  const phone = await makePhone(server)
  const op = await phone.act('t1', { text: '未发送' }, [await addPhoto(phone, 100)])
  await setValue(phone.outbox.meta, 'epoch', 'e')
  closeAll()
  class Later extends OutboxDb {
    constructor(user: string) {
      super(user)
      this.version(2).stores({ replies: '&id' })
    }
  }
  const later = new Later('u1')
  expect(await later.ops.toArray()).toEqual([op])
  expect(await later.blobs.count()).toBe(1)
  expect(await getValue(later.meta, 'n')).toBe(1)
  later.close()
})

describe('a draft', () => {
  it('does not come back when its operation was stored right after the last letter', async () => {
    const scope = effectScope()
    const draft = scope.run(() => useDraft('reply:t1', { text: '' }))
    await expect.poll(() => draft?.ready.value).toBe(true)
    if (draft) draft.value.value.text = '经现场核实'
    await nextTick()
    await draft?.handOver()
    await act({ id: 't1', rev: 3 }, 'ticket.note', { text: '经现场核实' }, { draft: 'reply:t1' })
    if (draft) draft.value.value.text = '' // an emptied form is no draft either
    await nextTick()
    scope.stop()
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(await openOutbox('u1').drafts.count()).toBe(0)
  })

  it('is kept again when its operation could not be stored', async () => {
    const scope = effectScope()
    const draft = scope.run(() => useDraft('reply:t1', { text: '' }))
    await expect.poll(() => draft?.ready.value).toBe(true)
    if (draft) draft.value.value.text = '经现场核实'
    await nextTick()
    await draft?.handOver()
    draft?.takeBack()
    scope.stop()
    await expect.poll(() => readDraft('u1', 'reply:t1')).toEqual({ text: '经现场核实' })
  })

  it('comes back after the app was killed, and goes with the operation that uses it', async () => {
    const first = effectScope()
    const draft = first.run(() => useDraft('reply:t1', { text: '' }))
    await expect.poll(() => draft?.ready.value).toBe(true)
    if (draft) draft.value.value.text = '经现场核实'
    await nextTick()
    first.stop() // the page goes away
    await expect.poll(() => openOutbox('u1').drafts.count()).toBe(1)
    const second = effectScope()
    const again = second.run(() => useDraft('reply:t1', { text: '' }))
    await expect.poll(() => again?.restored.value).toBe(true)
    expect(again?.value.value.text).toBe('经现场核实')
    await act({ id: 't1', rev: 3 }, 'ticket.note', { text: '经现场核实' }, { draft: 'reply:t1' })
    expect(await openOutbox('u1').drafts.count()).toBe(0)
    second.stop()
  })
})

describe('the outbox as a file', () => {
  it('holds ids, times and photo bytes, and never a word about a confidential ticket', async () => {
    const phone = await makePhone(new FakeServer())
    await saveSession({ ...SESSION, csrf: 'd' })
    const photo = await addPhoto(phone, 50_000)
    const op = await phone.act('t1', { text: '井盖' }, [photo])
    await openBase('u1').rows.put({ type: 'ticket', id: 't2', rev: 1, buckets: ['b'], doc: { confidential: true }, gen: 0 })
    await phone.act('t2', { text: '举报人' })
    const { blob, ops, photos } = await exportOutbox()
    const text = await blob.text()
    const file = JSON.parse(text) as { ops: { id: string; at: string; n: number }[]; photos: { id: string; data: string }[] }
    expect({ ops, photos }).toEqual({ ops: 1, photos: 1 })
    expect(file.ops[0]).toMatchObject({ id: op.id, at: op.at, n: 1 })
    expect(atob(file.photos[0]?.data ?? '')).toHaveLength(50_000)
    expect(text).not.toContain('举报人')
  })
})

describe('work on a confidential ticket', () => {
  it('is sent, and its words are nowhere in the databases before or after', async () => {
    const server = new FakeServer()
    server.put('t1', { confidential: true, title: '保密单' })
    const phone = await makePhone(server)
    await saveSession({ ...SESSION, csrf: 'token-1' })
    const words = '只有经办人知道'
    const everything = async (): Promise<string> =>
      JSON.stringify(await Promise.all([...phone.outbox.tables, ...phone.base.tables, ...openApp().tables].map((store) => store.toArray())))
    const { opId } = await act({ id: 't1', rev: 1, confidential: true, external_no: 'X' }, 'ticket.note', { text: words })
    expect(await everything()).not.toContain(words)
    await cycle(phone.ctx)
    expect(server.ops.get(opId)?.op.args.text).toBe(words)
    expect(await everything()).not.toContain(words)
    expect(await phone.outbox.ops.count()).toBe(0)
  })

  it('keeps drafts and photos in memory, and sends the photos from there', async () => {
    const server = new FakeServer()
    server.put('t1', { confidential: true, title: '保密单' })
    const phone = await makePhone(server)
    await saveSession({ ...SESSION, csrf: 'token-1' })
    await cycle(phone.ctx)
    const data = new Uint8Array(70_000).fill(7).buffer
    const facts = { sha256: 'ab'.repeat(32), bytes: 70_000, width: 4, height: 3, taken_at: '2026-11-22T01:00:00.000Z', lat: 24.5123 }
    const record = { ...facts, id: 'p1', op: null, ticket: null, draft: 'note:t1', state: 'draft' as const, mime: 'image/jpeg' }
    await writeDraftPhoto('u1', { ...record, offset: 0, tries: 0, nextTryAt: 0, storedAt: 1 }, { id: 'p1', data, thumb: null })
    await writeDraft('u1', 'note:t1', { text: '三楼' }, 1)
    const counts = (): Promise<number[]> => Promise.all([phone.outbox.drafts, phone.outbox.blobs].map((store) => store.count()))
    expect(await counts()).toEqual([0, 0])
    expect(await phone.outbox.photos.count()).toBe(0)
    expect(await readDraft('u1', 'note:t1')).toEqual({ text: '三楼' })
    const [photo] = await draftPhotos('note:t1')
    await act({ id: 't1', rev: 1, confidential: true }, 'ticket.note', { text: '三楼' }, { photos: photo ? [photo] : [], draft: 'note:t1' })
    expect(await counts()).toEqual([0, 0])
    expect(JSON.stringify(await phone.outbox.photos.toArray())).not.toContain('24.5123')
    expect(await readDraft('u1', 'note:t1')).toBeUndefined()
    await cycle(phone.ctx)
    expect(server.uploads.get('p1')?.bytes).toHaveLength(70_000)
    expect(await phone.outbox.photos.count()).toBe(0)
    const { readSecretPhoto } = await import('../../src/sync/secrets')
    expect(readSecretPhoto('p1')).toBeUndefined()
  })

  it('that began before it was confidential moves its draft from the disk into memory', async () => {
    const phone = await makePhone(new FakeServer())
    const ticket = ref({ confidential: false })
    const scope = effectScope()
    const draft = scope.run(() => useDraft('note:t1', { text: '' }, ticket)) as ReturnType<typeof useDraft<{ text: string }>>
    await vi.waitFor(() => {
      expect(draft.ready.value).toBe(true)
    })
    draft.value.value.text = '三楼'
    await vi.waitFor(async () => {
      expect(await phone.outbox.drafts.count()).toBe(1)
    })
    ticket.value = { confidential: true }
    await vi.waitFor(async () => {
      expect(await phone.outbox.drafts.count()).toBe(0)
    })
    draft.value.value.text = '三楼的王某'
    await nextTick()
    scope.stop()
    expect(await readDraft('u1', 'note:t1')).toEqual({ text: '三楼的王某' })
    expect(await phone.outbox.drafts.count()).toBe(0)
  })

  it('whose tab died before it was sent leaves an empty place, and the next operation passes', async () => {
    const server = new FakeServer()
    server.put('t1')
    const phone = await makePhone(server)
    await saveSession({ ...SESSION, csrf: 'token-1' })
    const { opId } = await act({ id: 't1', rev: 1, confidential: true }, 'ticket.note', { text: 'x' })
    const { forgetSecret } = await import('../../src/sync/secrets')
    forgetSecret(opId)
    const next = await phone.act('t1')
    await cycle(phone.ctx)
    expect(server.timeline('t1')).toEqual([next.id])
    expect(await phone.outbox.ops.count()).toBe(0)
  })

  it('is refused at once without network', async () => {
    vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
    const ticket = { id: 't1', rev: 1, confidential: true }
    await expect(act(ticket, 'ticket.note', { text: 'x' })).rejects.toMatchObject({ code: 'confidential_online_only' })
    vi.restoreAllMocks()
  })
})
