// @vitest-environment node
/**
 * Seeded trouble: operations, photos, lost requests, lost answers, duplicates, portals, cut bodies, kills between
 * local commits, evicted bases, clones of the server's past. After quiescence the invariants of SYNC.md must hold.
 * A failing seed is printed by its test's name; SEEDS=… runs others.
 */
import { expect, it } from 'vitest'
import { getValue, purgeBase } from '../../src/local/db'
import { cycle } from '../../src/sync/loop'
import { push } from '../../src/sync/push'
import { answerLost, cutBody, FakeServer, lost, portal, proxy, twice, type Fault } from './fakeServer'
import { addPhoto, makePhone, wipe, type Phone } from './phone'

const SEEDS = (process.env.SEEDS ?? Array.from({ length: 25 }, (_one, seed) => seed + 1).join()).split(',').map(Number)
const FAULTS: (Fault | undefined)[] = [lost, answerLost, cutBody, portal, twice, proxy(502), proxy(503), undefined, undefined]
const TICKETS = ['t1', 't2', 't3']

/** mulberry32 */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

async function step(phone: Phone, server: FakeServer, roll: () => number, made: Set<string>): Promise<void> {
  const choice = roll()
  const ticket = TICKETS[Math.floor(roll() * TICKETS.length)] ?? 't1'
  if (choice < 0.35) {
    const photos = roll() < 0.2 ? [await addPhoto(phone, 3_000)] : []
    const args = roll() < 0.15 ? { refuse: 'stale_base' } : { text: String(roll()) }
    made.add((await phone.act(ticket, args, photos)).id)
  } else if (choice < 0.75) {
    server.faults = Array.from({ length: 4 }, () => FAULTS[Math.floor(roll() * FAULTS.length)])
    await cycle(phone.ctx)
    server.faults = []
  } else if (choice < 0.8) {
    server.put(ticket, { touched: roll() })
  } else if (choice < 0.85) {
    if (roll() < 0.5 && server.rows.size > 1) server.remove(ticket, 'moved')
    else server.put(ticket)
  } else if (choice < 0.9) {
    await push(phone.ctx).catch(() => undefined) // killed before the pull
  } else if (choice < 0.94) {
    await purgeBase(phone.base) // evicted, or logged out and in
  } else if (choice < 0.97) {
    server.restoreTo(Math.floor(server.seq * (0.5 + roll() / 2)))
  } else {
    server.csrf = `token-${roll()}`
  }
}

it.each(SEEDS)('seed %i: nothing lost, nothing twice, nothing stuck', async (seed) => {
  await wipe()
  const roll = dice(seed)
  const server = new FakeServer()
  for (const ticket of TICKETS) server.put(ticket)
  const phone = await makePhone(server)
  const made = new Set<string>()
  let lastN = 0
  let device: string | undefined
  let epoch: string | undefined
  for (let i = 0; i < 60; i += 1) {
    await step(phone, server, roll, made)
    const now = (await getValue<number>(phone.outbox.meta, 'lastN')) ?? 0
    const [dev, ep] = [await getValue<string>(phone.outbox.meta, 'device'), await getValue<string>(phone.outbox.meta, 'epoch')]
    if (dev === device && ep === epoch) expect(now, 'I5: last_n never goes back').toBeGreaterThanOrEqual(lastN)
    ;[lastN, device, epoch] = [now, dev, ep]
  }
  for (let i = 0; i < 8; i += 1) {
    await phone.outbox.photos.toCollection().modify({ nextTryAt: 0 })
    expect((await cycle(phone.ctx)).ok).toBe(true)
  }
  const known = new Set([...(await phone.outbox.sent.toCollection().primaryKeys()), ...(await phone.outbox.problems.toCollection().primaryKeys())])
  for (const id of made) expect(known.has(id), `I2: ${id} has ended and its author can see how`).toBe(true)
  const refused = new Set((await phone.outbox.problems.toArray()).filter((one) => one.kind === 'refused').map((one) => one.id))
  for (const id of made) if (!refused.has(id)) expect(server.ops.has(id), `I1: ${id} is on the server`).toBe(true)
  for (const ticket of TICKETS) {
    const timeline = server.timeline(ticket)
    expect(new Set(timeline).size, 'I1: exactly once').toBe(timeline.length)
  }
  expect(await phone.outbox.ops.count(), 'nothing is left in the outbox').toBe(0)
  const mine = (await phone.base.rows.toArray()).map((row) => [row.id, row.rev]).sort()
  expect(mine, 'I3 and I4: the phone equals what it may see').toEqual([...server.rows.values()].map((row) => [row.id, row.rev]).sort())
  const waiting = (await phone.outbox.photos.toArray()).filter((photo) => photo.state !== 'done' && photo.state !== 'failed')
  expect(waiting, 'every photo has arrived').toEqual([])
  const before = server.seen.filter((request) => request.path === '/sync/push').length
  await cycle(phone.ctx)
  expect(server.seen.filter((request) => request.path === '/sync/push').length, 'I9: a second sync sends nothing').toBe(before)
}, 60_000)
