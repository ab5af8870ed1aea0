/** The rota as a week of Shanghai days. Pure; instants are ms UTC, days `YYYY-MM-DD`. */
import type { Gap, Rota, Turn } from '@/actions/emergencyWire'
import type { Named, Post } from '@/domain/emergency'
import { clockTime, instant } from '@/lib/format'

const SHANGHAI_MS = 8 * 3_600_000
const DAY_MS = 86_400_000

export const TOWN_POSTS: Post[] = ['duty_room', 'leader']
export const UNIT_POSTS: Post[] = ['worker', 'backup', 'unit_head']

export interface Day {
  date: string
  fromMs: number
  toMs: number
}

/** Monday to Sunday of the week in which `ms` lies, `weeks` later. */
export function weekOf(ms: number, weeks = 0): Day[] {
  const day = Math.floor((ms + SHANGHAI_MS) / DAY_MS)
  const monday = day - ((day + 3) % 7) + weeks * 7
  return Array.from({ length: 7 }, (_, n) => dayOf(monday + n))
}

function dayOf(number: number): Day {
  const fromMs = number * DAY_MS - SHANGHAI_MS
  return { date: new Date(number * DAY_MS).toISOString().slice(0, 10), fromMs, toMs: fromMs + DAY_MS }
}

/** `2026-11-22` and `08:00` on the town's wall clock as the wire writes it; 24:00 is the next midnight. */
export function wallInstant(date: string, time: string): string {
  const [hour = '0', minute = '0'] = time.split(':')
  const ms = Date.parse(`${date}T00:00:00+08:00`) + (Number(hour) * 60 + Number(minute)) * 60_000
  return new Date(ms).toISOString()
}

/** Ids stand bare or with a name beside them. */
export function idOf(thing: Named | string | null | undefined): string | null {
  if (!thing) return null
  return typeof thing === 'string' ? thing : thing.id
}

export interface Row {
  post: Post
  unit: Named | null
}

const sameRow = (row: Row, post: string, unit: Named | string | null) => row.post === post && (row.unit?.id ?? null) === idOf(unit)

export interface Slot {
  id: string
  fromMs: number
  toMs: number
  /** Within that day, “08:00–24:00”. */
  hours: string
  turn: Turn | undefined
}

/** What stands in one row on one day, cut at the day's ends; a gap that is over can no longer be filled and is left out. */
export function slotsOf(rota: Pick<Rota, 'items' | 'gaps'>, row: Row, day: Day, nowMs = 0): Slot[] {
  const turns = rota.items.filter((turn) => sameRow(row, turn.post, turn.unit)).map((turn) => slot(turn, day, turn))
  const gaps = rota.gaps.filter((gap) => sameRow(row, gap.post, gap.unit)).map((gap) => slot(gap, day, undefined)).filter((one) => one !== undefined && one.toMs > nowMs)
  return [...turns, ...gaps].filter((one): one is Slot => one !== undefined).sort((a, b) => a.fromMs - b.fromMs || a.toMs - b.toMs)
}

function slot(span: Gap | Turn, day: Day, turn: Turn | undefined): Slot | undefined {
  const fromMs = Math.max(instant(span.from_at) ?? 0, day.fromMs)
  const toMs = Math.min(instant(span.to_at) ?? 0, day.toMs)
  if (fromMs >= toMs) return undefined
  return { id: turn?.id ?? `gap-${fromMs}`, fromMs, toMs, hours: hoursOf({ fromMs, toMs }), turn }
}

/**
 * How much of what stands in one day of a turn is taken over by stand-ins or swaps: `hours` says which part of it, and
 * is empty when all of it is.
 */
export interface TakenOver {
  is: 'no' | 'partly' | 'whole'
  hours: string[]
}

export function takenOver(one: Pick<Slot, 'fromMs' | 'toMs'>, turn: Turn, all: readonly Turn[]): TakenOver {
  const parts = joined(all.filter((other) => standsInFor(other, turn)).map((other) => cut(other, one)).filter((part) => part.fromMs < part.toMs))
  const [first] = parts
  if (!first) return { is: 'no', hours: [] }
  if (first.fromMs === one.fromMs && first.toMs === one.toMs) return { is: 'whole', hours: [] }
  return { is: 'partly', hours: parts.map(hoursOf) }
}

function standsInFor(other: Turn, turn: Turn): boolean {
  return (
    other.id !== turn.id && other.kind !== 'regular' && other.post === turn.post && idOf(other.unit) === idOf(turn.unit) &&
    idOf(other.replaces) === turn.person.id
  )
}

type Span = Pick<Slot, 'fromMs' | 'toMs'>

function cut(turn: Turn, within: Span): Span {
  return { fromMs: Math.max(instant(turn.from_at) ?? 0, within.fromMs), toMs: Math.min(instant(turn.to_at) ?? 0, within.toMs) }
}

/** In order, those that touch as one. */
function joined(spans: Span[]): Span[] {
  const made: Span[] = []
  for (const span of [...spans].sort((a, b) => a.fromMs - b.fromMs)) {
    const last = made[made.length - 1]
    if (last && span.fromMs <= last.toMs) made[made.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, span.toMs) }
    else made.push(span)
  }
  return made
}

/** “08:00–24:00” of one Shanghai day. */
function hoursOf({ fromMs, toMs }: Span): string {
  const end = (toMs + SHANGHAI_MS) % DAY_MS === 0 ? '24:00' : clockTime(toMs)
  return `${clockTime(fromMs)}–${end}`
}
