/** Tickets as the screens see them: the server's document with this phone's pending operations folded in. */
import type { PromiseExtended } from 'dexie'
import { fold } from '../domain/fold'
import type { Me, Named, PendingOp, TicketDoc, TicketView } from '../domain/types'
import { rfc3339, type Sample } from '../lib/clock'
import { getValue, openBase, openOutbox, read, rowsOf, type BaseStores, type OutboxStores } from './db'
import type { GoneRow, OutboxOp, Row, SyncStatus } from './records'

const TICKET = 'ticket'

/** Every ticket on this phone, in no particular order. */
export function readTickets(me: Me): Promise<TicketView[]> {
  const ops = openOutbox(me.id).ops.orderBy('n').toArray()
  return readWith(me, ops, (base) => rowsOf(base, TICKET).toArray())
}

/** One ticket; null when it is not on this phone. */
export function readTicket(me: Me, id: string): Promise<TicketView | null> {
  const outbox = openOutbox(me.id)
  const ops = outbox.ops.where('subject').equals(id).sortBy('n')
  const views = readWith(me, ops, (base) => base.rows.where('[type+id]').equals([TICKET, id]).toArray())
  return views.then(([found]) => (found ? withReasons(found, outbox) : null))
}

/** Beside his acceptance that came second its author reads why, as long as this phone remembers what it was told. */
function withReasons(ticket: TicketView, outbox: OutboxStores): TicketView | PromiseLike<TicketView> {
  const second = ticket.timeline.filter((entry) => entry.outcome === 'refused' && !entry.local).map(({ id }) => id)
  if (second.length === 0) return ticket
  return outbox.sent.bulkGet(second).then((sent) => {
    const why = new Map(sent.map((op) => [op?.id, op?.receipt.message]))
    const timeline = ticket.timeline.map((entry) => {
      const reason = why.get(entry.id)
      return reason === undefined ? entry : { ...entry, why: reason }
    })
    return { ...ticket, timeline }
  })
}

/** Where a ticket went that used to be here. */
export async function readGone(user: string, id: string): Promise<GoneRow | null> {
  return (await openBase(user).gone.get([TICKET, id])) ?? null
}

function view(doc: TicketDoc, ops: PendingOp[] | undefined, me: Me): TicketView {
  if (!ops) return { ...doc, pending: [] }
  try {
    return fold(doc, ops, me)
  } catch (error) {
    // One ticket that cannot be folded (a document newer than this app) must not empty the whole list.
    console.error('cannot fold', doc.id, error)
    return { ...doc, pending: ops }
  }
}

/**
 * Rows and receipts from one snapshot of the base, taken after the operations were read from the outbox. A receipt
 * comes in one transaction with its row and stays until well after its operation has left the outbox
 * (sync/receipts.ts), so whichever moment is caught, each operation is seen once: in its row or as pending.
 *
 * No `await` between the queries: a live query sees only what is asked in Dexie's own chain of promises.
 */
function readWith(
  me: Me,
  ops: PromiseExtended<OutboxOp[]>,
  readRows: (base: BaseStores) => Promise<Row[]>,
): Promise<TicketView[]> {
  const base = openBase(me.id)
  return ops.then((stored) =>
    read(base, (tx) =>
      Promise.all([readRows(tx), tx.receipts.toCollection().primaryKeys()]).then(([rows, receipted]) => {
        const contained = new Set(receipted)
        const waiting = stored.filter((op) => !op.secret && !contained.has(op.id))
        const views = (pending: Map<string, PendingOp[]>): TicketView[] =>
          rows.map((row) => view(row.doc as TicketDoc, pending.get(row.id), me))
        // How the sync stands is not asked without need: each change of it would read all the rows again.
        if (waiting.length === 0) return views(new Map())
        return Promise.all([getValue<SyncStatus>(tx.meta, 'status'), getValue<Sample>(tx.meta, 'sample')]).then(
          ([status, sample]) => views(bySubject(waiting.map((op) => pendingOf(op, me, status, sample?.offsetMs)))),
        )
      }),
    ),
  )
}

function bySubject(ops: PendingOp[]): Map<string, PendingOp[]> {
  const found = new Map<string, PendingOp[]>()
  for (const op of ops) {
    const list = found.get(op.subject)
    if (list) list.push(op)
    else found.set(op.subject, [op])
  }
  return found
}

/** One operation with the truth about where it is. */
export function pendingOf(op: OutboxOp, me: Named, status?: SyncStatus, offsetMs = 0): PendingOp {
  const author = { id: me.id, name: me.name }
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
