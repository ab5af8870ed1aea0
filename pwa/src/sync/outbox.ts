/** The way into the outbox: one strictly durable transaction per operation. */
import { openChannel } from '../lib/channel'
import { stampOf, type Tap } from '../lib/clock'
import { openOutbox, type OpLabel, type OutboxStores, type OutboxOp, type OutboxPhoto, type WireOp, write } from '../local/db'
import { latestSample } from './sample'
import { keepSecret, keepSecretPhoto } from './secrets'

/** The number of this device's latest operation. */
const LAST_N = 'n'

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
  const clock = stampOf(await latestSample(user), tap)
  const whole = { ...op, ...(clock ? { clock } : {}) }
  if (options.secret) keepSecret(op.id, contentOf(whole))
  for (const { photo, bytes } of options.secretPhotos ?? []) keepSecretPhoto(photo.id, bytes)
  const content = options.secret ? emptied(op) : whole
  const record = { ...content, storedAt: tap.wallMs, label: options.label, ...(options.secret ? { secret: true } : {}) }
  const stored = await write(openOutbox(user), (tx) => storeIn(tx, record, options), storesFor(options))
  askForSync()
  return stored
}

/** Only these are locked: whoever reads the others holds up no tap. */
function storesFor({ photos, secretPhotos, draft }: AppendOptions): readonly (keyof OutboxStores)[] {
  const stores: (keyof OutboxStores)[] = ['ops', 'meta']
  if (photos?.length || secretPhotos?.length) stores.push('photos')
  if (secretPhotos?.length) stores.push('blobs')
  if (draft !== undefined) stores.push('drafts')
  return stores
}

/** Inside the caller's transaction: one question, then everything that is written in one go. */
function storeIn(tx: OutboxStores, content: Omit<OutboxOp, 'n'>, options: AppendOptions): PromiseLike<OutboxOp> {
  const { photos = [], secretPhotos = [], draft } = options
  const { id: op, subject: ticket } = content
  return tx.meta.get(LAST_N).then((last) => {
    const n = ((last?.value as number | undefined) ?? 0) + 1
    const record: OutboxOp = { ...content, n }
    const writing: PromiseLike<unknown>[] = [tx.meta.put({ key: LAST_N, value: n }), tx.ops.add(record)]
    if (photos.length > 0) {
      writing.push(tx.photos.where('id').anyOf(photos).modify({ op, ticket, draft: null, state: 'waiting' }))
    }
    if (secretPhotos.length > 0) {
      writing.push(tx.photos.bulkPut(secretPhotos.map(({ photo }) => ({ ...photo, op, ticket, secret: true }))))
      writing.push(tx.blobs.bulkDelete(secretPhotos.map(({ photo }) => photo.id)))
    }
    if (draft !== undefined) writing.push(tx.drafts.delete(draft))
    return Promise.all(writing).then(() => record)
  })
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

function contentOf(op: NewOp & Pick<WireOp, 'clock'>): Omit<WireOp, 'id' | 'n'> {
  const { id: _id, ...content } = op
  return content
}

function emptied(op: NewOp): NewOp {
  return { ...op, name: 'void', args: { code: 'forgotten' } }
}
