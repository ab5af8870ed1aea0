/** Which decisions the desk offers on a ticket, in the order of their buttons. The server judges each of them. */
import { mayNow } from '@/domain/actions'
import type { Me, TicketView } from '@/domain/types'
import type { OpName } from '@/domain/types'

/** What the dialog asks for, per decision. Everything has a reason but dispatching and closing. */
export interface DialogFields {
  reason?: 'required' | 'optional'
  text?: boolean
  category?: boolean
  into?: boolean
  handlers?: boolean
  unit?: boolean
  danger?: boolean
}

export type DeskOp =
  | 'ticket.dispatch'
  | 'ticket.flag_urgent'
  | 'ticket.unflag_urgent'
  | 'ticket.recategorise'
  | 'ticket.merge'
  | 'ticket.unmerge'
  | 'ticket.set_confidential'
  | 'ticket.note'
  | 'ticket.close'

export const DESK_FIELDS: Record<DeskOp, DialogFields> = {
  'ticket.dispatch': { unit: true },
  'ticket.flag_urgent': { reason: 'required' },
  'ticket.unflag_urgent': { reason: 'required' },
  'ticket.recategorise': { category: true, reason: 'required' },
  'ticket.merge': { into: true, reason: 'required' },
  'ticket.unmerge': { reason: 'required' },
  'ticket.set_confidential': { handlers: true, reason: 'required', danger: true },
  'ticket.note': { text: true },
  'ticket.close': {},
}

function sensible(ticket: TicketView, name: DeskOp): boolean {
  if (name === 'ticket.flag_urgent') return !ticket.urgent && ticket.category !== 'praise'
  if (name === 'ticket.unflag_urgent') return ticket.urgent
  // Confidential and other tickets never meet in one file (DOMAIN §E).
  if (name === 'ticket.merge') return !ticket.confidential
  return true
}

/** The desk's decisions open to `me` on this ticket now. */
export function deskOps(ticket: TicketView, me: Me | null): DeskOp[] {
  if (!me) return []
  const names = Object.keys(DESK_FIELDS) as DeskOp[]
  return names.filter((name) => sensible(ticket, name) && mayNow(ticket, name as OpName, me))
}
