/**
 * The worker's part in an alert: show it, take 收到 from it, and never let it look done before the server has it.
 * Everything of the browser comes in through `Desk`, so that it runs in tests as it stands.
 */
import type { Tap } from '../lib/clock'
import { KEPT_DUTY_PHONE, KEPT_LANGUAGE, OPEN_PATH, PUSH_CHANGED, PUSH_TEST } from '../lib/workerMessages'
import { getValue, openApp, openBase, setValue, type Session } from '../local/db'
import { ackState, acknowledge, noteReceipt, sendReceiptsNow } from '../sync/alerts'
import { SYNC_TAG, syncInBackground } from '../sync/background'
import { pushOwner, registerSubscription, serverKey, subscribed } from '../sync/pushService'
import { draw, drawUnknown, ringsAnew, type Drawn, type Notice, type NoticeData, type Shown, type Stage } from './notices'
import { parsePayload, type Payload } from './payload'
import { wordsIn, type Words } from './words'

/** How long a tap on 收到 waits for the server before it says 未送达. */
const SEND_MS = 6_000
const PULL_MS = 20_000
/** The phone's store may hang (an old tab blocks it, a disk is busy) or be broken: a notification waits no longer for it. */
const STORE_MS = 1_500
/** “已送达” is read, then it goes. */
const DONE_SHOWN_MS = 8_000
const SHOWN = 'worker.shown.'
const SHOWN_KEPT_MS = 3 * 86_400_000

interface Page {
  visibilityState: string
  postMessage: (message: unknown) => void
  focus: () => Promise<unknown>
}

export interface Desk {
  registration: Pick<ServiceWorkerRegistration, 'getNotifications' | 'pushManager'> & {
    showNotification: (title: string, options?: Drawn['options']) => Promise<void>
    sync?: { register: (tag: string) => Promise<void> }
  }
  pages: () => Promise<readonly Page[]>
  openWindow: (path: string) => Promise<unknown>
  fetch: typeof fetch
  tap: () => Tap
  later: (ms: number) => Promise<void>
}

/** The alert's row, as far as a notification may know it. */
interface RowFacts {
  rung: number
  drill: boolean
  informed: boolean
  state: 'open' | 'acked' | 'ended'
}

const ASKS = new Set(['urgent_ticket', 'direct_report', 'muster', 'reminder', 'overdue'])

/** A push message. Ends when the row behind it was asked for, too. */
export async function onPush(desk: Desk, text: string | undefined): Promise<void> {
  const payload = parsePayload(text)
  if (!payload) {
    const known = await inTime(desk, words(), STORE_MS)
    const { title, options } = drawUnknown(known ?? wordsIn(undefined))
    await desk.registration.showNotification(title, options)
    await sync(desk, PULL_MS)
    return
  }
  const user = await ring(desk, payload)
  if (payload.kind === 'test') await tellPages(desk, { type: PUSH_TEST, alert: payload.alert })
  if (user === undefined) return
  await noteReceipt({ user, alert: payload.alert, channel: 'push', state: 'delivered', at: desk.tap().wallMs })
  await sync(desk, PULL_MS)
  await sendReceiptsNow(user, desk.fetch)
  // The row brought the rung, the drill's mark, or the news that somebody else has it.
  if (await rowOf(user, payload.alert)) await show(desk, payload, user, await stageOf(user, payload.alert), true)
}

/** Show what the store knows of it, or without the store the bare alarm. Resolves to the alert's user. */
async function ring(desk: Desk, payload: Payload): Promise<string | undefined> {
  const { alert, kind } = payload
  let user: string | undefined
  const informed = ownerOf().then(async (owner) => {
    user = owner
    await show(desk, payload, owner, await stageOf(owner, alert))
    return true
  })
  if (await inTime(desk, informed, STORE_MS)) return user
  const bare: Notice = { alert, kind, rung: 0, drill: false, asks: ASKS.has(kind), phone: null, anew: true }
  const { title, options } = draw({ is: 'ring' }, bare, wordsIn(undefined))
  await desk.registration.showNotification(title, options)
  await inTime(desk, informed, PULL_MS)
  return user
}

/** undefined when it fails, or takes longer than `ms`. */
function inTime<T>(desk: Desk, work: Promise<T>, ms: number): Promise<T | undefined> {
  return Promise.race([work.catch(() => undefined), desk.later(ms).then(() => undefined)])
}

/** A tap on a notification, or on one of its buttons. Whatever the store does, it leads somewhere. */
export async function onClick(desk: Desk, notification: Pick<Notification, 'close' | 'data'>, action: string): Promise<void> {
  const tap = desk.tap()
  const data = notification.data as NoticeData | null
  if (!data?.alert) {
    notification.close()
    return open(desk, '/alerts')
  }
  const { alert, kind } = data
  const user = await inTime(desk, ownerOf(), STORE_MS)
  const seen = user === undefined ? undefined : noteReceipt({ user, alert, channel: 'push', state: 'seen', at: tap.wallMs })
  const noted = seen?.catch(() => undefined) // a receipt less
  if (user !== undefined && (action === 'ack' || action === 'retry')) {
    const stored = await stores(user, alert, tap, action)
    await noted
    // Not on the disk: the alarm in the app says so, and offers the number.
    return stored ? answer(desk, { alert, kind }, user) : open(desk, `/alerts/${alert}`)
  }
  // What is not delivered stays on the screen until it is.
  if (data.stage !== 'unsent' && data.stage !== 'sign_in') notification.close()
  // First of all: browsers let a worker open a window only shortly after the tap.
  await open(desk, kind === 'test' ? '/me' : `/alerts/${alert}${action === 'call' ? '?call=1' : ''}`)
  await noted
  if (user !== undefined) await sendReceiptsNow(user, desk.fetch)
}

async function stores(user: string, alert: string, tap: Tap, action: 'ack' | 'retry'): Promise<boolean> {
  if (action === 'retry') return true
  return acknowledge(user, alert, tap).then(
    () => true,
    () => false,
  )
}

async function answer(desk: Desk, payload: Payload, user: string): Promise<void> {
  await show(desk, payload, user, { is: 'sending' })
  // Where there is Background Sync, the browser goes on when this worker has been put to sleep.
  await desk.registration.sync?.register(SYNC_TAG).catch(() => undefined)
  await tellPages(desk, { type: SYNC_TAG })
  const trying = sync(desk, PULL_MS)
  await Promise.race([trying, desk.later(SEND_MS)])
  await settle(desk, payload, user)
  await trying
  await settle(desk, payload, user)
}

/** Show where 收到 is now; once the server has it, say so for a moment and go. */
async function settle(desk: Desk, payload: Payload, user: string): Promise<void> {
  const stage = await stageOf(user, payload.alert)
  const [before] = await desk.registration.getNotifications({ tag: payload.alert })
  if (before && (before.data as NoticeData).stage === stage.is) return
  if (!before && stage.is !== 'unsent' && stage.is !== 'sign_in') return
  await show(desk, payload, user, stage)
  if (stage.is === 'delivered') await closeLater(desk, payload.alert)
}

async function closeLater(desk: Desk, alert: string): Promise<void> {
  await desk.later(DONE_SHOWN_MS)
  for (const each of await desk.registration.getNotifications({ tag: alert })) {
    if ((each.data as NoticeData).stage === 'delivered') each.close()
  }
}

/** Look at every notification again: a page, a sync or another device may have changed what is true. */
export async function refresh(desk: Desk): Promise<void> {
  const user = await ownerOf()
  if (user === undefined) return
  const all = await desk.registration.getNotifications()
  await Promise.all(all.map((each) => refreshOne(desk, each, user)))
}

async function refreshOne(desk: Desk, notification: Notification, user: string): Promise<void> {
  const data = notification.data as NoticeData | null
  if (!data?.alert || data.kind === 'test') return
  const stage = await stageOf(user, data.alert)
  if (stage.is === data.stage) return
  // Acknowledged in the app: the app says where it is.
  if (data.stage === 'ring' && stage.is !== 'taken' && stage.is !== 'ended') return notification.close()
  await show(desk, { alert: data.alert, kind: data.kind }, user, stage)
  if (stage.is === 'delivered') await closeLater(desk, data.alert)
}

/** The push service gave the subscription up: make a new one and tell the server, then the pages. */
export async function onSubscriptionChange(desk: Desk, fresh: PushSubscription | null | undefined): Promise<void> {
  const user = await ownerOf()
  if (user === undefined) return
  try {
    const made = fresh ?? (await subscribed(desk.registration.pushManager, await serverKey(user, desk.fetch)))
    await registerSubscription(user, desk.fetch, made, true)
  } catch {
    // The next start of the app tries again, and says in 我的 how it stands.
  }
  await tellPages(desk, { type: PUSH_CHANGED })
}

/** The alerts of a browser are those of the last person who registered its subscription. */
async function ownerOf(): Promise<string | undefined> {
  const owner = await pushOwner()
  if (owner) return owner.user
  return (await getValue<Session>(openApp().kv, 'session'))?.user.id
}

async function rowOf(user: string | undefined, alert: string): Promise<RowFacts | undefined> {
  if (user === undefined) return undefined
  return (await openBase(user).rows.get(['alert', alert]))?.doc as RowFacts | undefined
}

async function stageOf(user: string | undefined, alert: string): Promise<Stage> {
  if (user === undefined) return { is: 'ring' }
  const ack = await ackState(user, alert)
  if (ack.is === 'there') return { is: 'delivered', at: ack.at }
  if (ack.is === 'refused') return { is: 'refused' }
  if (ack.is === 'waiting') {
    const session = await getValue<Session>(openApp().kv, 'session')
    return { is: session?.user.id === user && session.state === 'live' ? 'unsent' : 'sign_in' }
  }
  const row = await rowOf(user, alert)
  if (row?.state === 'acked') return { is: 'taken' }
  if (row?.state === 'ended' || (!row && (await openBase(user).gone.get(['alert', alert])))) return { is: 'ended' }
  return { is: 'ring' }
}

/**
 * @param quiet the notification is there already: only a new rung rings again, and nothing is shown that is shown
 */
async function show(desk: Desk, payload: Payload, user: string | undefined, stage: Stage, quiet = false): Promise<void> {
  const { alert, kind } = payload
  const row = await rowOf(user, alert)
  const nowMs = desk.tap().wallMs
  const { kv } = openApp()
  const shown = await getValue<Shown>(kv, SHOWN + alert)
  const anew = stage.is === 'ring' && ringsAnew(shown, row?.rung, nowMs)
  const rung = row?.rung ?? shown?.rung ?? 0
  const drill = row?.drill ?? false
  const asks = user !== undefined && ASKS.has(kind) && row?.informed !== true
  if (quiet && !anew) {
    const [before] = await desk.registration.getNotifications({ tag: alert })
    const data = before?.data as NoticeData | undefined
    // Gone: the person has swept it away, or tapped it.
    if (!data || (data.stage === stage.is && data.rung === rung && data.drill === drill && data.asks === asks)) return
  }
  const phone = (await getValue<string>(kv, KEPT_DUTY_PHONE)) ?? null
  const notice: Notice = { alert, kind, rung, drill, asks, phone, anew }
  const { title, options } = draw(stage, notice, await words())
  await desk.registration.showNotification(title, options)
  if (stage.is === 'ring') {
    await setValue(kv, SHOWN + alert, { rung, at: anew || !shown ? nowMs : shown.at } satisfies Shown)
    await forgetOldShown(nowMs)
  }
}

async function forgetOldShown(nowMs: number): Promise<void> {
  const old = openApp().kv.where('key').startsWith(SHOWN)
  await old.filter(({ value }) => nowMs - (value as Shown).at > SHOWN_KEPT_MS).delete()
}

async function words(): Promise<Words> {
  return wordsIn(await getValue<string>(openApp().kv, KEPT_LANGUAGE))
}

/** One cycle, within `limitMs`; an open page is asked for one, too. Never throws. */
async function sync(desk: Desk, limitMs: number): Promise<void> {
  const cycle = syncInBackground(desk.fetch).catch(() => undefined) // not everything is sent: the stage says so
  await Promise.race([cycle, desk.later(limitMs)])
}

async function tellPages(desk: Desk, message: unknown): Promise<void> {
  for (const page of await desk.pages()) page.postMessage(message)
}

/** In the page that is open, else in a new one. */
async function open(desk: Desk, path: string): Promise<void> {
  const pages = await desk.pages()
  const page = pages.find(({ visibilityState }) => visibilityState === 'visible') ?? pages[0]
  if (!page) {
    await desk.openWindow(path)
    return
  }
  page.postMessage({ type: OPEN_PATH, path })
  await page.focus().catch(() => undefined) // the browser does not let it come to the front
}
