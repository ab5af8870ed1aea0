// @vitest-environment node
/** A phone that was copied onto another, both in use, and a server restored from a backup meanwhile. */
import { beforeEach, expect, it } from 'vitest'
import { getValue } from '../../src/local/db'
import { standing } from '../../src/sync/device'
import { cycle } from '../../src/sync/loop'
import { push } from '../../src/sync/push'
import type { PushRequest } from '../../src/sync/wire'
import { FakeServer, type Fault } from './fakeServer'
import { makePhone, memoryOf, remember, wipe, type Memory, type Phone } from './phone'

let server: FakeServer
let phone: Phone

beforeEach(async () => {
  await wipe()
  server = new FakeServer()
  server.put('t1')
  phone = await makePhone(server)
})

const applied = (): string[] => [...server.ops.values()].filter(({ op }) => op.name !== 'void').map(({ op }) => op.id)
const pushes = (): PushRequest[] =>
  server.seen.filter((request) => request.path === '/sync/push').map((request) => request.body as PushRequest)

async function syncs(times = 2): Promise<void> {
  for (let i = 0; i < times; i += 1) expect((await cycle(phone.ctx)).ok).toBe(true)
}

/** Put this phone away and take the other one. */
async function change(to: Memory): Promise<Memory> {
  const mine = await memoryOf(phone)
  await remember(phone, to)
  return mine
}

async function works(count: number): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < count; i += 1) ids.push((await phone.act('t1')).id)
  return ids
}

it('the copy that comes second after a restore loses nothing of what it had sent under numbers used again', async () => {
  const early = await works(2)
  await syncs()
  const backup = server.seq
  const copy = await memoryOf(phone)
  const mine = await works(3)
  await syncs()
  server.restoreTo(backup)
  const first = await change(copy)
  const others = await works(4)
  await syncs()
  await change(first)
  const device = await getValue<string>(phone.outbox.meta, 'device')
  const late = await works(1)
  await syncs()
  expect(applied().sort()).toEqual([...early, ...others, ...mine, ...late].sort())
  expect(server.timeline('t1').slice(-4), 'in the order of the taps').toEqual([...mine, ...late])
  expect(await phone.outbox.ops.count()).toBe(0)
  expect(await getValue(phone.outbox.meta, 'device')).not.toBe(device)
})

it('the copy that comes second is heard also when its last number is the one the other took', async () => {
  await works(2)
  await syncs()
  const backup = server.seq
  const copy = await memoryOf(phone)
  const [mine] = await works(1)
  server.restoreTo(backup)
  const first = await change(copy)
  await works(1)
  await syncs()
  await change(first)
  await syncs()
  expect(applied()).toContain(mine)
  expect(await phone.outbox.ops.count()).toBe(0)
})

it('what the backup held is asked about once and neither sent anew nor told anew', async () => {
  await works(1)
  const kept = await phone.act('left-me')
  await phone.act('t1', { refuse: 'stale_base' })
  await syncs()
  await phone.outbox.problems.delete(kept.id)
  const { device } = await standing(phone.outbox)
  server.restoreTo(server.seq)
  const before = pushes().length
  const [fresh] = await works(1)
  await syncs()
  const asked = pushes().slice(before).map(({ ops }) => ops.map(({ n }) => n))
  expect(asked).toEqual([[4], [1, 2], [4]])
  expect(applied()).toContain(fresh)
  expect(await phone.outbox.problems.get(kept.id), 'he has dealt with it').toBeUndefined()
  expect((await standing(phone.outbox)).device).toBe(device)
  expect(await phone.outbox.sent.count()).toBe(4)
})

it('asks on after it was killed in the middle of asking', async () => {
  await works(120)
  await syncs()
  const copy = await memoryOf(phone)
  const backup = server.seq
  const mine = await works(1)
  await syncs()
  server.restoreTo(backup)
  const first = await change(copy)
  await works(2)
  await syncs()
  await change(first)
  const unwell: Fault = () => Promise.reject(new TypeError('killed'))
  server.faults = [undefined, undefined, unwell] // 409 epoch, the first hundred, and then nothing
  await push(phone.ctx, true).catch(() => undefined)
  expect((await standing(phone.outbox)).unasked).toEqual({ after: 100, upTo: 122 })
  await syncs()
  expect(applied()).toContain(mine[0])
})

it('tells what a copy had sent again to another end', async () => {
  const op = await phone.act('t1')
  const backup = server.seq
  await syncs()
  const copy = await memoryOf(phone)
  server.restoreTo(backup)
  const refused = server.rows.get('t1')
  server.rows.delete('t1') // it is another matter by now: what was applied is only kept
  const first = await change(copy)
  await syncs()
  expect(server.ops.get(op.id)?.outcome).toBe('kept')
  await change(first)
  if (refused) server.rows.set('t1', refused)
  await syncs()
  expect((await phone.outbox.sent.get(op.id))?.receipt.outcome).toBe('kept')
  expect(await phone.outbox.problems.get(op.id)).toMatchObject({ kind: 'kept', code: 'moved_on' })
})

it('an operation whose number a copy took while it waited for its receipt does not block the sync', async () => {
  const copy = await memoryOf(phone)
  const [mine] = await works(1)
  await push(phone.ctx)
  // The server forgot it without a word of another epoch, and a copy came first.
  server.ops.clear()
  server.receipts = []
  server.devices.clear()
  const { device } = await standing(phone.outbox)
  const first = await change(copy)
  await phone.outbox.meta.put({ key: 'device', value: device })
  await works(1)
  await push(phone.ctx)
  await change(first)
  await syncs(5)
  expect(applied()).toContain(mine)
  expect(await phone.outbox.ops.count()).toBe(0)
})

it('takes an answer that says nothing of what was sent for none, and does not ask again at once', async () => {
  await works(1)
  const silent: Fault = async (_request, pass) => {
    const answer = await pass()
    const body = (await answer.json()) as { results: unknown[] }
    return new Response(JSON.stringify({ ...body, results: [] }), { status: 200, headers: answer.headers })
  }
  server.faults = Array.from({ length: 3 }, () => silent)
  expect((await cycle(phone.ctx)).ok).toBe(false)
  expect(pushes()).toHaveLength(1)
  server.faults = []
  await syncs()
  expect(await phone.outbox.ops.count()).toBe(0)
})
