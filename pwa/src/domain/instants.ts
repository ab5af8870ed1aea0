// Days of Asia/Shanghai, which has no daylight saving: plain arithmetic at UTC+8.

export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000
const SHANGHAI_MS = 8 * HOUR_MS

/** Number of the calendar day in Shanghai, counted from 1970-01-01. */
export function dayOf(atMs: number): number {
  return Math.floor((atMs + SHANGHAI_MS) / DAY_MS)
}

export function minuteOfDay(atMs: number): number {
  const since = (atMs + SHANGHAI_MS) % DAY_MS
  return Math.floor((since < 0 ? since + DAY_MS : since) / MINUTE_MS)
}

/** Midnight in Shanghai at which day number `day` begins. */
export function startOf(day: number): number {
  return day * DAY_MS - SHANGHAI_MS
}

/** 24:00 of the day: the next midnight in Shanghai. */
export function endOf(day: number): number {
  return startOf(day + 1)
}

/** A half-day, split at 12:00 in Shanghai; equal numbers are the same half-day. */
export function halfDay(atMs: number): number {
  return dayOf(atMs) * 2 + (minuteOfDay(atMs) >= 720 ? 1 : 0)
}

/** "2026-10-01" of a day number. */
export function isoDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

/** Day number of "2026-10-01". */
export function dayNumber(iso: string): number {
  return Math.floor(Date.parse(`${iso}T00:00:00Z`) / DAY_MS)
}

export function rfc3339(atMs: number): string {
  return new Date(atMs).toISOString()
}

export function ms(text: string): number {
  return Date.parse(text)
}
