/** A worker's surroundings: notifications that are remembered, pages that keep what they are told. */
import { vi } from 'vitest'
import { tapNow } from '../../src/lib/clock'
import type { Desk } from '../../src/sw/alerts'
import type { Drawn } from '../../src/sw/notices'

export interface Shelf extends Desk {
  /** Every notification shown, in order. */
  drawn: Drawn[]
  /** What stands on the lock screen now, by tag. */
  standing: Map<string, Drawn>
  told: unknown[]
  opened: string[]
}

export function makeDesk(fetcher: typeof fetch, pages = 0): Shelf {
  const standing = new Map<string, Drawn>()
  const drawn: Drawn[] = []
  const told: unknown[] = []
  const opened: string[] = []
  const asNotification = (tag: string, shown: Drawn) =>
    ({ title: shown.title, body: shown.options.body, data: shown.options.data, close: () => standing.delete(tag) }) as unknown as Notification
  const page = { visibilityState: 'visible', postMessage: (message: unknown) => told.push(message), focus: () => Promise.resolve() }
  return {
    registration: {
      showNotification: (title, options) => {
        const shown = { title, options } as Drawn
        drawn.push(shown)
        standing.set(shown.options.tag ?? '', shown)
        return Promise.resolve()
      },
      getNotifications: (filter?: { tag?: string }) =>
        Promise.resolve(
          [...standing].filter(([tag]) => filter?.tag === undefined || filter.tag === tag).map(([tag, shown]) => asNotification(tag, shown)),
        ),
      pushManager: {} as PushManager,
      sync: { register: vi.fn(() => Promise.resolve()) },
    },
    pages: () => Promise.resolve(Array.from({ length: pages }, () => page)),
    openWindow: (path) => {
      opened.push(path)
      return Promise.resolve()
    },
    fetch: fetcher,
    tap: tapNow,
    // “已送达” is not read here; everything else has time enough.
    later: (ms) => new Promise((resolve) => setTimeout(resolve, ms === 8_000 ? 0 : 500)),
    ...{ drawn, standing, told, opened },
  }
}

export function clickOn(desk: Shelf, alert: string): Pick<Notification, 'close' | 'data'> {
  const shown = desk.standing.get(alert)
  return { data: shown?.options.data, close: () => void desk.standing.delete(alert) }
}
