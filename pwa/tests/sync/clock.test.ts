// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { betterSample, hasStepped, sampleOf, stampOf, type Sample, type Tap } from '../../src/lib/clock'

const T0 = Date.UTC(2026, 10, 22, 4, 5)
const tap = (wallMs: number, monoMs: number, origin = 'life-1'): Tap => ({ wallMs: T0 + wallMs, monoMs, origin })
const time = (ms: number) => ({ server_at: new Date(T0 + ms).toISOString(), anchor: 'a' })
const sample = (more: Partial<Sample> = {}): Sample => ({
  ...{ anchor: 'a', origin: 'life-1', wallMs: T0, monoMs: 0, offsetMs: 0, uncertaintyMs: 50 },
  ...more,
})

describe('a sample', () => {
  it('is the server minus the middle of the request, uncertain by half its length', () => {
    const taken = sampleOf(time(10_100), tap(0, 1_000), tap(200, 1_200))
    expect(taken).toMatchObject({ offsetMs: 10_000, uncertaintyMs: 100, wallMs: T0 + 100, monoMs: 1_100 })
  })

  it('says nothing when the wall clock was moved during the request', () => {
    expect(sampleOf(time(0), tap(0, 0), tap(3_600_000, 200))).toBeUndefined()
  })

  it('three days wrong is as good as any', () => {
    const threeDays = 3 * 86_400_000
    expect(sampleOf(time(50), tap(-threeDays, 0), tap(-threeDays + 100, 100))?.offsetMs).toBe(threeDays)
  })
})

describe('of two samples', () => {
  it('the sharper older one stays while they agree', () => {
    const old = sample({ uncertaintyMs: 20 })
    const fresh = sample({ wallMs: T0 + 60_000, monoMs: 60_000, offsetMs: 300, uncertaintyMs: 900 })
    expect(betterSample(old, fresh)).toBe(old)
  })

  it('the newer one counts after the clock was stepped', () => {
    const old = sample({ uncertaintyMs: 20 })
    const fresh = sample({ wallMs: T0 + 3_660_000, monoMs: 60_000, offsetMs: -3_600_000, uncertaintyMs: 900 })
    expect(betterSample(old, fresh)).toBe(fresh)
  })

  it('the newer one counts in another life of the page', () => {
    const fresh = sample({ origin: 'life-2', uncertaintyMs: 5_000 })
    expect(betterSample(sample(), fresh)).toBe(fresh)
  })

  it('the older one is given up in time', () => {
    const old = sample({ uncertaintyMs: 20 })
    const hours7 = 7 * 3_600_000
    const fresh = sample({ wallMs: T0 + hours7, monoMs: hours7, offsetMs: 100, uncertaintyMs: 900 })
    expect(betterSample(old, fresh)).toBe(fresh)
  })
})

it('a step is seen within one life, and never guessed across two', () => {
  expect(hasStepped(sample(), tap(10_000, 10_000))).toBe(false)
  expect(hasStepped(sample(), tap(3_600_000, 10_000))).toBe(true)
  expect(hasStepped(sample(), tap(-3_600_000, 10_000))).toBe(true)
  expect(hasStepped(sample(), tap(3_600_000, 10_000, 'life-2'))).toBe(false)
})

describe('the stamp of an operation', () => {
  it('carries the monotonic time of its anchor only within the same life', () => {
    expect(stampOf(sample({ monoMs: 40.6 }), tap(5_000, 5_040.2))).toMatchObject({ anchor_mono_ms: 41, mono_ms: 5_040 })
    expect(stampOf(sample(), tap(5_000, 12, 'life-2'))).toMatchObject({ anchor_mono_ms: null, origin: 'life-2' })
  })

  it('is missing on a phone that never met the server', () => {
    expect(stampOf(undefined, tap(0, 0))).toBeUndefined()
  })
})
