/** What a phone throws away, and when. Never an operation or a photo that the server does not have. */
import type { OutboxDb } from '../local/db'

const DAY_MS = 86_400_000
const SENT_KEPT_MS = 14 * DAY_MS
const DRAFT_KEPT_MS = 60 * DAY_MS

/** Forget sent work after 14 days, with its photos' bytes, unless a photo of it is still on its way. */
export async function pruneSent(outbox: OutboxDb, nowMs: number): Promise<void> {
  await outbox.transaction('rw', [outbox.sent, outbox.photos, outbox.blobs, outbox.problems, outbox.drafts], async () => {
    const old = await outbox.sent.where('settledAt').below(nowMs - SENT_KEPT_MS).toArray()
    for (const op of old) {
      const photos = await outbox.photos.where('op').equals(op.id).toArray()
      const open = photos.some((photo) => photo.state === 'waiting' || photo.state === 'uploading')
      if (open || (await outbox.problems.get(op.id))) continue
      const ids = photos.filter((photo) => photo.state === 'done').map((photo) => photo.id)
      await outbox.photos.bulkDelete(ids)
      await outbox.blobs.bulkDelete(ids)
      await outbox.sent.delete(op.id)
    }
    await outbox.drafts.filter((draft) => draft.savedAt < nowMs - DRAFT_KEPT_MS).delete()
  })
}
