import { describe, expect, it } from 'vitest'
import { askBrowserToo } from '@/sync/backgroundSync'
import { askForSync, onAskForSync, relaySync } from '@/sync/outbox'

describe('Background Sync', () => {
  it('is asked for once when something is to be sent, however often the worker passes it on', async () => {
    let registered = 0
    let woken = 0
    // As a browser with a line does: the worker gets its event at once and tells the page.
    const register = (): Promise<void> => {
      registered += 1
      if (registered > 20) return Promise.resolve()
      return Promise.resolve().then(relaySync)
    }
    const stop = askBrowserToo({ register })
    const stopCounting = onAskForSync(() => (woken += 1))
    askForSync()
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve()
    expect(registered).toBe(1)
    expect(woken).toBe(2)
    stop()
    stopCounting()
  })

  it('does without where the browser does not permit it', async () => {
    const stop = askBrowserToo({ register: () => Promise.reject(new DOMException('no', 'NotAllowedError')) })
    askForSync()
    await Promise.resolve()
    stop()
  })
})
