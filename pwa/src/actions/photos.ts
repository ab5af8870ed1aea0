/** A picture made ready for the outbox: read, shrunk, watermarked, hashed (see photo/). */
import type { OutboxPhoto } from '../local/records'
import { dropPhoto, readDraftPhotos, writeDraftPhoto } from '../local/drafts'
import { userId } from '../local/session'
import { prepare } from './photo/prepare'

export interface Watermark {
  ticketNo: string
  place: string
  name: string
  /** The moment printed when the picture itself does not say when it was taken (ms UTC). */
  at: number
}

export interface PreparedPhoto {
  id: string
  sha256: string
  bytes: number
  width: number
  height: number
  /** RFC 3339. */
  taken_at: string
  lat?: number
  lng?: number
  blob: Blob
  /** An object URL; call `releasePhoto` when it is no longer shown. */
  thumbUrl: string
}

/**
 * Make a picture ready and keep it on the phone as part of a draft, so that it survives a killed app.
 * @param draft the draft's key (as for `useDraft`)
 * Throws `PhotoError` with code `not_an_image`, `too_many_pixels` or `storage_full`.
 */
export async function preparePhoto(file: Blob, watermark: Watermark, draft: string): Promise<PreparedPhoto> {
  const made = await prepare(file, watermark)
  const { blob, thumb, data, thumbData, ...facts } = made
  const record: OutboxPhoto = {
    ...facts,
    op: null,
    ticket: null,
    draft,
    state: 'draft',
    mime: 'image/jpeg',
    offset: 0,
    tries: 0,
    nextTryAt: 0,
    storedAt: Date.now(),
  }
  await writeDraftPhoto(userId(), record, { id: facts.id, data, thumb: thumbData })
  return { ...facts, blob, thumbUrl: URL.createObjectURL(thumb) }
}

/** Photos of a draft that an earlier life of the app left. */
export async function draftPhotos(draft: string): Promise<PreparedPhoto[]> {
  const found = await readDraftPhotos(userId(), draft)
  return found.map(({ photo, blob }) => {
    const { id, sha256, bytes, width, height, taken_at, lat, lng, mime } = photo
    const thumb = new Blob([blob.thumb ?? blob.data], { type: mime })
    const prepared: PreparedPhoto = {
      ...{ id, sha256, bytes, width, height, taken_at },
      blob: new Blob([blob.data], { type: mime }),
      thumbUrl: URL.createObjectURL(thumb),
    }
    return lat === undefined || lng === undefined ? prepared : { ...prepared, lat, lng }
  })
}

/** Take a photo back out of its draft. */
export async function discardPhoto(photo: PreparedPhoto): Promise<void> {
  releasePhoto(photo)
  await dropPhoto(userId(), photo.id)
}

export function releasePhoto(photo: PreparedPhoto): void {
  URL.revokeObjectURL(photo.thumbUrl)
}
