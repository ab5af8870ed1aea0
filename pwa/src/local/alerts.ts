/** Alerts as the screens see them: the server's rows of this person with what the phone has done since. */
import { countsAsAck, foldAlert, type AckOp, type AlertDoc, type AlertTicket, type AlertView } from '../domain/alerts'
import type { Me, TicketDoc } from '../domain/types'
import type { Sample } from '../lib/clock'
import { getValue, openBase, openOutbox, read, rowsOf, type BaseStores } from './db'
import type { OutboxOp, Row, SyncStatus } from './records'
import { pendingOf } from './tickets'

const ALERT = 'alert'
const TICKET = 'ticket'

/** Every alert on this phone, newest first. */
export async function readAlerts(me: Me): Promise<AlertView[]> {
  const views = await readWith(me, (base) => rowsOf(base, ALERT).toArray())
  return views.sort((a, b) => Date.parse(b.raised_at) - Date.parse(a.raised_at) || (a.id < b.id ? 1 : -1))
}

/** One alert; null when it is not on this phone. */
export async function readAlert(me: Me, id: string): Promise<AlertView | null> {
  const views = await readWith(me, (base) => base.rows.where('[type+id]').equals([ALERT, id]).toArray())
  return views[0] ?? null
}

/** No `await` between the queries, and rows and receipts from one snapshot, as in tickets.ts. */
function readWith(me: Me, readRows: (base: BaseStores) => Promise<Row[]>): Promise<AlertView[]> {
  const base = openBase(me.id)
  const ops = openOutbox(me.id).ops.orderBy('n').toArray()
  return ops.then((stored) =>
    read(base, (tx) =>
      Promise.all([readRows(tx), tx.receipts.toCollection().primaryKeys()]).then(([rows, receipted]) => {
        const contained = new Set(receipted)
        const mine = stored.filter((op) => !op.secret && countsAsAck(op.name) && !contained.has(op.id))
        const docs = rows.map((row) => row.doc as AlertDoc)
        const keys = docs.map((doc): [string, string] => [TICKET, doc.subject.id])
        const tickets = tx.rows.bulkGet(keys)
        if (mine.length === 0) return tickets.then((found) => docs.map((doc, at) => foldAlert(doc, [], ticketOf(found[at]))))
        return Promise.all([tickets, getValue<SyncStatus>(tx.meta, 'status'), getValue<Sample>(tx.meta, 'sample')]).then(
          ([found, status, sample]) => {
            const pending = mine.map((op) => ackOp(op, me, status, sample?.offsetMs))
            return docs.map((doc, at) => foldAlert(doc, pending, ticketOf(found[at])))
          },
        )
      }),
    ),
  )
}

function ackOp(op: OutboxOp, me: Me, status: SyncStatus | undefined, offsetMs: number | undefined): AckOp {
  const { name, subject, at, status: state, status_at } = pendingOf(op, me, status, offsetMs)
  return { name, subject, at, status: state, ...(status_at === undefined ? {} : { status_at }) }
}

function ticketOf(row: Row | undefined): AlertTicket | null {
  if (!row) return null
  const doc = row.doc as TicketDoc
  const arrival = doc.deadlines?.find(({ kind }) => kind === 'arrival')
  const ticket: AlertTicket = {
    no: doc.external_no,
    address: doc.confidential ? '' : (doc.place?.address ?? ''),
    confidential: doc.confidential,
  }
  if (arrival && arrival.met_at === null) ticket.arrivalDueAt = arrival.due_at
  return ticket
}
