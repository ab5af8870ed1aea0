/** The clocks of a ticket as the office sorts and shows them. */
import type { Deadline, DeadlineKind, TicketDoc } from '@/domain/types'
import { instant } from '@/lib/format'

export type Tone = 'red' | 'amber' | 'green' | 'plain'

export interface Clock {
  kind: DeadlineKind
  dueMs: number
  startMs: number
  metMs: number | undefined
  provisional: boolean
  deadline: Deadline
}

/** A ticket as far as its clocks go: a whole one, or a row of the list. */
export type Clocked = Pick<TicketDoc, 'received_at' | 'deadlines'>

const HOUR_MS = 3_600_000

/** A deadline with instants; its start is what the server counted from. */
export function clockOf(deadline: Deadline, ticket: Clocked): Clock {
  const dueMs = instant(deadline.due_at) ?? 0
  const startMs = instant(deadline.start_at ?? deadline.why?.from) ?? instant(ticket.received_at) ?? dueMs - HOUR_MS
  return {
    kind: deadline.kind,
    dueMs,
    startMs: Math.min(startMs, dueMs),
    metMs: instant(deadline.met_at),
    provisional: deadline.provisional,
    deadline,
  }
}

export function clocksOf(ticket: Clocked): Clock[] {
  return (ticket.deadlines ?? []).map((one) => clockOf(one, ticket)).sort((a, b) => a.dueMs - b.dueMs)
}

/** The clock that runs out next (or ran out first): the hero of a row. Undefined when every clock is met. */
export function nextClock(ticket: Clocked): Clock | undefined {
  return clocksOf(ticket).find((clock) => clock.metMs === undefined)
}

/** Red is late, amber the last quarter (UX.md), nothing else. */
export function toneOf(clock: Clock, nowMs: number): Tone {
  if (clock.metMs !== undefined) return clock.metMs <= clock.dueMs ? 'green' : 'red'
  if (nowMs > clock.dueMs) return 'red'
  const left = clock.dueMs - nowMs
  return left <= (clock.dueMs - clock.startMs) / 4 ? 'amber' : 'plain'
}
