/** The worker's events, wired to what they do. */
import { tapNow } from '../lib/clock'
import { ALERTS_CHANGED } from '../lib/workerMessages'
import { onClick, onPush, onSubscriptionChange, refresh, type Desk } from './alerts'

/** Not in TypeScript's library. */
interface SubscriptionChange extends ExtendableEvent {
  newSubscription?: PushSubscription | null
}

/** Listen for everything that has to do with alerts. Returns a look at the notifications, for after a sync. */
export function wireAlerts(worker: ServiceWorkerGlobalScope): () => Promise<void> {
  const desk: Desk = {
    registration: worker.registration,
    pages: () => worker.clients.matchAll({ type: 'window', includeUncontrolled: true }),
    openWindow: (path) => worker.clients.openWindow(path),
    fetch: (input, init) => fetch(input, init),
    tap: tapNow,
    later: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  }
  worker.addEventListener('push', (event) => {
    event.waitUntil(onPush(desk, textOf(event.data)))
  })
  worker.addEventListener('notificationclick', (event) => {
    event.waitUntil(onClick(desk, event.notification, event.action))
  })
  worker.addEventListener('pushsubscriptionchange', (event) => {
    const change = event as SubscriptionChange
    change.waitUntil(onSubscriptionChange(desk, change.newSubscription))
  })
  worker.addEventListener('message', (event) => {
    if ((event.data as { type?: string } | null)?.type === ALERTS_CHANGED) event.waitUntil(refresh(desk))
  })
  return () => refresh(desk)
}

function textOf(data: PushMessageData | null): string | undefined {
  try {
    return data?.text()
  } catch {
    return undefined
  }
}
