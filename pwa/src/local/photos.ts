/** Own photos that are still on this phone, and where to look for the others. */
import { openOutbox } from './db'
import { session } from './session'

/** An own photo that is still on this phone (offline, or not sent yet); undefined when it is not. */
export async function localPhoto(id: string, size: 'thumb' | 'full' = 'thumb'): Promise<Blob | undefined> {
  const user = session()?.user.id
  const kept = user === undefined ? undefined : await openOutbox(user).blobs.get(id)
  if (!kept) return undefined
  return new Blob([size === 'thumb' && kept.thumb ? kept.thumb : kept.data], { type: 'image/jpeg' })
}

/**
 * A URL for an `<img>`: the copy on this phone (a `blob:` URL, to be revoked by the caller) or else the server's,
 * which needs the network and the ticket's rights.
 */
export async function photoUrl(id: string, size: 'thumb' | 'full' = 'thumb'): Promise<string> {
  const blob = await localPhoto(id, size)
  if (blob) return URL.createObjectURL(blob)
  return `/api/v1/photos/${encodeURIComponent(id)}${size === 'thumb' ? '?size=thumb' : ''}`
}
