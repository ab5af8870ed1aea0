// Base row + pending operations = what the screen shows. Nothing is undone: a guess simply stops being replayed.
import { applied, type Names } from './effects'
import { entryOf, meet } from './entries'
import type { Me, PendingOp, TicketDoc, TicketView, TimelineEntry } from './types'

/**
 * The ticket as its owner sees it: the server's document with this phone's operations replayed in their order.
 * An operation that the row contains already changes nothing; one that the server refused is shown without effect.
 */
export function fold(doc: TicketDoc, ops: readonly PendingOp[], me: Me, names: Names = () => undefined): TicketView {
  let ticket = doc
  const known = new Set(doc.timeline.map((entry) => entry.id))
  for (const op of ops) {
    if (known.has(op.id)) continue
    const entry = entryOf(op, ticket)
    if (op.status !== 'refused') ticket = applied(ticket, op, me, names)
    ticket = withEntry(ticket, entry)
  }
  return { ...ticket, pending: [...ops] }
}

function withEntry(ticket: TicketDoc, entry: TimelineEntry): TicketDoc {
  const added = { ...ticket, timeline: [...ticket.timeline, entry] }
  return { ...added, deadlines: meet(added, [entry]) }
}
