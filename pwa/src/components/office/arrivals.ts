/**
 * The live half of the arrival board: one row per urgent ticket, read from the local copy (base and pending),
 * so that the office sees an arrival in the same second as the sync brings it.
 */
import { firstArrival, isBefore, isCertain } from '@/domain/entries'
import { distanceM } from '@/domain/geo'
import type { TicketView, TimelineEntry, Trust } from '@/domain/types'
import { instant } from '@/lib/format'
import { type Clock, clocksOf } from './clocks'

export type Phase =
  | 'undispatched'
  | 'unaccepted'
  | 'accepted'
  | 'departed'
  | 'arrived'
  | 'unverified'
  | 'late'
  | 'arrived_late'

export interface ArrivalRow {
  ticket: TicketView
  clock: Clock
  phase: Phase
  /** Who is on the way or has arrived; else the assignee. */
  who: string | undefined
  arrival: TimelineEntry | undefined
  arrivedMs: number | undefined
  trust: Trust | undefined
  /** Metres from the ticket's place, when both points are known. */
  distance: number | undefined
  accuracy: number | undefined
  /** Since when it waits for dispatch or acceptance. */
  waitingFromMs: number | undefined
}

/** The arrival of this cycle: the first that counts, else the first whose time waits for the office. */
function arrivalOf(ticket: TicketView): TimelineEntry | undefined {
  return firstArrival(ticket.timeline, ticket.cycle) ?? firstOf(ticket, 'ticket.arrive')
}

/** The first entry of its kind in this cycle that nobody took back, refused or rejected. */
function firstOf(ticket: TicketView, name: TimelineEntry['name']): TimelineEntry | undefined {
  const standing = ticket.timeline.filter(
    (entry) =>
      entry.name === name &&
      entry.cycle === ticket.cycle &&
      entry.outcome !== 'refused' &&
      entry.retracted_by === undefined &&
      entry.confirmed?.accepted !== false,
  )
  return standing.sort((a, b) => (isBefore(a, b) ? -1 : 1))[0]
}

/** Metres between the arrival and the ticket's place: the server's figure, else our own for one just recorded here. */
export function distanceOf(arrival: TimelineEntry, ticket: TicketView): number | undefined {
  if (arrival.distance_m !== undefined) return arrival.distance_m
  if (!arrival.point || !ticket.place) return undefined
  return distanceM(arrival.point, ticket.place) ?? undefined
}

function phaseOf(ticket: TicketView, clock: Clock, doubtful: boolean, nowMs: number): Phase {
  if (clock.metMs !== undefined) return clock.metMs <= clock.dueMs ? 'arrived' : 'arrived_late'
  if (doubtful) return 'unverified'
  if (nowMs > clock.dueMs) return 'late'
  if (ticket.state === 'received' || ticket.state === 'determining' || ticket.state === 'returning') return 'undispatched'
  if (firstOf(ticket, 'ticket.depart')) return 'departed'
  return ticket.state === 'assigned' ? 'unaccepted' : 'accepted'
}

/** The board's row of one ticket; undefined when it has no arrival clock. */
export function arrivalRow(ticket: TicketView, nowMs: number): ArrivalRow | undefined {
  const clock = clocksOf(ticket).find((one) => one.kind === 'arrival')
  if (!clock) return undefined
  const arrival = arrivalOf(ticket)
  const phase = phaseOf(ticket, clock, arrival !== undefined && !isCertain(arrival), nowMs)
  const departed = firstOf(ticket, 'ticket.depart')
  return {
    ticket,
    clock,
    phase,
    who: arrival?.actor.name ?? departed?.actor.name ?? ticket.assignee?.name,
    arrival,
    arrivedMs: instant(arrival?.occurred_at) ?? clock.metMs,
    trust: arrival?.trust,
    distance: arrival ? distanceOf(arrival, ticket) : undefined,
    accuracy: arrival?.point?.accuracy_m,
    waitingFromMs: phase === 'undispatched' ? clock.startMs : instant(ticket.assigned_at),
  }
}

const URGENCY: Record<Phase, number> = {
  late: 0,
  undispatched: 1,
  unaccepted: 1,
  accepted: 2,
  departed: 2,
  unverified: 3,
  arrived_late: 4,
  arrived: 4,
}

/** Late first, then by the time left; who has arrived last, the newest on top. */
export function arrivalRows(tickets: readonly TicketView[], nowMs: number): ArrivalRow[] {
  const rows = tickets
    .filter((ticket) => ticket.urgent && ticket.state !== 'closed' && ticket.state !== 'merged')
    .map((ticket) => arrivalRow(ticket, nowMs))
    .filter((row): row is ArrivalRow => row !== undefined)
  return rows.sort((a, b) => {
    const rank = Math.min(URGENCY[a.phase], 1) - Math.min(URGENCY[b.phase], 1)
    const running = Number(URGENCY[a.phase] > 2) - Number(URGENCY[b.phase] > 2)
    if (running !== 0) return running
    if (URGENCY[a.phase] > 2) return (b.arrivedMs ?? 0) - (a.arrivedMs ?? 0)
    return rank || a.clock.dueMs - b.clock.dueMs
  })
}

/** The tiles above the list that count what runs now. */
export type LivePart = 'onTheWay' | 'unaccepted' | 'late'

export function totals(rows: readonly ArrivalRow[]): Record<LivePart | 'unverified', ArrivalRow[]> {
  const of = (...phases: Phase[]) => rows.filter((row) => phases.includes(row.phase))
  return {
    onTheWay: of('departed', 'accepted'),
    unaccepted: of('unaccepted', 'undispatched'),
    late: of('late'),
    unverified: of('unverified'),
  }
}
