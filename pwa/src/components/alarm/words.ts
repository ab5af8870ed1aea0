/** The words that alerts share on screens: kind, what happened to it, how its 收到 travels. */
import type { AlertView } from '@/domain/alerts'
import type { Translate } from '@/lib/format'
import { isKey } from '@/lib/i18n'

/** A task is called for by the ladder of a muster, and named what it is. */
export function kindWords(t: Translate, alert: Pick<AlertView, 'kind' | 'task'>): string {
  const key = `alarm.kind.${alert.task ? 'task' : alert.kind}`
  return isKey(key) ? t(key) : t('alarm.kind.unknown')
}

/** “闸口村 振兴路12号”; the village is not said twice. */
export function whereWords(alert: AlertView): string {
  const village = alert.village ?? ''
  const address = alert.ticket?.address ?? ''
  return address.startsWith(village) ? address || village : [village, address].filter(Boolean).join(' ')
}

/** So long an acknowledgement may take before the person is told to phone. */
const PATIENCE_MS = 6_000

/**
 * What DutyCall shows of an acknowledgement. A request that hangs is no reason to wait: with the radio off engines
 * leave it hanging for half a minute.
 */
export function sendState(alert: AlertView, nowMs: number): 'idle' | 'unsent' | 'sending' | 'delivered' {
  if (!alert.ack || alert.ack.status === 'refused') return 'idle'
  if (alert.ack.status === 'delivered') return 'delivered'
  return nowMs - Date.parse(alert.ack.at) < PATIENCE_MS ? 'sending' : 'unsent'
}

/** Somebody else has it. A direct report stays the leaders' and the duty room's: it is for their information. */
export function takenWords(t: Translate, alert: AlertView): string {
  const name = alert.acked_by?.name
  if (alert.kind === 'direct_report') {
    const key = name !== undefined && alert.acked_by?.role === 'duty_room' ? 'alarm.taken.duty' : 'alarm.taken.report'
    return t(key, { name: name ?? t('alarm.taken.somebody') })
  }
  const end = t(alert.posts?.includes('backup') && !alert.posts.includes('worker') ? 'alarm.taken.backup' : 'alarm.taken.free')
  return t('alarm.taken.by', { name: name ?? t('alarm.taken.somebody'), end })
}
