// @vitest-environment node
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { getValue, openOutbox, setValue } from '../../src/local/db'
import type { WireOp } from '../../src/local/records'
import { standing } from '../../src/sync/device'
import { cycle } from '../../src/sync/loop'
import { push } from '../../src/sync/push'
import type { PushRequest } from '../../src/sync/wire'
import { answerLost, FakeServer, lost, proxy } from './fakeServer'
import { makePhone, sessionState, wipe, type Phone } from './phone'

let server: FakeServer
let phone: Phone

beforeEach(async () => {
  await wipe()
  server = new FakeServer()
  phone = await makePhone(server)
})

const pushes = (): PushRequest[] =>
  server.seen.filter((request) => request.path === '/sync/push').map((request) => request.body as PushRequest)
const applied = (): string[] => [...server.ops.values()].filter(({ op }) => op.name !== 'void').map(({ op }) => op.id)

describe('the outbox', () => {
  it('gives contiguous numbers to operations stored at the same moment', async () => {
    const stored = await Promise.all(Array.from({ length: 20 }, () => phone.act('t1')))
    expect(stored.map((op) => op.n).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_one, i) => i + 1))
  })

  it('is written with strict durability', async () => {
    await phone.act('t1')
    const spy = vi.spyOn(phone.outbox.core, 'transaction')
    await phone.act('t1')
    const writing = spy.mock.calls.filter(([stores, mode]) => mode === 'readwrite' && [...stores].includes('ops'))
    spy.mockRestore()
    expect(writing.length).toBeGreaterThan(0)
    for (const call of writing) expect(call[2]).toEqual({ durability: 'strict' })
  })

  it('holds up nobody who reads the photos or what was sent', async () => {
    await phone.act('t1')
    const spy = vi.spyOn(phone.outbox.core, 'transaction')
    await phone.act('t1')
    const locked = spy.mock.calls.filter(([, mode]) => mode === 'readwrite').flatMap(([stores]) => [...stores])
    spy.mockRestore()
    expect(locked.sort()).toEqual(['meta', 'ops'])
  })

  it('takes the stamp of its clock from memory while that is followed, and asks the disk when it is not', async () => {
    const { followSample } = await import('../../src/sync/sample')
    const sample = (anchor: string): object => ({ anchor, origin: 'o', wallMs: 1, monoMs: 1, offsetMs: 0, uncertaintyMs: 5 })
    await setValue(phone.base.meta, 'sample', sample('a1'))
    expect((await phone.act('t1')).clock?.anchor).toBe('a1')
    const told: unknown[] = []
    const stop = followSample('u1', (one) => told.push(one))
    await vi.waitFor(() => {
      expect(told).toHaveLength(1)
    })
    const spy = vi.spyOn(phone.base.core, 'transaction')
    expect((await phone.act('t1')).clock?.anchor).toBe('a1')
    expect(spy).not.toHaveBeenCalled()
    spy.mockRestore()
    await setValue(phone.base.meta, 'sample', sample('a2'))
    await vi.waitFor(() => {
      expect(told).toHaveLength(2)
    })
    expect((await phone.act('t1')).clock?.anchor).toBe('a2')
    stop()
  })

  it('stores an operation, its photos and the end of its draft together or not at all', async () => {
    const outbox = openOutbox('u1')
    await outbox.drafts.put({ key: 'd', value: 'typed', savedAt: 1 })
    const op = await phone.act('t1')
    const again = { ...op, args: {} }
    const { append } = await import('../../src/sync/outbox')
    const { tapNow } = await import('../../src/lib/clock')
    await expect(append('u1', again, tapNow(), { label: {}, draft: 'd' })).rejects.toThrow()
    expect(await outbox.drafts.get('d')).toBeDefined()
    expect(await getValue(outbox.meta, 'n')).toBe(1)
  })
})

describe('a push', () => {
  it('sends a shift of 100 operations in one request of at most 20 KB', async () => {
    const sha = (i: number): string => i.toString(16).padStart(4, '0').repeat(16)
    server.put('t1')
    await cycle(phone.ctx) // a sample, so that each operation carries its clock
    const before = server.seen.length
    let wire = 0
    const plain = server.fetch
    server.fetch = ((input: string, init: RequestInit) => {
      if (input.endsWith('/push')) wire += (init.body as ArrayBuffer).byteLength
      return plain(input, init)
    }) as typeof fetch
    phone = await makePhone(server)
    const tickets = Array.from({ length: 20 }, () => crypto.randomUUID())
    for (const [i, ticket] of tickets.entries()) {
      await phone.act(ticket)
      await phone.act(ticket, { point: { lat: 22.99 + i / 1000, lng: 113.67, accuracy_m: 12, fix_age_s: 3, crs: 'WGS84' } })
      await phone.act(ticket, { result: `已更换井盖并设置围挡，现场恢复通行，第${i}处`, photos: [{ id: crypto.randomUUID(), sha256: sha(i) }] })
      await phone.act(ticket, { outcome: 'connected', summary: `已告知处理结果，来电人表示满意 ${i}`, resolved: true })
      await phone.act(ticket, { finding: 'true', resolution: 'resolved', text: `经现场核实，情况属实，已当场处置完毕 ${i}。` })
    }
    await push(phone.ctx)
    expect(pushes().slice(-1)[0]?.ops).toHaveLength(100)
    expect(server.seen.length - before).toBe(1)
    expect(wire).toBeLessThanOrEqual(20_000)
  })

  it('sends an operation once when its answer was lost', async () => {
    server.put('t1')
    const op = await phone.act('t1')
    server.faults = [answerLost]
    expect((await cycle(phone.ctx)).ok).toBe(false)
    expect((await cycle(phone.ctx)).ok).toBe(true)
    expect(server.timeline('t1')).toEqual([op.id])
    expect(await phone.outbox.ops.count()).toBe(0)
  })

  it('keeps an operation that was answered but not receipted, and does not send it again', async () => {
    server.put('t1')
    await phone.act('t1')
    await push(phone.ctx)
    await push(phone.ctx)
    expect(pushes()).toHaveLength(1)
    expect(await phone.outbox.ops.count()).toBe(1)
  })

  it('passes a refused operation by: the next ones are applied, the refused one is in 待处理 with its words', async () => {
    server.put('t1')
    await phone.act('t1')
    const bad = await phone.act('t1', { refuse: 'needs_callback', text: '回复全文' })
    await phone.act('t1')
    await cycle(phone.ctx)
    expect(server.timeline('t1')).toHaveLength(2)
    const problem = await phone.outbox.problems.get(bad.id)
    expect(problem).toMatchObject({ kind: 'refused', code: 'needs_callback', args: { text: '回复全文' } })
    expect(await phone.outbox.ops.count()).toBe(0)
  })

  it('halves a batch that is too large until it passes', async () => {
    server.put('t1')
    for (let i = 0; i < 8; i += 1) await phone.act('t1', { text: 'x'.repeat(1_000) })
    server.bytesMax = 3_500
    await cycle(phone.ctx)
    expect(applied()).toHaveLength(8)
  })

  it('gives a single operation that is too large its number as void, and its text to 待处理', async () => {
    server.put('t1')
    const big = await phone.act('t1', { text: 'x'.repeat(5_000) })
    await phone.act('t1', { text: 'small' })
    server.bytesMax = 3_000
    await cycle(phone.ctx)
    expect(applied()).toHaveLength(1)
    expect(server.ops.get(big.id)).toBeUndefined()
    expect((await phone.outbox.problems.get(big.id))?.kind).toBe('too_large')
  })

  it('does not believe a 413 of somebody else enough to give an operation up', async () => {
    await phone.act('t1')
    server.faults = [proxy(413), proxy(413)]
    const end = await cycle(phone.ctx)
    expect(end.ok).toBe(false)
    expect((await phone.outbox.ops.toArray()).map((op) => op.name)).toEqual(['ticket.note'])
  })

  it('asks for the token again on csrf, once', async () => {
    server.put('t1')
    await phone.act('t1')
    server.csrf = 'token-2'
    expect((await cycle(phone.ctx)).ok).toBe(true)
    expect(applied()).toHaveLength(1)
    expect(server.count('/session')).toBe(1)
  })

  it('keeps everything and asks to sign in when the session is over', async () => {
    await phone.act('t1')
    server.signedIn = false
    await cycle(phone.ctx)
    expect(await sessionState()).toBe('expired')
    expect(await phone.outbox.ops.count()).toBe(1)
    server.signedIn = true
    server.put('t1')
    await cycle(phone.ctx)
    expect(await sessionState()).toBe('live')
    expect(await phone.outbox.ops.count()).toBe(0)
  })

  it("never sends one person's work under another's cookie", async () => {
    await phone.act('t1')
    server.user = 'u2'
    await cycle(phone.ctx)
    expect(await sessionState()).toBe('wrong_user')
    expect(server.ops.size).toBe(0)
    expect(await phone.outbox.ops.count()).toBe(1)
  })
})

describe('when phone and server disagree about the count', () => {
  it('a cloned phone gets a device id of its own and loses nothing', async () => {
    server.put('t1')
    const mine = await phone.act('t1')
    const device = (await getValue<string>(phone.outbox.meta, 'device')) ?? 'd'
    await cycle(phone.ctx)
    // The clone's other half has meanwhile sent its own n = 2.
    const used = (await getValue<string>(phone.outbox.meta, 'device')) ?? device
    const other: WireOp = { ...mine, id: crypto.randomUUID(), n: 2 }
    server.ops.set(other.id, { op: other, outcome: 'applied' })
    const state = server.devices.get(used)
    if (state) state.lastN = 2
    const next = await phone.act('t1')
    await cycle(phone.ctx)
    await cycle(phone.ctx)
    expect(applied()).toContain(next.id)
    expect(await getValue(phone.outbox.meta, 'device')).not.toBe(used)
    expect(await phone.outbox.ops.count()).toBe(0)
  })

  it('goes back to the number the server expects if it still holds it', async () => {
    server.put('t1')
    const first = await phone.act('t1')
    await cycle(phone.ctx)
    const [device] = [...server.devices.keys()]
    server.ops.delete(first.id)
    const state = server.devices.get(device ?? '')
    if (state) state.lastN = 0
    const second = await phone.act('t1')
    await cycle(phone.ctx)
    expect(applied()).toEqual([first.id, second.id])
    expect(await getValue(phone.outbox.meta, 'device')).toBe(device)
  })

  it('starts a new count when the number the server expects is gone from the phone', async () => {
    server.put('t1')
    await phone.act('t1')
    await cycle(phone.ctx)
    await phone.outbox.sent.clear()
    const [device] = [...server.devices.keys()]
    const state = server.devices.get(device ?? '')
    if (state) state.lastN = 0
    const second = await phone.act('t1')
    await cycle(phone.ctx)
    await cycle(phone.ctx)
    expect(applied()).toContain(second.id)
    expect(await phone.outbox.ops.count()).toBe(0)
    expect(await getValue(phone.outbox.meta, 'device')).not.toBe(device)
  })

  it('takes a new device id when its own belongs to somebody else', async () => {
    server.put('t1')
    const op = await phone.act('t1')
    const { device } = await standing(phone.outbox)
    server.devices.set(device, { user: 'somebody', lastN: 7 })
    await cycle(phone.ctx)
    expect(applied()).toEqual([op.id])
  })

  it('after a restore sends again what the server forgot, in order and once', async () => {
    server.put('t1')
    const early = await phone.act('t1')
    await cycle(phone.ctx)
    const backup = server.seq
    const late = [await phone.act('t1'), await phone.act('t1')]
    await cycle(phone.ctx)
    server.restoreTo(backup)
    const fresh = await phone.act('t1')
    await cycle(phone.ctx)
    await cycle(phone.ctx)
    expect(server.timeline('t1')).toEqual([early.id, ...late.map((op) => op.id), fresh.id])
    expect(await phone.outbox.ops.count()).toBe(0)
  })

  it('notices a restore with an empty outbox too', async () => {
    server.put('t1')
    const backup = server.seq
    const op = await phone.act('t1')
    await cycle(phone.ctx)
    server.restoreTo(backup)
    await cycle(phone.ctx)
    expect(applied()).toEqual([op.id])
  })

  it('does not let what was refused before a restore come back as if it were new', async () => {
    server.put('t1')
    const backup = server.seq
    const bad = await phone.act('t1', { refuse: 'stale_base' })
    await cycle(phone.ctx)
    server.restoreTo(backup)
    const next = await phone.act('t1')
    await cycle(phone.ctx)
    await cycle(phone.ctx)
    expect(applied()).toEqual([next.id])
    expect(await phone.outbox.problems.get(bad.id)).toBeDefined()
  })

  it('gives a number back that an operation with foreign content did not consume', async () => {
    server.put('t1')
    const op = await phone.act('t1', { text: 'mine' })
    server.ops.set(op.id, { op: { ...op, args: { text: 'other' } }, outcome: 'applied' })
    const next = await phone.act('t1')
    await cycle(phone.ctx)
    await cycle(phone.ctx)
    expect(applied()).toContain(next.id)
    expect(await phone.outbox.ops.count()).toBe(0)
  })
})

it('a request that never arrived is simply sent again', async () => {
  server.put('t1')
  await phone.act('t1')
  server.faults = [lost]
  await cycle(phone.ctx)
  await cycle(phone.ctx)
  expect(applied()).toHaveLength(1)
})
