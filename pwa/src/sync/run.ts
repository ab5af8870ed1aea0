/** Syncing in a tab: who leads, and what wakes the loop. */
import { liveQuery } from 'dexie'
import { openBase, openOutbox } from '../local/db'
import { contextOf } from './context'
import { seekLead } from './leader'
import { Loop } from './loop'
import { onAskForSync } from './outbox'
import { listenForPokes } from './pokes'
import { Transport, type Net } from './transport'

/** Sync for this user until the returned function is called. */
export function startSync(user: string, net: Net): () => void {
  return seekLead(user, (lost) => {
    const outbox = openOutbox(user)
    const loop = new Loop(contextOf(openBase(user), outbox, new Transport(net, user)))
    const stops = [
      onAskForSync(({ force }) => {
        loop.wake(force)
      }),
      listenForPokes(
        () => {
          loop.wake()
        },
        (open) => {
          loop.poked = open
        },
      ),
      wakeOnEvents(loop),
      wakeOnForeignWork(user, loop),
    ]
    lost.addEventListener('abort', () => {
      for (const stop of stops) stop()
      void loop.stop()
    })
    loop.wake()
  })
}

function wakeOnEvents(loop: Loop): () => void {
  const wake = (): void => {
    loop.wake()
  }
  const wakeIfSeen = (): void => {
    if (!document.hidden) loop.wake()
  }
  window.addEventListener('online', wake)
  window.addEventListener('pageshow', wake)
  document.addEventListener('visibilitychange', wakeIfSeen)
  return () => {
    window.removeEventListener('online', wake)
    window.removeEventListener('pageshow', wake)
    document.removeEventListener('visibilitychange', wakeIfSeen)
  }
}

/** Work that a tab without BroadcastChannel or the service worker stored shows only in the database. */
function wakeOnForeignWork(user: string, loop: Loop): () => void {
  let highest = Infinity
  const watch = liveQuery(async () => (await openOutbox(user).ops.orderBy('n').last())?.n ?? 0).subscribe((n) => {
    if (n > highest) loop.wake()
    highest = n
  })
  return () => {
    watch.unsubscribe()
  }
}
