// When things are due (DOMAIN §C), and how urgent that looks. The server's computation is the law; this one replays
// the same vectors and lets the phone show the clocks of what it has just done itself.
import { dayOf, endOf, HOUR_MS, minuteOfDay, MINUTE_MS, ms, rfc3339, startOf } from './instants'
import type { Category, Deadline, DeadlineKind, TicketDoc, Why } from './types'
import { type Calendar, countWorkingDays } from './workdays'

/** The town's settings that deadlines depend on; the defaults of DOMAIN.md. */
export const DEFAULT_RULES = {
  arrival_min: 60,
  urgent_result_days: 2,
  consult_result_days: 2,
  case_result_days: 5,
  rework_result_days: 3,
  petition_push_min: 10,
  petition_transfer_min: 60,
  petition_result_h: 24,
  count_start_day: false,
  end_of_day: '24:00',
  night_cutoff: null as string | null,
  handling_strict: false,
  urgent_consult: true,
}
export type DeadlineRules = typeof DEFAULT_RULES

export interface Case {
  category: Category
  urgent: boolean
  received_at: string
  urgent_flagged_at?: string | null
  cycle?: number
  cycle_started_at?: string | null
  external_due_at?: string | null
  petition?: 'push' | 'transfer' | null
}

export interface Due {
  kind: DeadlineKind
  start_at: string
  due_at: string
  provisional: boolean
  why: Why
}

interface Clock {
  kind: DeadlineKind
  start: number
  due: number
  provisional: boolean
  why: Why
}

interface Started {
  category: Category
  urgent: boolean
  start: number
  flagged: number
  cycle: number
  petition: 'push' | 'transfer' | null
}

function minutes(text: string): number {
  const [h, m] = text.split(':')
  return Number(h) * 60 + Number(m ?? 0)
}

function why(rule: string, startMs: number, days = 0, more: { minutes?: number } = {}): Why {
  return { rule, from: rfc3339(startMs), days, skipped: [], ...more }
}

/** The deadlines of one cycle: acceptance, arrival, handling, result; praise has none. */
export function compute(given: Case, calendar: Calendar, rules: DeadlineRules = DEFAULT_RULES): Due[] {
  if (given.category === 'praise') return []
  const cycle = given.cycle ?? 1
  const start = ms(given.cycle_started_at ?? given.received_at)
  const flag = given.urgent_flagged_at ? ms(given.urgent_flagged_at) : undefined
  const over = cycle > 1 && (flag === undefined || flag < start)
  const urgent = given.urgent && !over && (given.category !== 'consult' || rules.urgent_consult)
  const flagged = Math.max(start, flag ?? start)
  const one: Started = { category: given.category, urgent, start, flagged, cycle, petition: given.petition ?? null }
  const found = [acceptance(one, rules)]
  if (urgent) {
    const first = arrival(one, rules)
    found.push(first, handling(one, first, rules))
  }
  found.push(result(one, given.external_due_at ?? null, calendar, rules))
  return found.map(({ kind, start: from, due, provisional, why: reason }) => ({
    kind,
    start_at: rfc3339(from),
    due_at: rfc3339(due),
    provisional,
    why: reason,
  }))
}

function acceptance(one: Started, rules: DeadlineRules): Clock {
  const { start, petition } = one
  if (petition && one.cycle === 1) {
    const min = petition === 'push' ? rules.petition_push_min : rules.petition_transfer_min
    const reason = why(`petition_${petition}`, start, 0, { minutes: min })
    return { kind: 'acceptance', start, due: start + min * MINUTE_MS, provisional: false, why: reason }
  }
  const late = rules.night_cutoff !== null && minuteOfDay(start) >= minutes(rules.night_cutoff)
  const rule = late ? 'acceptance_night_cutoff' : 'acceptance_same_day'
  const due = endOf(dayOf(start) + (late ? 1 : 0))
  return { kind: 'acceptance', start, due, provisional: false, why: why(rule, start) }
}

function arrival(one: Started, rules: DeadlineRules): Clock {
  const start = one.flagged
  const reason = why('arrival_minutes', start, 0, { minutes: rules.arrival_min })
  return { kind: 'arrival', start, due: start + rules.arrival_min * MINUTE_MS, provisional: false, why: reason }
}

function handling(one: Started, first: Clock, rules: DeadlineRules): Clock {
  const start = one.flagged
  const rule = rules.handling_strict ? 'handling_received_day' : 'handling_arrival_day'
  const due = endOf(dayOf(rules.handling_strict ? start : first.due))
  return { kind: 'handling', start, due, provisional: false, why: why(rule, start) }
}

function days(start: number, n: number, rule: string, calendar: Calendar, rules: DeadlineRules): Clock {
  const count = countWorkingDays(dayOf(start), n, calendar, rules.count_start_day)
  const due =
    rules.end_of_day === '24:00'
      ? endOf(count.last)
      : startOf(count.last) + minutes(rules.end_of_day) * MINUTE_MS
  const reason = { ...why(rule, start, n), skipped: count.skipped }
  return { kind: 'result', start, due, provisional: count.provisional, why: reason }
}

function ownResult(one: Started, calendar: Calendar, rules: DeadlineRules): Clock {
  const { start } = one
  if (one.petition && one.cycle === 1) {
    const due = start + rules.petition_result_h * HOUR_MS
    return { kind: 'result', start, due, provisional: false, why: why('petition_result', start) }
  }
  if (one.cycle > 1 && !one.urgent) return days(start, rules.rework_result_days, 'result_rework', calendar, rules)
  const short = one.category === 'consult' || one.category === 'suggest'
  const n = short ? rules.consult_result_days : rules.case_result_days
  const usual = days(start, n, 'result_working_days', calendar, rules)
  if (!one.urgent) return usual
  const urgent = days(start, rules.urgent_result_days, 'result_urgent', calendar, rules)
  if (urgent.due >= one.flagged) return urgent
  const late = days(one.flagged, rules.urgent_result_days, 'result_urgent', calendar, rules)
  return usual.due <= late.due ? usual : late
}

function result(one: Started, external: string | null, calendar: Calendar, rules: DeadlineRules): Clock {
  const own = ownResult(one, calendar, rules)
  if (external === null || ms(external) >= own.due) return own
  return { ...own, due: ms(external), provisional: false, why: why('result_external', own.start) }
}

/** `met` iff met by its due; met late or run out is `missed`. */
export function stateOf(deadline: Pick<Deadline, 'due_at' | 'met_at'>, nowMs: number): Deadline['state'] {
  if (deadline.met_at) return ms(deadline.met_at) <= ms(deadline.due_at) ? 'met' : 'missed'
  return nowMs > ms(deadline.due_at) ? 'missed' : 'open'
}

/** Red once late, amber in the last quarter of the time, green when met in time (UX, the look). */
export type Level = 'calm' | 'amber' | 'red' | 'green'

/** Part of the time that is used, 0–1. */
export function usedFraction(deadline: Pick<Deadline, 'start_at' | 'due_at'>, nowMs: number): number {
  const start = ms(deadline.start_at)
  const due = ms(deadline.due_at)
  return due <= start ? 1 : Math.min(1, Math.max(0, (nowMs - start) / (due - start)))
}

export function levelOf(deadline: Pick<Deadline, 'start_at' | 'due_at' | 'met_at'>, nowMs: number): Level {
  const state = stateOf(deadline, nowMs)
  if (state === 'met') return 'green'
  if (state === 'missed') return 'red'
  return usedFraction(deadline, nowMs) >= 0.75 ? 'amber' : 'calm'
}

/** The open deadline that falls due first; one whose arrival only waits for the office is not open. */
export function nextDeadline(ticket: Pick<TicketDoc, 'deadlines'>): Deadline | undefined {
  let next: Deadline | undefined
  for (const one of ticket.deadlines) {
    if (one.met_at || one.unverified) continue
    if (!next || ms(one.due_at) < ms(next.due_at)) next = one
  }
  return next
}
