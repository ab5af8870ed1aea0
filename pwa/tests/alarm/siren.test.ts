import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import { useSiren, type Siren } from '../../src/components/alarm/siren'

let contexts: FakeContext[]
let startsAs: string

class FakeContext {
  state = startsAs
  sampleRate = 8_000
  destination = {}
  onstatechange: (() => void) | null = null
  started = 0
  constructor() {
    contexts.push(this)
  }
  createBuffer = (_channels: number, length: number) => ({ getChannelData: () => new Float32Array(length) })
  createBufferSource = () => ({ connect: vi.fn(), start: () => (this.started += 1) })
  become(state: string): void {
    this.state = state
    this.onstatechange?.()
  }
  resume = vi.fn(() => Promise.resolve(this.become('running')))
  close = vi.fn(() => Promise.resolve(this.become('closed')))
}

const vibrate = vi.fn((_pattern: number | number[]) => true)
let locks: { release: ReturnType<typeof vi.fn> }[]
let grant: (() => void)[]
let slow: boolean

function give(name: string, value: unknown): void {
  Object.defineProperty(navigator, name, { value, configurable: true })
}

function start(): { siren: Siren; stop: () => void } {
  const scope = effectScope()
  const siren = scope.run(useSiren) as Siren
  return { siren, stop: () => { scope.stop() } }
}

beforeEach(() => {
  vi.useFakeTimers()
  ;[contexts, locks, grant, startsAs, slow] = [[], [], [], 'running', false]
  vibrate.mockClear()
  vi.stubGlobal('AudioContext', FakeContext)
  give('vibrate', vibrate)
  give('wakeLock', {
    request: () => {
      const lock = { release: vi.fn(() => Promise.resolve()) }
      locks.push(lock)
      return slow ? new Promise((resolve) => grant.push(() => { resolve(lock) })) : Promise.resolve(lock)
    },
  })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  for (const name of ['vibrate', 'wakeLock']) Reflect.deleteProperty(navigator, name)
})

const context = () => contexts[0] as FakeContext

it('sounds, shakes and keeps the screen on until it is stopped; then nothing is left', async () => {
  const { siren, stop } = start()
  expect(siren.blocked.value).toBe(false)
  await vi.advanceTimersByTimeAsync(9_000)
  expect([context().started, vibrate.mock.calls.length]).toEqual([1, 3])
  stop()
  expect(vi.getTimerCount()).toBe(0)
  expect(vibrate).toHaveBeenLastCalledWith(0)
  expect(context().close).toHaveBeenCalledOnce()
  expect(locks).toHaveLength(1)
  expect(locks[0]?.release).toHaveBeenCalledOnce()
  vibrate.mockClear()
  document.dispatchEvent(new Event('visibilitychange'))
  document.dispatchEvent(new Event('pointerdown'))
  await vi.advanceTimersByTimeAsync(60_000)
  expect([vibrate.mock.calls.length, locks.length, context().resume.mock.calls.length]).toEqual([0, 1, 0])
})

it('a lock that comes after the end is given back', async () => {
  slow = true
  const { stop } = start()
  stop()
  grant.forEach((each) => { each() })
  await vi.advanceTimersByTimeAsync(0)
  expect(locks[0]?.release).toHaveBeenCalledOnce()
})

it('takes the lock again when the page is looked at again: the browser has taken it away', async () => {
  const { stop } = start()
  await vi.advanceTimersByTimeAsync(0)
  document.dispatchEvent(new Event('visibilitychange'))
  await vi.advanceTimersByTimeAsync(0)
  expect(locks).toHaveLength(2)
  stop()
  expect(locks[1]?.release).toHaveBeenCalledOnce()
})

it.each(['suspended', 'interrupted'])('says that a touch is needed while it is %s, and sounds after one', async (state) => {
  startsAs = state
  const { siren, stop } = start()
  context().become(state)
  context().resume.mockClear()
  expect(siren.blocked.value).toBe(true)
  document.dispatchEvent(new Event('pointerdown'))
  await vi.advanceTimersByTimeAsync(0)
  expect(context().resume).toHaveBeenCalledOnce()
  expect(siren.blocked.value).toBe(false)
  stop()
})

it('is silent, and nothing breaks, where the engine has none of it', () => {
  vi.stubGlobal('AudioContext', undefined)
  for (const name of ['vibrate', 'wakeLock']) Reflect.deleteProperty(navigator, name)
  const { siren, stop } = start()
  expect(siren.blocked.value).toBe(false)
  stop()
})

it('uses the older name, and survives a device without any sound', () => {
  vi.stubGlobal('AudioContext', undefined)
  vi.stubGlobal('webkitAudioContext', FakeContext)
  const one = start()
  expect(context().started).toBe(1)
  one.stop()
  vi.stubGlobal('webkitAudioContext', function none() {
    throw new Error('no audio device')
  })
  start().stop()
})
