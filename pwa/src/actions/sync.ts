/** A person asks for a sync now and wants to know how it went. */
import { getValue, openBase } from '../local/db'
import type { SyncStatus } from '../local/records'
import { session } from '../local/session'
import { askForSync } from '../sync/outbox'

const LOOK_EVERY_MS = 150
const PATIENCE_MS = 30_000

/** `done` only when the server was reached after the call; `offline` is everything else but a session that is over. */
export async function syncNow(): Promise<'done' | 'offline' | 'signed_out'> {
  const user = session()?.user.id
  if (user === undefined || session()?.state !== 'live') return 'signed_out'
  const before = await status(user)
  const until = performance.now() + PATIENCE_MS
  askForSync(true)
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    if (session()?.state !== 'live') return 'signed_out'
    const now = await status(user)
    if (now?.trouble && now.trouble.at !== before?.trouble?.at) return 'offline'
    if (now?.lastContactAt !== before?.lastContactAt) return 'done'
  }
  return 'offline'
}

function status(user: string): Promise<SyncStatus | undefined> {
  return getValue<SyncStatus>(openBase(user).meta, 'status')
}
