import type { Me, PendingOp, TicketDoc, TicketView } from './types'

/** The document with this phone's pending operations replayed on it. */
export function fold(doc: TicketDoc, ops: PendingOp[], _me: Me): TicketView {
  return { ...doc, pending: ops }
}
