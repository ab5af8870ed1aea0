/** What a person does about an alert in the open app, and what the page leaves for the service worker. */
import type { AlertView } from '../domain/alerts'
import { tapNow } from '../lib/clock'
import { ALERTS_CHANGED, KEPT_DUTY_PHONE, KEPT_LANGUAGE } from '../lib/workerMessages'
import { openApp, setValue } from '../local/db'
import { userId } from '../local/session'
import { acknowledge, noteReceipt, sendReceiptsNow } from '../sync/alerts'
import { askForSync } from '../sync/outbox'
import { ActError } from './tickets'

const fetcher: typeof fetch = (input, init) => fetch(input, init)

/** 收到: resolves when it is on the disk, long before it is sent. Throws `ActError`. */
export async function ackAlert(alert: Pick<AlertView, 'id'>): Promise<void> {
  const tap = tapNow()
  try {
    await acknowledge(userId(), alert.id, tap)
  } catch (error) {
    const { name, inner } = error as { name?: string; inner?: { name?: string } }
    const full = name === 'QuotaExceededError' || inner?.name === 'QuotaExceededError'
    throw Object.assign(new ActError(full ? 'storage_full' : 'storage_failed'), { cause: error })
  }
  lookAtNotifications()
}

/** Send what waits now. */
export function sendAgain(): void {
  askForSync(true)
}

/** Tell the server that this alert is on this screen: at once, or with the next contact. */
export async function tellSeen(alerts: readonly Pick<AlertView, 'id'>[]): Promise<void> {
  const user = userId()
  const at = Date.now()
  for (const { id } of alerts) {
    await noteReceipt({ user, alert: id, channel: 'app', state: document.hidden ? 'delivered' : 'seen', at })
  }
  await sendReceiptsNow(user, fetcher)
}

/** The notifications on this device may say something that is no longer so. */
export function lookAtNotifications(): void {
  const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer }
  serviceWorker?.controller?.postMessage({ type: ALERTS_CHANGED })
}

/** The worker speaks without a page, and in the person's language. */
export async function keepForWorker(facts: { language?: string; dutyPhone?: string | null }): Promise<void> {
  const { kv } = openApp()
  if (facts.language !== undefined) await setValue(kv, KEPT_LANGUAGE, facts.language)
  if (facts.dutyPhone !== undefined) await setValue(kv, KEPT_DUTY_PHONE, facts.dutyPhone)
}
