/** The dispatch desk's queue and its choices, apart from the screen. */
import type { DirectoryUnit } from '@/actions/officeWire'
import type { Named, TicketView } from '@/domain/types'
import { nextClock } from './clocks'

const WAITING: readonly string[] = ['received', 'returning', 'determining']

/** What waits for the office: urgent first, then by the clock that runs out next. */
export function dispatchQueue(tickets: readonly TicketView[]): TicketView[] {
  return tickets
    .filter((ticket) => WAITING.includes(ticket.state) && ticket.category !== 'praise')
    .map((ticket) => ({ ticket, due: nextClock(ticket)?.dueMs ?? Number.MAX_SAFE_INTEGER }))
    .sort(
      (a, b) =>
        Number(b.ticket.urgent) - Number(a.ticket.urgent) ||
        a.due - b.due ||
        a.ticket.received_at.localeCompare(b.ticket.received_at),
    )
    .map(({ ticket }) => ticket)
}

/** The ticket as GET /tickets/<id> tells it to the office: it also names whom the complaint is about. */
export type OfficeTicket = TicketView & { respondent_unit?: Named | null; barred_units?: Named[] }

export interface UnitChoice {
  unit: DirectoryUnit
  suggested: boolean
  /** Offered on the desk; the others are found by name. */
  near: boolean
  /** Why it may not be chosen; undefined when it may. */
  barred: 'respondent' | 'current' | undefined
  /** The key that picks it: 1–9. */
  digit: string | undefined
}

/** What the form lets its page do: pick by digit, read the choice. */
export interface DispatchFormHandle {
  pick: (digit: string) => boolean
  chosen: UnitChoice | undefined
}

function barredWhy(ticket: OfficeTicket, unit: DirectoryUnit): UnitChoice['barred'] {
  const accused = [...(ticket.barred_units ?? []), ticket.respondent_unit].map((one) => one?.id)
  if (accused.includes(unit.id)) return 'respondent'
  return ticket.lead_unit?.id === unit.id && ticket.state !== 'received' ? 'current' : undefined
}

/** The unit that an entry sent the ticket to: when it is to be determined, those who had it are asked first. */
function unitOf(entry: TicketView['timeline'][number]): string | undefined {
  return (entry.details?.unit as Named | undefined)?.id
}

/**
 * The units to choose from: the suggested first, then its alternatives, the joint ones and the village of the place,
 * each with a digit unless it is barred; the rest of the town follows without.
 */
export function unitChoices(ticket: OfficeTicket, units: readonly DirectoryUnit[]): UnitChoice[] {
  const { suggestion } = ticket
  const ids = [
    suggestion?.unit.id,
    ...(suggestion?.alternatives ?? []).map((one) => one.id),
    ...(suggestion?.joint_units ?? []).map((one) => one.id),
    ...ticket.joint_units.map((one) => one.id),
    ticket.return_request?.suggested_unit?.id,
    units.find((unit) => unit.name === ticket.place?.village)?.id,
    ...(ticket.state === 'determining' ? ticket.timeline.map(unitOf) : []),
    ...(ticket.barred_units ?? []).map((one) => one.id),
  ]
  const near = [...new Set(ids)].flatMap((id) => units.find((unit) => unit.id === id) ?? [])
  let digit = 0
  return [...near, ...units.filter((unit) => !near.includes(unit))].map((unit) => {
    const barred = barredWhy(ticket, unit)
    const isNear = near.includes(unit)
    const key = isNear && !barred && digit < 9 ? String((digit += 1)) : undefined
    return { unit, suggested: unit.id === suggestion?.unit.id, near: isNear, barred, digit: key }
  })
}
