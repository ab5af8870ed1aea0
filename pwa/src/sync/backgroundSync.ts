/** Page and service worker over Background Sync: who wakes whom, without either waking the other for ever. */
import { SYNC_TAG } from './background'
import { onAskForSync } from './outbox'

/** What the browser offers for it; Safari and Firefox offer nothing. */
export interface BackgroundSync {
  register: (tag: string) => Promise<void>
}

/**
 * Whenever something is to be sent, the browser is asked to send it should the app be closed meanwhile. What the
 * worker itself passes on is not asked for again: it would answer at once, and so on until the battery is empty.
 * Returns the way to stop.
 */
export function askBrowserToo(sync: BackgroundSync): () => void {
  return onAskForSync(({ relayed }) => {
    if (!relayed) sync.register(SYNC_TAG).catch(() => undefined) // not permitted
  })
}
