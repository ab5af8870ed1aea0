/** What a phone throws away, and when. Never an operation or a photo that the server does not have. */
import { write, type OutboxDb, type OutboxPhoto, type OutboxStores } from '../local/db'

const DAY_MS = 86_400_000
const SENT_KEPT_MS = 14 * DAY_MS
const DRAFT_KEPT_MS = 60 * DAY_MS
/** What is dated before was dated by a clock that did not know the time yet. */
const FIRST_MS = Date.UTC(2026, 0, 1)

/**
 * Forget sent work after 14 days, with its photos' bytes, unless a photo of it is still on its way; and drafts after
 * 60 days, with theirs.
 * @param nowMs of a clock that is known to be right: by one that is a year ahead everything would be old
 */
export async function pruneSent(outbox: OutboxDb, nowMs: number): Promise<void> {
  await write(outbox, async (tx) => {
    await tx.sent.where('settledAt').below(FIRST_MS).modify({ settledAt: nowMs })
    await tx.drafts.filter((draft) => draft.savedAt < FIRST_MS).modify({ savedAt: nowMs })
    const old = await tx.sent.where('settledAt').below(nowMs - SENT_KEPT_MS).toArray()
    for (const op of old) {
      const photos = await tx.photos.where('op').equals(op.id).toArray()
      const open = photos.some((photo) => photo.state === 'waiting' || photo.state === 'uploading')
      if (open || (await tx.problems.get(op.id))) continue
      await dropPhotos(tx, photos.filter((photo) => photo.state === 'done').map((photo) => photo.id))
      await tx.sent.delete(op.id)
    }
    const before = nowMs - DRAFT_KEPT_MS
    await tx.drafts.filter((draft) => draft.savedAt < before).delete()
    const alive = new Set(await tx.drafts.toCollection().primaryKeys())
    const left = (photo: OutboxPhoto): boolean =>
      !alive.has(photo.draft ?? '') && photo.storedAt < before && photo.storedAt >= FIRST_MS
    await dropPhotos(tx, await tx.photos.where('state').equals('draft').filter(left).primaryKeys())
  })
}

async function dropPhotos(tx: OutboxStores, ids: string[]): Promise<void> {
  await tx.photos.bulkDelete(ids)
  await tx.blobs.bulkDelete(ids)
}
