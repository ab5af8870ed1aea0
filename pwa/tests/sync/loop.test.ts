// @vitest-environment node
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { getValue, purgeBase } from '../../src/local/db'
import type { SyncStatus } from '../../src/local/records'
import { cycle, Loop } from '../../src/sync/loop'
import { FakeServer, lost, proxy } from './fakeServer'
import { makePhone, sessionState, wipe, type Phone } from './phone'

let server: FakeServer
let phone: Phone
let loop: Loop | undefined

beforeEach(async () => {
  await wipe()
  server = new FakeServer()
  server.put('t1')
  phone = await makePhone(server)
})
afterEach(async () => {
  await loop?.stop()
  loop = undefined
  vi.restoreAllMocks()
})

const status = (): Promise<SyncStatus | undefined> => getValue<SyncStatus>(phone.base.meta, 'status')
/** How long the loop means to rest after its next cycle, in ms. */
async function restAfter(prepare: () => void): Promise<number> {
  prepare()
  const timers = vi.spyOn(globalThis, 'setTimeout')
  const made = (loop ??= new Loop({ ...phone.ctx, random: () => 0.5 }))
  const before = server.seen.length
  made.wake(true)
  await expect.poll(() => server.seen.length).toBeGreaterThan(before)
  const internal = made as unknown as { running?: Promise<void>; timer?: unknown }
  await internal.running
  const own = timers.mock.results.findIndex((result) => result.value === internal.timer)
  const waited = timers.mock.calls[own]?.[1] ?? NaN
  timers.mockRestore()
  return waited
}

describe('the rest between two cycles', () => {
  it('polls every 30 s, and every minute while pokes come in', async () => {
    expect(await restAfter(() => undefined)).toBe(30_000)
    expect(await restAfter(() => { if (loop) loop.poked = true })).toBe(60_000)
  })

  it('polls within 30 s of the moment at which the pokes end', async () => {
    await restAfter(() => undefined)
    await restAfter(() => { if (loop) loop.poked = true })
    const timers = vi.spyOn(globalThis, 'setTimeout')
    if (loop) loop.poked = false
    expect(timers.mock.calls.map(([, waitMs]) => waitMs)).toEqual([30_000])
    timers.mockRestore()
  })

  it('backs off from 1 s to at most 5 min without an answer', async () => {
    const rests: number[] = []
    for (let i = 0; i < 12; i += 1) rests.push(await restAfter(() => (server.faults = [lost])))
    expect(rests[0]).toBeLessThanOrEqual(1_000)
    for (const [i, rest] of rests.entries()) if (i > 0) expect(rest).toBeGreaterThanOrEqual(rests[i - 1] ?? 0)
    expect(rests[11]).toBeLessThanOrEqual(300_000)
    expect(rests[11]).toBeGreaterThan(150_000)
    expect(await restAfter(() => (server.faults = []))).toBe(30_000)
  })

  it('waits as long as the server asks, and a little longer than all the others', async () => {
    const rest = await restAfter(() => (server.faults = [proxy(503, { 'Retry-After': '40' })]))
    expect(rest).toBeGreaterThan(40_000)
    expect(rest).toBeLessThanOrEqual(50_000)
    const before = server.seen.length
    loop?.wake()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(server.seen.length).toBe(before)
    loop?.wake(true)
    await expect.poll(() => server.seen.length).toBeGreaterThan(before)
  })

  it('goes again at once for what came up during a cycle', async () => {
    loop = new Loop(phone.ctx)
    loop.wake()
    await phone.act('t1')
    loop.wake()
    await expect.poll(() => server.timeline('t1')).toHaveLength(1)
  })
})

describe('the status', () => {
  it('throws nothing away by a clock that is a year ahead', async () => {
    await phone.outbox.drafts.put({ key: 'd', value: 'half written', savedAt: Date.now() })
    const year = 366 * 86_400_000
    server.offsetMs = -year
    const real = Date.now.bind(Date)
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => real() + year)
    await restAfter(() => (server.faults = [lost])) // it does not even know yet
    await restAfter(() => undefined)
    clock.mockRestore()
    expect(await phone.outbox.drafts.get('d')).toBeDefined()
  })

  it('says online only when the server itself answered', async () => {
    await cycle(phone.ctx)
    expect(await status()).toMatchObject({ online: true })
    server.faults = [lost]
    await cycle(phone.ctx)
    expect(await status()).toMatchObject({ online: false, trouble: { code: 'network' } })
    await cycle(phone.ctx)
    expect((await status())?.trouble).toBeUndefined()
  })

  it('keeps everything on a 4xx it does not know, and says so', async () => {
    await phone.act('t1')
    server.faults = [(): Promise<Response> => Promise.resolve(server.error(400, 'invalid_envelope'))]
    await cycle(phone.ctx)
    expect(await status()).toMatchObject({ trouble: { code: 'invalid_envelope', message: 'invalid_envelope in words' } })
    expect(await phone.outbox.ops.count()).toBe(1)
  })
})

describe('what leaves the phone', () => {
  it('a revoked device loses its rows and keeps its outbox', async () => {
    await cycle(phone.ctx)
    await phone.act('t1')
    server.faults = [(): Promise<Response> => Promise.resolve(server.error(403, 'device_revoked'))]
    await cycle(phone.ctx)
    expect(await sessionState()).toBe('revoked')
    expect(await phone.base.rows.count()).toBe(0)
    expect(await phone.outbox.ops.count()).toBe(1)
  })

  it('a purged phone fills again from nothing, and its unsettled work is not stuck', async () => {
    await phone.act('t1')
    const { push } = await import('../../src/sync/push')
    await push(phone.ctx)
    await purgeBase(phone.base)
    for (let i = 0; i < 4; i += 1) await cycle(phone.ctx)
    expect(await phone.base.rows.count()).toBe(1)
    expect(await phone.outbox.ops.count()).toBe(0)
  })
})
