import '@/lib/polyfills'
import { ExpirationPlugin } from 'workbox-expiration'
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from 'workbox-precaching'
import { NavigationRoute, registerRoute } from 'workbox-routing'
import { CacheFirst } from 'workbox-strategies'
import { SKIP_WAITING } from '@/lib/workerMessages'
import { SYNC_TAG, syncInBackground } from '@/sync/background'
import { wireAlerts } from '@/sw/wire'

declare const self: ServiceWorkerGlobalScope

// The app's own files, and the shell for every page of it. Nothing below /api is ever answered from a cache.
cleanupOutdatedCaches()
precacheAndRoute(self.__WB_MANIFEST)
registerRoute(new NavigationRoute(createHandlerBoundToURL('/index.html'), { denylist: [/^\/api\//, /^\/(health|metrics)$/] }))

// The office's files are not fetched in advance, but a page of it that was opened once also opens without network.
// Their names carry their content, so what is kept is never stale.
const OFFICE_FILES_MAX = 80
registerRoute(
  ({ url }) => url.pathname.startsWith('/assets/office/'),
  new CacheFirst({ cacheName: 'office', plugins: [new ExpirationPlugin({ maxEntries: OFFICE_FILES_MAX })] }),
)

self.addEventListener('activate', (event) => {
  event.waitUntil(self.clients.claim())
})

// A new version waits until the person has said yes (lib/update.ts). The databases are not touched by any of this.
self.addEventListener('message', (event) => {
  if ((event.data as { type?: string } | null)?.type === SKIP_WAITING) void self.skipWaiting()
})

const lookAtNotifications = wireAlerts(self)

self.addEventListener('sync', (event) => {
  const sync = event as ExtendableEvent & { tag: string }
  if (sync.tag === SYNC_TAG) sync.waitUntil(syncNow())
})

/** An open page syncs by itself; only with none open is it the worker's turn. */
async function syncNow(): Promise<void> {
  const pages = await self.clients.matchAll({ type: 'window' })
  for (const page of pages) page.postMessage({ type: SYNC_TAG })
  if (!pages.some((page) => page.visibilityState === 'visible')) {
    try {
      await syncInBackground((input, init) => fetch(input, init))
    } finally {
      await lookAtNotifications()
    }
  }
}
