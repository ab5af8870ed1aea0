/**
 * The outbox as a file, for the day when a phone cannot send: the office imports it (`POST /imports/outbox`). Ids
 * and times stay, so the phone's own later push only finds duplicates. Work on confidential tickets is never in it.
 */
import { getValue, openBase, openOutbox, type OutboxDb, type OutboxOp, type WireOp } from '../local/db'
import { session, userId } from '../local/session'

const FORMAT = 'jiban-outbox'
const PIECE_BYTES = 3 * 16_384

/** @returns a file to download or share, with a name that says whose it is and from when */
export async function exportOutbox(nowMs: number = Date.now()): Promise<{ name: string; blob: Blob; ops: number; photos: number }> {
  const user = userId()
  const outbox = openOutbox(user)
  const ops = await openOps(outbox, user)
  const device = await getValue<string>(outbox.meta, 'device')
  const epoch = (await getValue<string>(outbox.meta, 'epoch')) ?? null
  const { username = '', name = '' } = session()?.user ?? {}
  const exportedAt = new Date(nowMs).toISOString()
  const head = { format: FORMAT, version: 1, user: { id: user, username, name }, device, epoch, exported_at: exportedAt }
  // Written piece by piece: a shift's photos as one string would be too much for an old phone.
  const parts: BlobPart[] = [JSON.stringify({ ...head, ops: ops.map(wireOf) }).slice(0, -1), ',"photos":[']
  let photos = 0
  for (const photo of await openPhotos(outbox, new Set(ops.map((op) => op.id)), user)) {
    const data = (await outbox.blobs.get(photo.id))?.data
    if (!data) continue
    const { id, op, ticket, sha256, bytes, width, height, taken_at, mime } = photo
    const facts = JSON.stringify({ id, op, ticket, sha256, bytes, width, height, taken_at, mime }).slice(0, -1)
    parts.push(`${photos > 0 ? ',' : ''}${facts},"data":"`, base64(data), '"}')
    photos += 1
  }
  parts.push(']}')
  const stamp = exportedAt.slice(0, 16).replace(/[-:]/g, '').replace('T', '-')
  return { name: `jiban-${username}-${stamp}.json`, blob: new Blob(parts, { type: 'application/json' }), ops: ops.length, photos }
}

async function openOps(outbox: OutboxDb, user: string): Promise<OutboxOp[]> {
  const ops = await outbox.ops.orderBy('n').toArray()
  const secret = await confidential(user, ops.map((op) => op.subject))
  return ops.filter((op) => op.name !== 'void' && !op.secret && !secret.has(op.subject))
}

async function openPhotos(outbox: OutboxDb, exported: Set<string>, user: string) {
  const photos = await outbox.photos.where('state').anyOf('waiting', 'uploading').sortBy('storedAt')
  const secret = await confidential(user, photos.map((photo) => photo.ticket ?? ''))
  const sent = new Set(await outbox.sent.toCollection().primaryKeys())
  return photos.filter((photo) => {
    if (photo.op === null || secret.has(photo.ticket ?? '')) return false
    return exported.has(photo.op) || sent.has(photo.op)
  })
}

async function confidential(user: string, subjects: string[]): Promise<Set<string>> {
  const keys = [...new Set(subjects)].map((id): [string, string] => ['ticket', id])
  const rows = await openBase(user).rows.bulkGet(keys)
  return new Set(rows.flatMap((row) => (row && (row.doc as { confidential?: boolean }).confidential ? [row.id] : [])))
}

function wireOf(op: OutboxOp): WireOp {
  const { id, n, name, v, subject, base, at, clock, args } = op
  return { id, n, name, v, subject, base, at, ...(clock ? { clock } : {}), args }
}

function base64(data: ArrayBuffer): string {
  const bytes = new Uint8Array(data)
  let text = ''
  for (let place = 0; place < bytes.length; place += PIECE_BYTES) {
    text += btoa(String.fromCharCode(...bytes.subarray(place, place + PIECE_BYTES)))
  }
  return text
}
