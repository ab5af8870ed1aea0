/** The clocks of a ticket as the office sorts and shows them: domain/deadlines.ts decides, here they are instants. */
import { levelOf, nextDeadline } from '@/domain/deadlines'
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
export type Clocked = Pick<TicketDoc, 'deadlines'>

export function clockOf(deadline: Deadline): Clock {
  const dueMs = instant(deadline.due_at) ?? 0
  return {
    kind: deadline.kind,
    dueMs,
    startMs: instant(deadline.start_at) ?? dueMs,
    metMs: instant(deadline.met_at),
    provisional: deadline.provisional,
    deadline,
  }
}

/** All of them, the first due on top. */
export function clocksOf(ticket: Clocked): Clock[] {
  return ticket.deadlines.map(clockOf).sort((a, b) => a.dueMs - b.dueMs)
}

/** The clock that runs out next (or ran out first): the hero of a row. Undefined when none is open. */
export function nextClock(ticket: Clocked): Clock | undefined {
  const next = nextDeadline(ticket)
  return next && clockOf(next)
}

/** Red is late, amber the last quarter (UX.md); an arrival whose time waits for the office is amber too. */
export function toneOf(clock: Clock, nowMs: number): Tone {
  if (isDoubtful(clock)) return 'amber'
  const level = levelOf(clock.deadline, nowMs)
  return level === 'calm' ? 'plain' : level
}

/** Somebody arrived, but his clock cannot be trusted. */
export function isDoubtful(clock: Clock): boolean {
  return clock.metMs === undefined && clock.deadline.unverified === true
}
