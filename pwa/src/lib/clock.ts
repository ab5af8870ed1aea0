/**
 * The device's two clocks at one moment, and what is known about them from the server (SYNC.md "Honest time").
 * Nothing here decides how far a time is trusted; the server does.
 */
import { uuid7 } from './ids'

/** This life of a page or worker; monotonic times of different lives cannot be compared. */
export const ORIGIN = uuid7()

const STEP_MS = 2_000
const DRIFT_MS_PER_DAY = 2_000
const DAY_MS = 86_400_000

/** Wall (ms UTC) and monotonic (ms) clock read together. */
export interface Tap {
  wallMs: number
  monoMs: number
  origin: string
}

/** One comparison with the server's clock, dated at the middle of its request. */
export interface Sample {
  anchor: string
  origin: string
  wallMs: number
  monoMs: number
  /** Server minus device. */
  offsetMs: number
  uncertaintyMs: number
}

export interface Stamp {
  anchor: string
  anchor_device_at: string
  anchor_mono_ms: number | null
  origin: string
  mono_ms: number
  uncertainty_ms: number
}

export function tapNow(): Tap {
  return { wallMs: Date.now(), monoMs: performance.now(), origin: ORIGIN }
}

/** RFC 3339 UTC with milliseconds. */
export function rfc3339(wallMs: number): string {
  return new Date(wallMs).toISOString()
}

/**
 * @param time the `time` of a `/sync/*` answer
 * @param before clocks when the request left
 * @param after clocks when its answer was there
 * @returns undefined when the wall clock was stepped during the request: nothing can be said then
 */
export function sampleOf(time: { server_at: string; anchor: string }, before: Tap, after: Tap): Sample | undefined {
  const serverMs = Date.parse(time.server_at)
  const tripMs = after.monoMs - before.monoMs
  const steppedMs = after.wallMs - before.wallMs - tripMs
  if (!Number.isFinite(serverMs) || tripMs < 0 || Math.abs(steppedMs) > STEP_MS) return undefined
  const wallMs = before.wallMs + tripMs / 2
  return {
    anchor: time.anchor,
    origin: after.origin,
    wallMs,
    monoMs: before.monoMs + tripMs / 2,
    offsetMs: serverMs - wallMs,
    uncertaintyMs: tripMs / 2,
  }
}

/** Has the wall clock been moved (or the device slept, which monotonic clocks may not count) since the sample? */
export function hasStepped(sample: Sample, tap: Tap): boolean {
  if (sample.origin !== tap.origin) return false
  return Math.abs(tap.wallMs - sample.wallMs - (tap.monoMs - sample.monoMs)) > STEP_MS
}

/** The better of two samples: the newer, unless the older is much sharper and still agrees with it. */
export function betterSample(old: Sample | undefined, fresh: Sample): Sample {
  if (!old || old.origin !== fresh.origin) return fresh
  const ageMs = fresh.monoMs - old.monoMs
  const drifted = old.uncertaintyMs + (ageMs / DAY_MS) * DRIFT_MS_PER_DAY
  const agree = Math.abs(fresh.offsetMs - old.offsetMs) <= fresh.uncertaintyMs + drifted + 50
  const step = hasStepped(old, { wallMs: fresh.wallMs, monoMs: fresh.monoMs, origin: fresh.origin })
  return !step && agree && drifted < fresh.uncertaintyMs && ageMs < DAY_MS / 4 ? old : fresh
}

/** What an operation says about the clocks at its tap; undefined without any sample. */
export function stampOf(sample: Sample | undefined, tap: Tap): Stamp | undefined {
  if (!sample) return undefined
  return {
    anchor: sample.anchor,
    anchor_device_at: rfc3339(sample.wallMs),
    anchor_mono_ms: sample.origin === tap.origin ? Math.round(sample.monoMs) : null,
    origin: tap.origin,
    mono_ms: Math.round(tap.monoMs),
    uncertainty_ms: Math.ceil(sample.uncertaintyMs),
  }
}
