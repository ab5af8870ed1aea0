/** Tickets as the screens see them: the server's document with this phone's pending operations folded in. */
import { fold } from '../domain/fold'
import type { Me, Named, PendingOp, TicketDoc, TicketView } from '../domain/types'
import { rfc3339, type Sample } from '../lib/clock'
import { getValue, openBase, openOutbox } from './db'
import type { GoneRow, OutboxOp, SyncStatus } from './records'

const TICKET = 'ticket'

/** Every ticket on this phone, in no particular order. */
export async function readTickets(me: Me): Promise<TicketView[]> {
  const [rows, pending] = await Promise.all([
    openBase(me.id).rows.where('type').equals(TICKET).toArray(),
    readPending(me),
  ])
  return rows.map((row) => view(row.doc as TicketDoc, pending.get(row.id), me))
}

/** One ticket; null when it is not on this phone. */
export async function readTicket(me: Me, id: string): Promise<TicketView | null> {
  const [row, pending] = await Promise.all([openBase(me.id).rows.get([TICKET, id]), readPending(me, id)])
  return row ? view(row.doc as TicketDoc, pending.get(id), me) : null
}

/** Where a ticket went that used to be here. */
export async function readGone(user: string, id: string): Promise<GoneRow | null> {
  return (await openBase(user).gone.get([TICKET, id])) ?? null
}

function view(doc: TicketDoc, ops: PendingOp[] | undefined, me: Me): TicketView {
  return ops ? fold(doc, ops, me) : { ...doc, pending: [] }
}

/**
 * The operations that no row contains yet, by ticket and in order. One whose receipt is already in the base is
 * contained in the row that came with it, even if the outbox has not been tidied yet (local/db.ts).
 */
async function readPending(me: Me, ticket?: string): Promise<Map<string, PendingOp[]>> {
  const outbox = openOutbox(me.id)
  const base = openBase(me.id)
  const stored = ticket ? outbox.ops.where('subject').equals(ticket).sortBy('n') : outbox.ops.orderBy('n').toArray()
  const [ops, receipted, status, sample] = await Promise.all([
    stored,
    base.receipts.toCollection().primaryKeys(),
    getValue<SyncStatus>(base.meta, 'status'),
    getValue<Sample>(base.meta, 'sample'),
  ])
  const author = { id: me.id, name: me.name }
  const contained = new Set(receipted)
  const bySubject = new Map<string, PendingOp[]>()
  for (const op of ops) {
    if (contained.has(op.id) || op.secret) continue
    const one = pendingOf(op, author, status, sample?.offsetMs)
    const list = bySubject.get(op.subject)
    if (list) list.push(one)
    else bySubject.set(op.subject, [one])
  }
  return bySubject
}

/** One operation with the truth about where it is. */
export function pendingOf(op: OutboxOp, author: Named, status?: SyncStatus, offsetMs = 0): PendingOp {
  const { id, n, name, subject, base, args } = op
  const pending = {
    ...{ id, n, name, subject, base, args, author },
    at: rfc3339(Date.parse(op.at) + offsetMs),
    status: statusOf(op, status),
    ...(op.answer ? { status_at: rfc3339(op.answer.at + offsetMs) } : {}),
    ...(op.answer?.code === undefined ? {} : { code: op.answer.code }),
    ...(op.answer?.message === undefined ? {} : { message: op.answer.message }),
  }
  // The outbox keeps whatever an older version of the app wrote; the fold ignores names it does not know.
  return pending as PendingOp
}

function statusOf(op: OutboxOp, status: SyncStatus | undefined): PendingOp['status'] {
  const outcome = op.answer?.outcome === 'duplicate' ? op.answer.first : op.answer?.outcome
  if (op.answer) return outcome === 'refused' ? 'refused' : 'delivered'
  const pushing = status?.pushing
  return pushing && op.n >= pushing.from && op.n <= pushing.to ? 'sending' : 'stored'
}
