/** What a phone throws away, and when. Never an operation or a photo that the server does not have. */
import { write, type OutboxDb } from '../local/db'

const DAY_MS = 86_400_000
const SENT_KEPT_MS = 14 * DAY_MS
const DRAFT_KEPT_MS = 60 * DAY_MS

/** Forget sent work after 14 days, with its photos' bytes, unless a photo of it is still on its way. */
export async function pruneSent(outbox: OutboxDb, nowMs: number): Promise<void> {
  await write(outbox, async (tx) => {
    const old = await tx.sent.where('settledAt').below(nowMs - SENT_KEPT_MS).toArray()
    for (const op of old) {
      const photos = await tx.photos.where('op').equals(op.id).toArray()
      const open = photos.some((photo) => photo.state === 'waiting' || photo.state === 'uploading')
      if (open || (await tx.problems.get(op.id))) continue
      const ids = photos.filter((photo) => photo.state === 'done').map((photo) => photo.id)
      await tx.photos.bulkDelete(ids)
      await tx.blobs.bulkDelete(ids)
      await tx.sent.delete(op.id)
    }
    await tx.drafts.filter((draft) => draft.savedAt < nowMs - DRAFT_KEPT_MS).delete()
  })
}
