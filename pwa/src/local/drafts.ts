/** Half-written work: saved as it is typed, gone in the same transaction that stores the operation. */
import { openOutbox, write } from './db'
import type { OutboxPhoto, PhotoBytes } from './records'

export async function readDraft<T>(user: string, key: string): Promise<T | undefined> {
  return (await openOutbox(user).drafts.get(key))?.value as T | undefined
}

export async function writeDraft(user: string, key: string, value: unknown, nowMs: number): Promise<void> {
  await openOutbox(user).drafts.put({ key, value, savedAt: nowMs })
}

/** Throw a draft away, with the photos taken for it. */
export async function dropDraft(user: string, key: string): Promise<void> {
  const outbox = openOutbox(user)
  await write(outbox, async (tx) => {
    await tx.drafts.delete(key)
    const ids = await tx.photos.where('draft').equals(key).primaryKeys()
    await tx.photos.bulkDelete(ids)
    await tx.blobs.bulkDelete(ids)
  })
}

/** Photos taken for a draft, oldest first. */
export async function readDraftPhotos(user: string, key: string): Promise<{ photo: OutboxPhoto; blob: PhotoBytes }[]> {
  const outbox = openOutbox(user)
  const photos = await outbox.photos.where('draft').equals(key).sortBy('storedAt')
  const blobs = await outbox.blobs.bulkGet(photos.map((photo) => photo.id))
  return photos.flatMap((photo, place) => {
    const blob = blobs[place]
    return blob ? [{ photo, blob }] : []
  })
}

export async function writeDraftPhoto(user: string, photo: OutboxPhoto, blob: PhotoBytes): Promise<void> {
  const outbox = openOutbox(user)
  await write(outbox, async (tx) => {
    await tx.photos.put(photo)
    await tx.blobs.put(blob)
  })
}

export async function dropPhoto(user: string, id: string): Promise<void> {
  const outbox = openOutbox(user)
  await write(outbox, async (tx) => {
    await tx.photos.delete(id)
    await tx.blobs.delete(id)
  })
}
