/** The way into the outbox: one strictly durable transaction per operation. */
import { openChannel } from '../lib/channel'
import { stampOf, type Sample, type Tap } from '../lib/clock'
import { getValue, openBase, openOutbox, setValue, type OpLabel, type OutboxStores, type OutboxOp, type OutboxPhoto, type WireOp, write } from '../local/db'
import { keepSecret, keepSecretPhoto } from './secrets'

export type NewOp = Pick<WireOp, 'id' | 'name' | 'v' | 'subject' | 'base' | 'at' | 'args'>

export interface AppendOptions {
  label: OpLabel
  /** Ids of photos that lie in the database as drafts and now belong to the operation. */
  photos?: string[]
  draft?: string | undefined
  /** Of a confidential ticket: only its place in the count is written down (secrets.ts). */
  secret?: boolean
  /** Its photos, instead of `photos`: the bytes are not written down either. */
  secretPhotos?: { photo: OutboxPhoto; bytes: ArrayBuffer }[]
}

export interface Wake {
  /** A person asked: do not wait out the server's Retry-After. */
  force: boolean
  /** The service worker says so, to every page by itself. */
  relayed?: boolean
}

const channel = openChannel('jiban-wake')
const listeners = new Set<(wake: Wake) => void>()
channel?.addEventListener('message', (event) => {
  tell(event.data as Wake)
})

/**
 * Store an operation with its photos, give it the next `n` and drop its draft: all or nothing, on the disk when
 * the promise resolves. Rejects with Dexie's error (QuotaExceededError when the phone is full).
 */
export async function append(user: string, op: NewOp, tap: Tap, options: AppendOptions): Promise<OutboxOp> {
  const outbox = openOutbox(user)
  const sample = await getValue<Sample>(openBase(user).meta, 'sample')
  const clock = stampOf(sample, tap)
  const whole = { ...op, ...(clock ? { clock } : {}) }
  if (options.secret) keepSecret(op.id, contentOf(whole))
  const secretPhotos = options.secretPhotos ?? []
  for (const { photo, bytes } of secretPhotos) keepSecretPhoto(photo.id, bytes)
  const stored = await write(outbox, async (tx) => {
    const n = await nextN(tx)
    const content = options.secret ? emptied(op) : whole
    const record: OutboxOp = { ...content, n, storedAt: tap.wallMs, label: options.label }
    if (options.secret) record.secret = true
    await tx.ops.add(record)
    if (options.photos?.length) {
      const taken = tx.photos.where('id').anyOf(options.photos)
      await taken.modify({ op: op.id, ticket: op.subject, draft: null, state: 'waiting' })
    }
    await tx.photos.bulkPut(secretPhotos.map(({ photo }) => ({ ...photo, op: op.id, ticket: op.subject, secret: true })))
    await tx.blobs.bulkDelete(secretPhotos.map(({ photo }) => photo.id))
    if (options.draft !== undefined) await tx.drafts.delete(options.draft)
    return record
  })
  askForSync()
  return stored
}

/** Something is to be sent, or a person wants it now: wake the tab that syncs. */
export function askForSync(force = false): void {
  tell({ force })
  channel?.postMessage({ force })
}

/** The service worker has told this page, as it has told every other, that it is time to sync. */
export function relaySync(): void {
  tell({ force: true, relayed: true })
}

/** Called when any tab asks for a sync. Returns the way to stop. */
export function onAskForSync(listener: (wake: Wake) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function tell(wake: Wake): void {
  for (const listener of [...listeners]) listener(wake)
}

/** The next number of this device; inside the caller's transaction. */
async function nextN(tx: OutboxStores): Promise<number> {
  const n = ((await getValue<number>(tx.meta, 'n')) ?? 0) + 1
  await setValue(tx.meta, 'n', n)
  return n
}

function contentOf(op: NewOp & Pick<WireOp, 'clock'>): Omit<WireOp, 'id' | 'n'> {
  const { id: _id, ...content } = op
  return content
}

function emptied(op: NewOp): NewOp {
  return { ...op, name: 'void', args: { code: 'forgotten' } }
}
