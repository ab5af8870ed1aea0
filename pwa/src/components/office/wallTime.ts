/** Instants as the town's wall clock shows them, whatever the computer's own time zone says. */
import { shanghai } from '@/lib/format'

const two = (n: number) => String(n).padStart(2, '0')

/** `2026-11-22 13:29:05` in Shanghai. */
export function wallTime(ms: number | undefined): string | undefined {
  if (ms === undefined) return undefined
  const { year, month, day, hour, minute, second } = shanghai(ms)
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`
}

/** The same back, as the wire writes instants. */
export function fromWallTime(text: string): string {
  return new Date(`${text.replace(' ', 'T')}+08:00`).toISOString()
}
