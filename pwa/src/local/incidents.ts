/** Incidents, own reports and the list of matters, as the screens see them. */
import type { PromiseExtended } from 'dexie'
import bundled from '../contract/matters.json'
import { foldIncident, isIncidentOp } from '../domain/incidents'
import type { IncidentDoc } from '../domain/emergency'
import type { IncidentView, Matter, PendingIncidentOp } from '../domain/incidentTypes'
import type { LocalStatus, Me } from '../domain/types'
import type { Sample } from '../lib/clock'
import { getValue, openBase, openOutbox, read, rowsOf, setValue } from './db'
import type { BaseReceipt, OutboxOp, Row, SyncStatus } from './records'
import { pendingOf } from './tickets'

const INCIDENT = 'incident'
const MATTERS = 'matters'
const REPORT = 'incident.report'

export interface Matters {
  items: Matter[]
  dutyPhone: string | null
}

/** The town's list as last heard, else the one that came with the app: a report needs no network. */
export async function readMatters(user: string): Promise<Matters> {
  return (await getValue<Matters>(openBase(user).meta, MATTERS)) ?? { items: bundled, dutyPhone: null }
}

export function writeMatters(user: string, matters: Matters): Promise<void> {
  return setValue(openBase(user).meta, MATTERS, matters)
}

/** Every incident on this phone, own reports still waiting among them. */
export function readIncidents(me: Me): Promise<IncidentView[]> {
  return folded(me, openOutbox(me.id).ops.orderBy('n').toArray())
}

/** One incident; null when it is not on this phone. */
export function readIncident(me: Me, id: string): Promise<IncidentView | null> {
  return folded(me, openOutbox(me.id).ops.where('subject').equals(id).sortBy('n'), id).then((found) => found[0] ?? null)
}

/**
 * Rows, receipts and the sync's standing from one snapshot taken after the operations were read (tickets.ts says
 * why), so that an operation is in its row or pending, never both.
 */
function folded(me: Me, ops: PromiseExtended<OutboxOp[]>, id?: string): Promise<IncidentView[]> {
  return ops.then((stored) =>
    read(openBase(me.id), (tx) =>
      Promise.all([
        id === undefined ? rowsOf(tx, INCIDENT).toArray() : tx.rows.where('[type+id]').equals([INCIDENT, id]).toArray(),
        tx.receipts.toCollection().primaryKeys(),
        getValue<SyncStatus>(tx.meta, 'status'),
        getValue<Sample>(tx.meta, 'sample'),
        getValue<Matters>(tx.meta, MATTERS),
      ]),
    ).then(([rows, receipted, status, sample, matters]) => {
      const contained = new Set(receipted)
      const pending = stored
        .filter((op) => isIncidentOp(op.name) && !contained.has(op.id))
        .map((op) => pendingOf(op, me, status, sample?.offsetMs) as unknown as PendingIncidentOp)
      return subjectsOf(rows, pending).flatMap((subject) => {
        const doc = (rows.find((row) => row.id === subject)?.doc ?? null) as IncidentDoc | null
        const view = foldIncident(doc, pending.filter((op) => op.subject === subject), matters?.items ?? bundled)
        return view ? [view] : []
      })
    }),
  )
}

function subjectsOf(rows: Row[], pending: PendingIncidentOp[]): string[] {
  return [...new Set([...rows.map((row) => row.id), ...pending.filter((op) => op.name === REPORT).map((op) => op.subject)])]
}

interface Standing {
  status: LocalStatus['status']
  /** Device ms when the server had it. */
  deliveredAt?: number
  message?: string
  code?: string
}

/** How far an own report has come; it is told even after its row has left the phone. */
export interface ReportState extends Standing {
  matter: string
  text: string
  drill: boolean
  /** Device ms of the tap. */
  tappedAt: number
  photos: { total: number; there: number }
}

/** The own report of an incident; null when this phone did not make it. */
export function readReport(user: string, id: string): Promise<ReportState | null> {
  const [outbox, base] = [openOutbox(user), openBase(user)]
  return Promise.all([
    outbox.ops.where('subject').equals(id).toArray(),
    outbox.sent.filter((one) => one.subject === id && one.name === REPORT).first(),
    outbox.photos.filter((photo) => photo.ticket === id).toArray(),
    base.receipts.toArray(),
    getValue<SyncStatus>(base.meta, 'status'),
    getValue<Sample>(base.meta, 'sample'),
  ]).then(([ops, sent, photos, receipts, status, sample]) => {
    const op = ops.find((one) => one.name === REPORT)
    const mine = sent ?? op
    if (!mine) return null
    const of = photos.filter((photo) => photo.op === mine.id)
    const pictures = { total: of.length, there: of.filter((photo) => photo.state === 'done').length }
    const { args, at } = mine
    const said = { matter: String(args.matter), text: String(args.text), drill: args.drill === true, tappedAt: Date.parse(at) }
    const told = sent ? { ...sent.receipt, at: sent.settledAt } : answerTo(op as OutboxOp, receipts)
    return { ...said, photos: pictures, ...standing(told, op, status, sample?.offsetMs ?? 0) }
  })
}

type Told = Partial<Pick<BaseReceipt, 'outcome' | 'first' | 'received_at' | 'message' | 'code'>> & { at?: number }

function answerTo(op: OutboxOp, receipts: BaseReceipt[]): Told | undefined {
  return op.answer ?? receipts.find((one) => one.id === op.id)
}

function standing(told: Told | undefined, op: OutboxOp | undefined, status: SyncStatus | undefined, offsetMs: number): Standing {
  if (!told?.outcome) {
    const pushing = status?.pushing
    const onWire = op !== undefined && pushing !== undefined && op.n >= pushing.from && op.n <= pushing.to
    return { status: onWire ? 'sending' : 'stored' }
  }
  const outcome = told.outcome === 'duplicate' ? told.first : told.outcome
  const at = told.received_at === undefined ? told.at : Date.parse(told.received_at) - offsetMs
  return {
    status: outcome === 'refused' ? 'refused' : 'delivered',
    ...(at === undefined ? {} : { deliveredAt: at }),
    ...(told.message === undefined ? {} : { message: told.message }),
    ...(told.code === undefined ? {} : { code: told.code }),
  }
}

/** Villages that this phone knows of, the person's own first. */
export async function readVillages(me: Me): Promise<string[]> {
  const rows = await rowsOf(openBase(me.id), 'ticket').toArray()
  const seen = rows.map((row) => (row.doc as { place?: { village?: string | null } | null }).place?.village ?? '')
  return [...new Set([...me.villages, ...seen.sort()])].filter(Boolean)
}
