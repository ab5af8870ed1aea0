/** The way into the outbox: one strictly durable transaction per operation. */
import { stampOf, type Sample, type Tap } from '../lib/clock'
import { getValue, openBase, openOutbox, setValue, type OutboxDb } from '../local/db'
import type { OpLabel, OutboxOp, WireOp } from '../local/records'

export type NewOp = Pick<WireOp, 'id' | 'name' | 'v' | 'subject' | 'base' | 'at' | 'args'>

export interface AppendOptions {
  label: OpLabel
  /** Ids of photos that lie in the database as drafts and now belong to the operation. */
  photos?: string[]
  draft?: string | undefined
}

const listeners = new Set<() => void>()

/**
 * Store an operation with its photos, give it the next `n` and drop its draft: all or nothing, on the disk when
 * the promise resolves. Rejects with Dexie's error (QuotaExceededError when the phone is full).
 */
export async function append(user: string, op: NewOp, tap: Tap, options: AppendOptions): Promise<OutboxOp> {
  const outbox = openOutbox(user)
  const sample = await getValue<Sample>(openBase(user).meta, 'sample')
  const clock = stampOf(sample, tap)
  const stored = await outbox.transaction('rw', outbox.tables, async () => {
    const n = await nextN(outbox)
    const record: OutboxOp = { ...op, n, ...(clock ? { clock } : {}), storedAt: tap.wallMs, label: options.label }
    await outbox.ops.add(record)
    await outbox.photos
      .where('id')
      .anyOf(options.photos ?? [])
      .modify({ op: op.id, ticket: op.subject, draft: null, state: 'waiting' })
    if (options.draft !== undefined) {
      await outbox.drafts.delete(options.draft)
    }
    return record
  })
  for (const listener of [...listeners]) listener()
  return stored
}

/** Called after each operation this tab stored; other tabs' are noticed through the database. */
export function onAppend(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** The next number of this device; inside the caller's transaction. */
export async function nextN(outbox: OutboxDb): Promise<number> {
  const n = ((await getValue<number>(outbox.meta, 'n')) ?? 0) + 1
  await setValue(outbox.meta, 'n', n)
  return n
}
