/**
 * What a notification says at each moment of an alert. Pure: from what the worker knows to a title and options.
 * Nothing of the ticket's content is ever in it: a notification is read on a locked screen, by anybody.
 */
import type { Words } from './words'

/** How the alert stands on this device. */
export type Stage =
  | { is: 'ring' }
  | { is: 'taken' }
  | { is: 'ended' }
  | { is: 'sending' }
  | { is: 'unsent' }
  | { is: 'sign_in' }
  | { is: 'refused' }
  | { is: 'delivered'; at: number }

export interface Notice {
  alert: string
  kind: string
  /** From the row once it is here; 0 before. */
  rung: number
  drill: boolean
  /** He is told, not asked, or the kind asks nothing: no 收到 from here. */
  asks: boolean
  phone: string | null
  /** Sound and vibrate again, though a notification of this alert is there. */
  anew: boolean
}

/** What a click on a notification finds in it. */
export interface NoticeData {
  alert: string | null
  kind: string
  stage: Stage['is']
  rung: number
  drill: boolean
  asks: boolean
}

/** WebWorker's type lacks what Chromium has. */
export interface NoticeOptions extends NotificationOptions {
  renotify?: boolean
  vibrate?: number[]
  actions?: { action: string; title: string }[]
  timestamp?: number
  data: NoticeData
}

export interface Drawn {
  title: string
  options: NoticeOptions
}

const ICON = '/icons/icon-192.png'
export const VIBRATION = [600, 200, 600, 200, 1_200]
const MINUTE_MS = 60_000
const SHANGHAI_MS = 8 * 3_600_000

export function draw(stage: Stage, notice: Notice, t: Words): Drawn {
  const { alert, kind, rung, drill, asks, anew } = notice
  const rings = stage.is === 'ring'
  return {
    title: (drill ? (t('push.drill') ?? '') : '') + (t(`push.kind.${kind}`) ?? t('push.kind.unknown') ?? ''),
    options: {
      body: bodyOf(stage, notice, t),
      tag: alert,
      icon: ICON,
      badge: ICON,
      requireInteraction: rings || stage.is === 'unsent' || stage.is === 'sign_in' || stage.is === 'refused',
      silent: !rings && stage.is !== 'unsent' && stage.is !== 'sign_in',
      ...(rings && anew ? { renotify: true, vibrate: VIBRATION } : {}),
      actions: actionsOf(stage, notice, t),
      data: { alert, kind, stage: stage.is, rung, drill, asks },
    },
  }
}

/** For a message that cannot be read: nobody may miss an emergency over a broken payload. */
export function drawUnknown(t: Words): Drawn {
  return {
    title: t('push.kind.unknown') ?? '',
    options: {
      body: t('push.body.open') ?? '',
      tag: 'unknown',
      icon: ICON,
      badge: ICON,
      requireInteraction: true,
      renotify: true,
      vibrate: VIBRATION,
      data: { alert: null, kind: 'unknown', stage: 'ring', rung: 0, drill: false, asks: false },
    },
  }
}

function bodyOf(stage: Stage, { kind, rung, asks, phone }: Notice, t: Words): string {
  switch (stage.is) {
    case 'ring':
      if (kind === 'test') return t('push.body.test') ?? ''
      if (rung > 0 && asks) return t('push.body.again', { n: rung + 1 }) ?? ''
      return t(asks ? 'push.body.ring' : 'push.body.open') ?? ''
    case 'delivered':
      return t('push.body.delivered', { at: hourMinute(stage.at) }) ?? ''
    case 'unsent':
      return (phone ? t('push.body.unsent', { phone }) : t('push.body.unsentNoPhone')) ?? ''
    case 'taken':
      return t(kind === 'direct_report' ? 'push.body.takenReport' : 'push.body.taken') ?? ''
    case 'sign_in':
      return t('push.body.signIn', { phone: phone ?? '' }) ?? ''
    default:
      return t(`push.body.${stage.is}`) ?? ''
  }
}

function actionsOf(stage: Stage, { asks, kind }: Notice, t: Words): { action: string; title: string }[] {
  const named = (...names: string[]) => names.map((action) => ({ action, title: t(`push.action.${action}`) ?? action }))
  if (kind === 'test') return []
  if (stage.is === 'ring') return asks ? named('ack', 'open') : named('open')
  if (stage.is === 'unsent') return named('retry', 'call')
  if (stage.is === 'sign_in') return named('open', 'call')
  // A direct report that somebody else has is still theirs to look at.
  return stage.is === 'refused' || (stage.is === 'taken' && kind === 'direct_report') ? named('open') : []
}

/** “14:02” in Shanghai. */
function hourMinute(ms: number): string {
  const minutes = Math.floor((ms + SHANGHAI_MS) / MINUTE_MS) % (24 * 60)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

/** What is remembered of a notification shown: to tell a repeated message from a new rung. */
export interface Shown {
  rung: number
  /** Device ms. */
  at: number
}

/** A message of the same rung that the push service brings twice comes within moments; a rung takes minutes. */
const REPEATED_WITHIN_MS = 20_000

/**
 * Does it ring again? The message does not name its rung: the row does, once it is here (`rung` undefined before).
 * Rather once too often than never.
 */
export function ringsAnew(shown: Shown | undefined, rung: number | undefined, nowMs: number): boolean {
  if (!shown) return true
  if (rung !== undefined) return rung > shown.rung
  return Math.abs(nowMs - shown.at) > REPEATED_WITHIN_MS
}
