/**
 * The moment as the screen shows it. Deadlines are compared with the server's clock, not the phone's: a phone
 * three days wrong must still say "剩 23 分". `setClockOffset` is fed from the samples that sync takes.
 */
import { computed, onScopeDispose, shallowRef, type ComputedRef, type Ref } from 'vue'

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

let offsetMs = 0

/** Server minus device, in milliseconds, from the latest good sample. */
export function setClockOffset(serverMinusDeviceMs: number): void {
  offsetMs = serverMinusDeviceMs
  tick()
}

/** The present instant by the server's clock, as well as the phone knows it (ms UTC). */
export function nowMs(): number {
  return Date.now() + offsetMs
}

const second = shallowRef(nowMs())
const minute = shallowRef(Math.floor(nowMs() / MINUTE_MS) * MINUTE_MS)
let users = 0
let timer: ReturnType<typeof setInterval> | undefined

function tick(): void {
  const now = nowMs()
  second.value = now
  const thisMinute = Math.floor(now / MINUTE_MS) * MINUTE_MS
  if (thisMinute !== minute.value) minute.value = thisMinute
}

function start(): void {
  tick()
  timer = setInterval(() => {
    if (typeof document === 'undefined' || !document.hidden) tick()
  }, SECOND_MS)
}

/**
 * The ticking now: one timer for the whole app, stopped when nobody looks.
 * @param granularity 'second' re-renders each second, 'minute' each minute.
 */
export function useNow(granularity: 'second' | 'minute' = 'minute'): Ref<number> {
  users += 1
  if (users === 1) start()
  onScopeDispose(() => {
    users -= 1
    if (users === 0 && timer !== undefined) {
      clearInterval(timer)
      timer = undefined
    }
  })
  return granularity === 'second' ? second : minute
}

if (typeof document !== 'undefined') {
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) tick()
  })
}

/**
 * Now for one deadline: each second within an hour of it, else each minute, so that five hundred cards
 * do not render once a second.
 */
export function useNowFor(dueAtMs: () => number | undefined): ComputedRef<number> {
  const bySecond = useNow('second')
  const byMinute = useNow('minute')
  return computed(() => {
    const due = dueAtMs()
    const near = due !== undefined && Math.abs(due - byMinute.value) < HOUR_MS + MINUTE_MS
    return near ? bySecond.value : byMinute.value
  })
}

export interface Span {
  unit: 'days' | 'hours' | 'minutes' | 'seconds'
  days: number
  hours: number
  minutes: number
  seconds: number
}

/** A length of time cut for reading: the coarsest unit worth saying decides the words (lib/format.ts says them). */
export function span(ms: number): Span {
  const total = Math.max(0, Math.floor(ms / SECOND_MS))
  const days = Math.floor(total / 86_400)
  const hours = Math.floor((total % 86_400) / 3_600)
  const minutes = Math.floor((total % 3_600) / 60)
  const seconds = total % 60
  const unit = days > 0 ? 'days' : hours > 0 ? 'hours' : minutes > 0 ? 'minutes' : 'seconds'
  return { unit, days, hours, minutes, seconds }
}

/** `22:41`, or `1:02:03` from an hour up. */
export function stopwatch(ms: number): string {
  const { days, hours, minutes, seconds } = span(ms)
  const two = (n: number) => String(n).padStart(2, '0')
  const allHours = days * 24 + hours
  return allHours > 0 ? `${allHours}:${two(minutes)}:${two(seconds)}` : `${two(minutes)}:${two(seconds)}`
}
