/** Background Sync: the service worker sends what a closed app left. */
import { getValue, openApp, openBase, openOutbox, type Session } from '../local/db'
import { contextOf } from './context'
import { cycle } from './loop'
import { countUnsent } from './push'
import { Transport } from './transport'

export const SYNC_TAG = 'jiban-outbox'

/**
 * One cycle for the signed-in person. Rejects when something is still unsent, so that the engine tries again
 * later. A tab may be at it at the same time; two at once are harmless.
 */
export async function syncInBackground(fetcher: typeof fetch): Promise<void> {
  const session = await getValue<Session>(openApp().kv, 'session')
  if (session?.state !== 'live') return
  const user = session.user.id
  const ctx = contextOf(openBase(user), openOutbox(user), new Transport({ fetch: fetcher }, user))
  const end = await cycle(ctx)
  if (!end.ok || (await countUnsent(ctx)) > 0) throw new Error('not everything is sent')
}
