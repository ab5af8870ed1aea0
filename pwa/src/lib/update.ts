/** The service worker: registered, and a new version announced; it takes over only when the person says so. */

import { SKIP_WAITING } from './workerMessages'

type Listener = (ready: boolean) => void

const LOOK_EVERY_MS = 3_600_000

let waiting: ServiceWorker | undefined
const listeners = new Set<Listener>()

export function isUpdateReady(): boolean {
  return waiting !== undefined
}

/** Called when a new version waits. Returns the way to stop. */
export function onUpdate(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Switch to the new version: the page reloads, outbox and drafts stay where they are. */
export function applyUpdate(): void {
  const next = waiting
  if (!next) return
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    location.reload()
  })
  next.postMessage({ type: SKIP_WAITING })
}

/** Never throws: without a service worker (plain http on another host) the app works, only not cold and offline. */
export async function registerWorker(): Promise<ServiceWorkerRegistration | undefined> {
  const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer }
  if (!serviceWorker || !import.meta.env.PROD) return undefined
  try {
    const registration = await serviceWorker.register('/sw.js', { scope: '/' })
    follow(registration, serviceWorker)
    return registration
  } catch (error) {
    console.warn('no service worker', error)
    return undefined
  }
}

function follow(registration: ServiceWorkerRegistration, container: ServiceWorkerContainer): void {
  const look = (worker: ServiceWorker | null): void => {
    // The first worker of all has nothing to replace.
    if (!worker || !container.controller) return
    announce(worker)
  }
  look(registration.waiting)
  registration.addEventListener('updatefound', () => {
    const coming = registration.installing
    coming?.addEventListener('statechange', () => {
      if (coming.state === 'installed') look(coming)
    })
  })
  const ask = (): void => {
    registration.update().catch(() => undefined) // no network
  }
  setInterval(ask, LOOK_EVERY_MS)
  let askedAt = Date.now()
  document.addEventListener('visibilitychange', () => {
    if (document.hidden || Date.now() - askedAt < LOOK_EVERY_MS / 4) return
    askedAt = Date.now()
    ask()
  })
}

function announce(worker: ServiceWorker): void {
  waiting = worker
  for (const listener of [...listeners]) listener(true)
}
