// @vitest-environment node
/**
 * Seeded trouble: operations, photos, lost requests, lost answers, duplicates, portals, cut bodies, kills between
 * local commits, evicted bases, copies of the phone, restores of the server. After quiescence the invariants of SYNC.md
 * must hold.
 * A failing seed is printed by its test's name; SEEDS=… runs others.
 */
import { expect, it } from 'vitest'
import { purgeBase } from '../../src/local/db'
import { cycle } from '../../src/sync/loop'
import { push } from '../../src/sync/push'
import { answerLost, cutBody, FakeServer, lost, portal, proxy, twice, type Fault } from './fakeServer'
import { addPhoto, makePhone, memoryOf, remember, wipe, type Memory, type Phone } from './phone'

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

const COPIES_MAX = 3

/** The phone and its copies: the one in use is loaded, the others are memories. */
class Copies {
  private away: Memory[] = []

  constructor(private readonly phone: Phone) {}

  async copy(): Promise<void> {
    if (this.away.length < COPIES_MAX - 1) this.away.push(await memoryOf(this.phone))
  }

  async change(): Promise<void> {
    const next = this.away.shift()
    if (!next) return
    this.away.push(await memoryOf(this.phone))
    await remember(this.phone, next)
  }

  /** With each of them in use, in turn. */
  async each(work: () => Promise<void>): Promise<void> {
    for (let i = 0; i <= this.away.length; i += 1) {
      await work()
      await this.change()
    }
  }
}

/** The tab dies, or the phone is full, at some commit of the work: nothing after it happens. */
async function dying(phone: Phone, commits: number, work: () => Promise<unknown>): Promise<void> {
  let left = commits
  const dbs: { transaction?: unknown }[] = [phone.base, phone.outbox]
  for (const db of dbs) {
    const real = (db.transaction as (...args: unknown[]) => unknown).bind(db)
    db.transaction = (...args: unknown[]): unknown => ((left -= 1) < 0 ? Promise.reject(new Error('killed')) : real(...args))
  }
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Error) || error.message !== 'killed') throw error
  } finally {
    for (const db of dbs) delete db.transaction
  }
}

async function step(phone: Phone, server: FakeServer, copies: Copies, roll: () => number, made: Set<string>): Promise<void> {
  const choice = roll()
  const ticket = TICKETS[Math.floor(roll() * TICKETS.length)] ?? 't1'
  if (choice < 0.35) {
    const photos = roll() < 0.2 ? [await addPhoto(phone, 3_000)] : []
    const args = roll() < 0.15 ? { refuse: 'stale_base' } : { text: String(roll()) }
    made.add((await phone.act(ticket, args, photos)).id)
  } else if (choice < 0.72) {
    server.faults = Array.from({ length: 4 }, () => FAULTS[Math.floor(roll() * FAULTS.length)])
    await dying(phone, roll() < 0.3 ? Math.floor(roll() * 25) : Infinity, () => cycle(phone.ctx))
    server.faults = []
  } else if (choice < 0.76) {
    server.put(ticket, { touched: roll() })
  } else if (choice < 0.8) {
    if (roll() < 0.5 && server.rows.size > 1) server.remove(ticket, 'moved')
    else server.put(ticket)
  } else if (choice < 0.84) {
    await push(phone.ctx).catch(() => undefined) // killed before the pull
  } else if (choice < 0.87) {
    await purgeBase(phone.base) // evicted, or logged out and in
  } else if (choice < 0.89) {
    await copies.copy()
  } else if (choice < 0.95) {
    await copies.change()
  } else if (choice < 0.98) {
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
  const copies = new Copies(phone)
  const made = new Set<string>()
  for (let i = 0; i < 60; i += 1) await step(phone, server, copies, roll, made)
  const quiet = async (): Promise<void> => {
    for (let i = 0; i < 8; i += 1) {
      await phone.outbox.photos.toCollection().modify({ nextTryAt: 0 })
      expect((await cycle(phone.ctx)).ok).toBe(true)
    }
  }
  // What one of them sends again may come to another end for the others.
  await copies.each(quiet)
  await copies.each(quiet)
  const [known, refused] = [new Set<string>(), new Set<string>()]
  await copies.each(async () => {
    const problems = await phone.outbox.problems.toArray()
    for (const id of [...(await phone.outbox.sent.toCollection().primaryKeys()), ...problems.map((one) => one.id)]) known.add(id)
    for (const one of problems) if (one.kind === 'refused') refused.add(one.id)
  })
  for (const id of made) expect(known.has(id), `I2: ${id} has ended and its author can see how`).toBe(true)
  for (const id of made) if (!refused.has(id)) expect(server.ops.has(id), `I1: ${id} is on the server`).toBe(true)
  for (const ticket of TICKETS) {
    const timeline = server.timeline(ticket)
    expect(new Set(timeline).size, 'I1: exactly once').toBe(timeline.length)
  }
  await copies.each(async () => {
    expect(await phone.outbox.ops.count(), 'nothing is left in the outbox').toBe(0)
    const mine = (await phone.base.rows.toArray()).map((row) => [row.id, row.rev]).sort()
    expect(mine, 'I3 and I4: the phone equals what it may see').toEqual([...server.rows.values()].map((row) => [row.id, row.rev]).sort())
    const waiting = (await phone.outbox.photos.toArray()).filter((photo) => photo.state !== 'done' && photo.state !== 'failed')
    expect(waiting, 'every photo has arrived').toEqual([])
    const before = server.count('/sync/push')
    await cycle(phone.ctx)
    expect(server.count('/sync/push'), 'I9: a second sync sends nothing').toBe(before)
  })
}, 60_000)
