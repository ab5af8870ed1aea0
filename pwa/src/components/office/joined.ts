/**
 * The server's whole ticket and the local copy (with what is pending on it) as one. The local copy leads where it is
 * newer; the whole timeline and what only the office is told come from the server.
 */
import type { TicketDoc, TicketView } from '@/domain/types'
import type { OfficeTicket } from './queue'

export type FullTicket = TicketDoc & Pick<OfficeTicket, 'respondent_unit' | 'barred_units'>

/** Of the entries that both know, the local ones: they carry where a pending operation stands. */
function union(full: TicketDoc['timeline'], local: TicketDoc['timeline']) {
  const here = new Map(local.map((entry) => [entry.id, entry]))
  const known = new Set(full.map((entry) => entry.id))
  return [...full.map((entry) => here.get(entry.id) ?? entry), ...local.filter((entry) => !known.has(entry.id))]
}

/** A confidential ticket's stub gives way to its content; anything else is as the local copy has it. */
export function joined(local: TicketView, full: FullTicket | undefined): OfficeTicket {
  if (!full || full.id !== local.id) return local
  const { respondent_unit, barred_units, content, title, place, contact } = full
  const told = { respondent_unit, barred_units, timeline: union(full.timeline, local.timeline), timeline_cut: false }
  if (full.rev >= local.rev && local.pending.length === 0) return { ...full, ...told, pending: [] }
  return local.confidential ? { ...local, ...told, content, title, place, contact } : { ...local, ...told }
}
