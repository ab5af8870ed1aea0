/**
 * Work on confidential tickets lives in memory only (SYNC.md "Confidential tickets"). The outbox record holds its
 * place in the count; the content is told to the tab that syncs over a channel and dies with the tabs. A place
 * whose content is gone goes up as `void`.
 */
import { openChannel } from '../lib/channel'
import type { WireOp } from '../local/db'

type Content = Pick<WireOp, 'name' | 'v' | 'subject' | 'base' | 'at' | 'args' | 'clock'>

const contents = new Map<string, Content>()
const channel = openChannel('jiban-secrets')

channel?.addEventListener('message', (event) => {
  const { id, content } = event.data as { id: string; content?: Content }
  if (content) contents.set(id, content)
  else contents.delete(id)
})

export function keepSecret(id: string, content: Content): void {
  contents.set(id, content)
  channel?.postMessage({ id, content })
}

export function readSecret(id: string): Content | undefined {
  return contents.get(id)
}

export function forgetSecret(id: string): void {
  if (!contents.delete(id)) return
  channel?.postMessage({ id })
}
