/**
 * Photos go up after the text that names them, in pieces that resume where the last cut left them (tus 1.0; a loop
 * of our own because tus-js-client would take a tenth of the first screen's budget). One that fails waits its own
 * time and never holds another back.
 */
import { write, type OutboxPhoto } from '../local/db'
import { countUnsent } from './push'
import type { SyncContext } from './context'
import { isErased } from './erase'
import { forgetSecret, readSecretPhoto } from './secrets'
import { Failure, type Answer, type Ask } from './transport'

const TUS = { 'Tus-Resumable': '1.0.0' }
const PIECE_BYTES_MIN = 32 * 1024
const PIECE_BYTES_MAX = 512 * 1024
const PIECE_GOAL_MS = 4_000
const WAIT_FIRST_MS = 5_000
const WAIT_MAX_MS = 30 * 60_000
/** Without an answer nothing speaks against the photo itself. */
const WAIT_OFFLINE_MAX_MS = 5 * 60_000
const DEAD_LINES_MAX = 2
const STALLS_MAX = 3
/** Bytes damaged on the way arrive whole the next time; damaged on the phone they never do. */
const HASH_TRIES_MAX = 3
/** Nothing that trying again could change. */
const FINAL = new Set([413, 415, 422])

export interface Uploaded {
  done: number
  /** Text came up meanwhile and goes first. */
  interrupted: boolean
  /** When the next photo may be tried again (device ms); undefined when none waits. */
  nextTryAt?: number
}

/** Upload what is due. Throws `Failure` only when the line or the session is gone, not for one photo's trouble. */
export async function uploadPhotos(ctx: SyncContext): Promise<Uploaded> {
  let done = 0
  let deadLines = 0
  for (const id of await dueNow(ctx)) {
    const photo = await ctx.outbox.photos.get(id)
    if (!photo || (photo.state !== 'waiting' && photo.state !== 'uploading')) continue
    try {
      const whole = await uploadOne(ctx, photo)
      if (!whole) return { done, interrupted: true }
      done += 1
      deadLines = 0
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      // The photo is not to blame: it goes on as soon as its author has signed in again.
      if (error.status === 401 || error.code === 'wrong_user') throw error
      await postpone(ctx, id, error)
      deadLines += error.kind === 'offline' ? 1 : 0
      if (deadLines >= DEAD_LINES_MAX) throw error
    }
  }
  return { done, interrupted: false, ...(await nextTry(ctx)) }
}

/** Ids of photos whose operation the server has accepted and whose own waiting time is over, oldest first. */
async function dueNow(ctx: SyncContext): Promise<string[]> {
  const { outbox } = ctx
  const nowMs = ctx.tap().wallMs
  const waiting = await outbox.photos.where('state').anyOf('waiting', 'uploading').sortBy('storedAt')
  const due: string[] = []
  for (const photo of waiting) {
    // A clock set back must not make a photo wait for years.
    const rested = photo.nextTryAt <= nowMs || photo.nextTryAt > nowMs + WAIT_MAX_MS * 2
    if (rested && photo.op !== null && (await isNamed(ctx, photo.op))) due.push(photo.id)
  }
  return due
}

/** Has the server applied or kept the operation? Before that, and after a refusal, the bytes are not ours to send. */
async function isNamed(ctx: SyncContext, op: string): Promise<boolean> {
  const sent = await ctx.outbox.sent.get(op)
  if (sent) return sent.receipt.outcome !== 'refused'
  const answer = (await ctx.outbox.ops.where('id').equals(op).first())?.answer
  return answer !== undefined && answer.outcome !== 'refused' && answer.first !== 'refused'
}

async function nextTry(ctx: SyncContext): Promise<{ nextTryAt?: number }> {
  const waiting = await ctx.outbox.photos.where('state').anyOf('waiting', 'uploading').toArray()
  const times = waiting.filter((photo) => photo.tries > 0).map((photo) => photo.nextTryAt)
  return times.length > 0 ? { nextTryAt: Math.min(...times) } : {}
}

/** @returns false when text came up that goes first */
async function uploadOne(ctx: SyncContext, photo: OutboxPhoto): Promise<boolean> {
  const { outbox } = ctx
  const data = photo.secret ? readSecretPhoto(photo.id) : (await outbox.blobs.get(photo.id))?.data
  if (!data) throw new Failure('server', 422, 'bytes_lost', '')
  await outbox.photos.update(photo.id, { state: 'uploading' })
  let offset = await offsetOf(ctx, photo)
  let piece = PIECE_BYTES_MIN * 2
  let stalls = 0
  while (offset < data.byteLength) {
    await outbox.photos.update(photo.id, { offset })
    if ((await countUnsent(ctx)) > 0) return false
    const begun = ctx.tap().monoMs
    const from = offset
    offset = await sendPiece(ctx, photo, data.slice(offset, offset + piece), offset)
    if (offset <= from) stalls += 1
    if (stalls > STALLS_MAX) throw new Failure('server', 409, 'stuck', '')
    const took = ctx.tap().monoMs - begun
    piece = took > PIECE_GOAL_MS ? piece / 2 : took < PIECE_GOAL_MS / 4 ? piece * 2 : piece
    piece = Math.min(PIECE_BYTES_MAX, Math.max(PIECE_BYTES_MIN, Math.round(piece)))
  }
  if (photo.op !== null && isErased(await outbox.sent.get(photo.op))) {
    await write(outbox, async (tx) => {
      await tx.photos.delete(photo.id)
      await tx.blobs.delete(photo.id)
    })
    forgetSecret(photo.id)
    return true
  }
  await outbox.photos
    .where('id')
    .equals(photo.id)
    .modify((record) => {
      Object.assign(record, { state: 'done', offset: data.byteLength, doneAt: ctx.tap().wallMs, tries: 0 })
      delete record.code
      delete record.message
    })
  return true
}

/** How many bytes the server has; opens the upload where it knows nothing of it. */
async function offsetOf(ctx: SyncContext, photo: OutboxPhoto): Promise<number> {
  if (photo.tries > 0 || photo.offset > 0) {
    try {
      return offsetIn(await tus(ctx, { method: 'HEAD', path: `/photos/${photo.id}` })) ?? 0
    } catch (error) {
      if (!isGone(error)) throw error
    }
  }
  try {
    const opened = await tus(ctx, {
      method: 'POST',
      path: '/photos',
      bytes: new ArrayBuffer(0),
      headers: { 'Upload-Length': String(photo.bytes), 'Upload-Metadata': metadata(photo) },
    })
    // Bytes that this person sent before are not sent again.
    return offsetIn(opened) ?? (opened.status === 201 ? 0 : photo.bytes)
  } catch (error) {
    if (error instanceof Failure && error.code === 'already_complete') return photo.bytes
    throw error
  }
}

async function sendPiece(ctx: SyncContext, photo: OutboxPhoto, bytes: ArrayBuffer, offset: number): Promise<number> {
  try {
    const answer = await tus(ctx, {
      method: 'PATCH',
      path: `/photos/${photo.id}`,
      bytes,
      headers: { 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': String(offset) },
    })
    return offsetIn(answer) ?? offset + bytes.byteLength
  } catch (error) {
    // After a cut the server may have more or less of it than we believe.
    if (error instanceof Failure && error.code === 'offset_mismatch') {
      const actual = await offsetOf(ctx, { ...photo, offset })
      if (actual !== offset) return actual
    }
    throw error
  }
}

function tus(ctx: SyncContext, ask: Ask): Promise<Answer> {
  return ctx.net.ask({ ...ask, headers: { ...TUS, ...ask.headers } })
}

function offsetIn(answer: Answer): number | undefined {
  const value = answer.headers.get('Upload-Offset')
  return value === null || !/^\d+$/.test(value) ? undefined : Number(value)
}

function isGone(error: unknown): boolean {
  return error instanceof Failure && error.kind === 'server' && (error.status === 404 || error.status === 410)
}

function metadata(photo: OutboxPhoto): string {
  const pairs = { id: photo.id, ticket: photo.ticket ?? '', sha256: photo.sha256, taken_at: photo.taken_at }
  return Object.entries(pairs)
    .map(([key, value]) => `${key} ${btoa(value)}`)
    .join(',')
}

async function postpone(ctx: SyncContext, id: string, failure: Failure): Promise<void> {
  const { outbox } = ctx
  const nowMs = ctx.tap().wallMs
  await write(outbox, async (tx) => {
    const photo = await tx.photos.get(id)
    if (!photo) return
    const tries = photo.tries + 1
    const hopeless = failure.code === 'hash_differs' && tries >= HASH_TRIES_MAX
    const final = failure.kind === 'server' && (FINAL.has(failure.status) || hopeless)
    const waitMaxMs = failure.kind === 'offline' ? WAIT_OFFLINE_MAX_MS : WAIT_MAX_MS
    const ownMs = Math.min(waitMaxMs, WAIT_FIRST_MS * 2 ** Math.min(photo.tries, 12)) * (0.5 + ctx.random() / 2)
    const waitMs = Math.max(ownMs, Math.min(failure.retryAfterMs ?? 0, WAIT_MAX_MS))
    const told = { code: failure.code, ...(failure.message ? { message: failure.message } : {}) }
    await tx.photos.update(id, { state: final ? 'failed' : 'waiting', tries, nextTryAt: nowMs + waitMs, ...told })
    if (!final) return
    const op = (photo.op && ((await tx.sent.get(photo.op)) ?? (await tx.ops.where('id').equals(photo.op).first()))) || undefined
    await tx.problems.put({
      id,
      kind: 'photo',
      name: op?.name ?? 'photo',
      subject: photo.ticket ?? '',
      label: op?.label ?? {},
      at: photo.taken_at,
      args: {},
      ...told,
      notedAt: nowMs,
    })
  })
}
