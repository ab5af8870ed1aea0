/**
 * Starts what runs beside the screens: the session from the phone (no network needed), the sync for whoever is
 * signed in, the clock's offset, the storage facts and the service worker.
 */
import { liveQuery } from 'dexie'
import { confirmSession, restore } from './actions/session'
import type { Sample } from './lib/clock'
import { language } from './lib/i18n'
import { setClockOffset } from './lib/time'
import { registerWorker } from './lib/update'
import { getValue, openBase } from './local/db'
import { onSession, session } from './local/session'
import { measureStorage } from './local/storage'
import { SYNC_TAG } from './sync/background'
import { askForSync, onAskForSync } from './sync/outbox'
import { startSync } from './sync/run'

const MEASURE_EVERY_MS = 5 * 60_000

/** Resolves as soon as the screens can be drawn: after one read of the phone's own store. */
export async function boot(): Promise<void> {
  await restore()
  follow()
  onSession(follow)
  void confirmSession()
  void measureStorage()
  setInterval(() => void measureStorage(), MEASURE_EVERY_MS)
  void wireWorker()
}

let running: { user: string; stop: () => void } | undefined

/** Sync runs exactly for the signed-in user, and not while he has to sign in again. */
function follow(): void {
  const current = session()
  const user = current?.state === 'live' ? current.user.id : undefined
  if (running?.user === user) return
  running?.stop()
  running = undefined
  if (user === undefined) return
  const stopSync = startSync(user, { fetch: (input, init) => fetch(input, init), language })
  const offset = liveQuery(() => getValue<Sample>(openBase(user).meta, 'sample')).subscribe((sample) => {
    if (sample) setClockOffset(sample.offsetMs)
  })
  const stop = (): void => {
    stopSync()
    offset.unsubscribe()
  }
  running = { user, stop }
}

async function wireWorker(): Promise<void> {
  const registration = await registerWorker()
  if (!registration) return
  navigator.serviceWorker.addEventListener('message', (event: MessageEvent<{ type?: string } | null>) => {
    if (event.data?.type === SYNC_TAG) askForSync(true)
  })
  // Where there is Background Sync, the browser sends the rest after the app is closed.
  const { sync } = registration as { sync?: { register: (tag: string) => Promise<void> } }
  if (!sync) return
  onAskForSync(() => {
    sync.register(SYNC_TAG).catch(() => undefined) // not permitted
  })
}
