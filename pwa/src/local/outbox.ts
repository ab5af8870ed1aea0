/** The outbox and 待处理 as the screens list them: item by item, with the truth about each. */
import { getValue, openBase, openOutbox } from './db'
import type { OpLabel, OutboxPhoto, Outcome, PhotoState, Problem, SentOp, SyncStatus } from './records'
import { pendingOf } from './tickets'

const DELIVERED_SHOWN_MS = 24 * 3_600_000

// The list is the owner's own; who wrote an item need not be said.
const nobody = { id: '', name: '' }

export interface PhotoItem {
  id: string
  state: PhotoState
  bytes: number
  /** Bytes the server has. */
  offset: number
  code?: string
  message?: string
}

export interface OutboxItem {
  /** The operation's id. */
  id: string
  n: number
  name: string
  subject: string
  label: OpLabel
  /** RFC 3339, the device's clock at the tap. */
  at: string
  status: 'stored' | 'sending' | 'delivered' | 'refused'
  outcome?: Outcome
  code?: string
  message?: string
  /** Device ms when its receipt came. */
  deliveredAt?: number
  photos: PhotoItem[]
  args: Record<string, unknown>
}

/** What waits, in order of sending, then what was delivered within a day, newest first. */
export async function readOutbox(user: string, nowMs: number): Promise<OutboxItem[]> {
  const outbox = openOutbox(user)
  const base = openBase(user)
  const [ops, sent, photos, receipted, status] = await Promise.all([
    outbox.ops.orderBy('n').toArray(),
    outbox.sent.where('settledAt').above(nowMs - DELIVERED_SHOWN_MS).reverse().sortBy('settledAt'),
    outbox.photos.where('state').anyOf('waiting', 'uploading', 'failed', 'done').toArray(),
    base.receipts.toCollection().primaryKeys(),
    getValue<SyncStatus>(base.meta, 'status'),
  ])
  const contained = new Set(receipted)
  const byOp = photosByOp(photos)
  const waiting = ops
    .filter((op) => !contained.has(op.id))
    .map((op): OutboxItem => ({
      ...pendingOf(op, nobody, status),
      at: op.at,
      label: op.label,
      args: op.args,
      photos: byOp.get(op.id) ?? [],
      ...(op.answer ? { outcome: op.answer.outcome } : {}),
    }))
  return [...waiting, ...sent.map((op) => sentItem(op, byOp.get(op.id) ?? []))]
}

/** 待处理, newest first. */
export async function readProblems(user: string): Promise<Problem[]> {
  const problems = await openOutbox(user).problems.toArray()
  return problems.sort((a, b) => b.notedAt - a.notedAt)
}

function sentItem(op: SentOp, photos: PhotoItem[]): OutboxItem {
  const { id, n, name, subject, label, at, args, receipt, settledAt } = op
  const item: OutboxItem = { id, n, name, subject, label, at, args, photos, status: 'delivered', deliveredAt: settledAt }
  if (receipt.outcome === 'refused') item.status = 'refused'
  item.outcome = receipt.outcome
  if (receipt.code !== undefined) item.code = receipt.code
  if (receipt.message !== undefined) item.message = receipt.message
  return item
}

function photosByOp(photos: OutboxPhoto[]): Map<string, PhotoItem[]> {
  const byOp = new Map<string, PhotoItem[]>()
  for (const photo of photos) {
    if (photo.op === null) continue
    const { id, state, bytes, offset, code, message } = photo
    const item: PhotoItem = { id, state, bytes, offset }
    if (code !== undefined) item.code = code
    if (message !== undefined) item.message = message
    byOp.set(photo.op, [...(byOp.get(photo.op) ?? []), item])
  }
  return byOp
}
