/**
 * Half-written work: saved as it is typed, gone in the same transaction that stores the operation. Of a confidential
 * ticket it is held in memory and dies with the tab (SYNC.md "Confidential tickets").
 */
import { openBase, openOutbox, ticketOfDraft, write } from './db'
import type { OutboxPhoto, PhotoBytes } from './records'

interface Held {
  value?: unknown
  photos: { photo: OutboxPhoto; blob: PhotoBytes }[]
}

const secrets = new Map<string, Held>()

function held(user: string, key: string): Held {
  const name = `${user} ${key}`
  const found = secrets.get(name) ?? { photos: [] }
  secrets.set(name, found)
  return found
}

async function isSecret(user: string, key: string): Promise<boolean> {
  const row = await openBase(user).rows.get(['ticket', ticketOfDraft(key)])
  return (row?.doc as { confidential?: boolean } | undefined)?.confidential === true
}

/** Its operation has been handed over. */
export function forgetSecretDraft(user: string, key: string): void {
  secrets.delete(`${user} ${key}`)
}

export async function readDraft<T>(user: string, key: string): Promise<T | undefined> {
  const value = secrets.get(`${user} ${key}`)?.value ?? (await openOutbox(user).drafts.get(key))?.value
  return value as T | undefined
}

/** @param secret whether the ticket is confidential, where that is known already */
export async function writeDraft(user: string, key: string, value: unknown, nowMs: number, secret?: boolean): Promise<void> {
  const { drafts } = openOutbox(user)
  if (!(secret ?? (await isSecret(user, key)))) {
    await drafts.put({ key, value, savedAt: nowMs })
    return
  }
  held(user, key).value = value
  await drafts.delete(key)
}

/** Throw a draft away, with the photos taken for it. */
export async function dropDraft(user: string, key: string): Promise<void> {
  const outbox = openOutbox(user)
  forgetSecretDraft(user, key)
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
  const stored = photos.flatMap((photo, place) => {
    const blob = blobs[place]
    return blob ? [{ photo, blob }] : []
  })
  return [...stored, ...(secrets.get(`${user} ${key}`)?.photos ?? [])]
}

export async function writeDraftPhoto(user: string, photo: OutboxPhoto, blob: PhotoBytes): Promise<void> {
  if (photo.draft !== null && (await isSecret(user, photo.draft))) {
    held(user, photo.draft).photos.push({ photo, blob })
    return
  }
  const outbox = openOutbox(user)
  await write(outbox, (tx) => Promise.all([tx.photos.put(photo), tx.blobs.put(blob)]), ['photos', 'blobs'])
}

export async function dropPhoto(user: string, id: string): Promise<void> {
  for (const one of secrets.values()) one.photos = one.photos.filter(({ photo }) => photo.id !== id)
  const outbox = openOutbox(user)
  await write(outbox, async (tx) => {
    await tx.photos.delete(id)
    await tx.blobs.delete(id)
  })
}
