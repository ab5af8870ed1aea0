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

/**
 * The units to choose from: the suggested first, then the joint ones and the village of the place, then the rest of
 * the town; the first nine that may be chosen have a digit.
 */
export function unitChoices(ticket: OfficeTicket, units: readonly DirectoryUnit[]): UnitChoice[] {
  const { suggestion } = ticket
  const near = [
    suggestion?.unit.id,
    ...(suggestion?.joint_units ?? []).map((one) => one.id),
    ticket.return_request?.suggested_unit?.id,
    units.find((unit) => unit.name === ticket.place?.village)?.id,
  ]
  const first = [...new Set(near)].flatMap((id) => units.find((unit) => unit.id === id) ?? [])
  const rest = units.filter((unit) => !first.includes(unit))
  let digit = 0
  return [...first, ...rest].map((unit) => {
    const barred = barredWhy(ticket, unit)
    const key = !barred && digit < 9 ? String((digit += 1)) : undefined
    return { unit, suggested: unit.id === suggestion?.unit.id, barred, digit: key }
  })
}
