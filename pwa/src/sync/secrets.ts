/**
 * Work on confidential tickets lives in memory only (SYNC.md "Confidential tickets"). The outbox record holds its
 * place in the count; the content is told to the tab that syncs over a channel and dies with the tabs. A place
 * whose content is gone goes up as `void`. The bytes of its photos go the same way.
 */
import { openChannel } from '../lib/channel'
import type { WireOp } from '../local/db'

type Content = Pick<WireOp, 'name' | 'v' | 'subject' | 'base' | 'at' | 'args' | 'clock'>

interface Told {
  id: string
  content?: Content
  bytes?: ArrayBuffer
}

const contents = new Map<string, Content>()
const photos = new Map<string, ArrayBuffer>()
const channel = openChannel('jiban-secrets')

channel?.addEventListener('message', (event) => {
  const { id, content, bytes } = event.data as Told
  if (content) contents.set(id, content)
  else contents.delete(id)
  if (bytes) photos.set(id, bytes)
  else photos.delete(id)
})

export function keepSecret(id: string, content: Content): void {
  contents.set(id, content)
  channel?.postMessage({ id, content })
}

export function readSecret(id: string): Content | undefined {
  return contents.get(id)
}

export function keepSecretPhoto(id: string, bytes: ArrayBuffer): void {
  photos.set(id, bytes)
  channel?.postMessage({ id, bytes })
}

export function readSecretPhoto(id: string): ArrayBuffer | undefined {
  return photos.get(id)
}

/** @param id of an operation or a photo */
export function forgetSecret(id: string): void {
  const known = [contents.delete(id), photos.delete(id)]
  if (known.includes(true)) channel?.postMessage({ id })
}
