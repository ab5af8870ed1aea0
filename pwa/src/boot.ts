/**
 * Starts what runs beside the screens: the session from the phone (no network needed), the sync for whoever is
 * signed in, the clock's offset, the storage facts and the service worker.
 */
import { effectScope, watch } from 'vue'
import { keepPush } from './actions/push'
import { confirmSession, restore } from './actions/session'
import { worksInField } from './components/roles'
import { language } from './lib/i18n'
import { setClockOffset } from './lib/time'
import { registerWorker } from './lib/update'
import { OPEN_PATH } from './lib/workerMessages'
import { openOutbox } from './local/db'
import { liveTickets } from './local/live'
import { onSession, session } from './local/session'
import { measureStorage } from './local/storage'
import { loadTicket, router } from './router'
import { SYNC_TAG } from './sync/background'
import { askBrowserToo, type BackgroundSync } from './sync/backgroundSync'
import { relaySync } from './sync/outbox'
import { startSync } from './sync/run'
import { followSample } from './sync/sample'

const MEASURE_EVERY_MS = 5 * 60_000

/** Resolves as soon as the screens can be drawn: after one read of the phone's own store. */
export async function boot(): Promise<void> {
  listenToWorker()
  await restore()
  const list = readAhead()
  await list.asked
  followClock()
  onSession(followClock)
  whenDrawn(list.read, () => {
    list.stop()
    loadTicket().catch(() => undefined) // a tap tries again, and says so
    follow()
    onSession(follow)
    void confirmSession()
    void measureStorage()
    setInterval(() => void measureStorage(), MEASURE_EVERY_MS)
    void wireWorker()
  })
}

interface Ahead {
  /** Resolves when the disk has been asked for the rows: making the screen would hold up the question. */
  asked: Promise<unknown>
  /** Resolves when they are there. */
  read: Promise<void>
  stop: () => void
}

/** The list that field work begins with is read while its screen is still being made. */
function readAhead(): Ahead {
  const scope = effectScope(true)
  const stop = (): void => {
    scope.stop()
  }
  const me = session()?.user
  if (!me || !worksInField(me)) return { asked: Promise.resolve(), read: Promise.resolve(), stop }
  const read = new Promise<void>((resolve) => {
    scope.run(() => {
      watch(liveTickets(), (found) => found && resolve(), { immediate: true })
    })
  })
  // Behind the list's own question about waiting work, which comes before the one about the rows (local/tickets.ts).
  return { asked: openOutbox(me.id).ops.count(), read, stop }
}

const DRAWN_AFTER_MS = 1_500

/** What is not needed for the first screen waits until it stands: an old phone has one hand for both. */
function whenDrawn(read: Promise<void>, work: () => void): void {
  const { requestIdleCallback: whenIdle } = globalThis as Partial<Pick<Window, 'requestIdleCallback'>>
  const late = new Promise((resolve) => setTimeout(resolve, DRAWN_AFTER_MS))
  void Promise.race([read, late]).then(() => {
    if (whenIdle) whenIdle(work, { timeout: DRAWN_AFTER_MS })
    else setTimeout(work, DRAWN_AFTER_MS / 5) // Safari
  })
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
  void keepPush()
  running = { user, stop: startSync(user, { fetch: (input, init) => fetch(input, init), language }) }
}

let clock: { user: string; stop: () => void } | undefined

/** The server's time for whoever uses the phone, signed in still or not. */
function followClock(): void {
  const user = session()?.user.id
  if (clock?.user === user) return
  clock?.stop()
  clock = undefined
  if (user === undefined) return
  const stop = followSample(user, (sample) => {
    if (sample) setClockOffset(sample.offsetMs)
  })
  clock = { user, stop }
}

/** From the start: what the worker says to a page that is not listening yet is lost. */
function listenToWorker(): void {
  const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer }
  serviceWorker?.addEventListener('message', (event: MessageEvent<{ type?: string; path?: string } | null>) => {
    const { type, path } = event.data ?? {}
    if (type === SYNC_TAG) relaySync()
    // A notification was tapped: its alert is shown, in this page.
    if (type === OPEN_PATH && path?.startsWith('/')) void router.isReady().then(() => router.push(path))
  })
}

async function wireWorker(): Promise<void> {
  const registration = await registerWorker()
  if (!registration) return
  // Where there is Background Sync, the browser sends the rest after the app is closed.
  const { sync } = registration as { sync?: BackgroundSync }
  if (sync) askBrowserToo(sync)
}
