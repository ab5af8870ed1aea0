/**
 * Notifications of a locked phone: whether this browser can, may and does take them, in states that a person can be
 * told. Asking happens only after a tap. Never the only way: the open app alarms by itself, and the office has others.
 */
import { Failure } from '../lib/http'
import { session, userId } from '../local/session'
import { askAs, deviceOf } from '../sync/alerts'
import {
  forgetSubscription, PushError, pushOwner, registerSubscription, reportDevice, serverKey, subscribed, type NoPush,
} from '../sync/pushService'

/**
 * - `unsupported`: the engine has none; `install_first`: iOS has them only for an app on the home screen
 * - `off`: not asked yet; `denied`: the person said no, only he can undo it in the browser's settings
 * - `trying`: the push service has not answered yet; `no_push`: there is no subscription, for `reason`; `on`
 */
export type PushState =
  | { is: 'unsupported' | 'install_first' | 'off' | 'denied' | 'trying' | 'on' }
  | { is: 'no_push'; reason: NoPush }

const fetcher: typeof fetch = (input, init) => fetch(input, init)

interface Surroundings {
  Notification?: typeof Notification
  PushManager?: typeof PushManager
}

/** iPhone, or an iPad that calls itself a Mac. */
export function isIos(): boolean {
  return /iPhone|iPad|iPod/.test(navigator.userAgent) || (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1)
}

export function isInstalled(): boolean {
  const standalone = (navigator as Navigator & { standalone?: boolean }).standalone
  return window.matchMedia('(display-mode: standalone)').matches || standalone === true
}

function supported(): boolean {
  const { Notification: notices, PushManager: manager } = globalThis as Surroundings
  return notices !== undefined && manager !== undefined && 'serviceWorker' in navigator
}

const READY_MS = 15_000

let why: NoPush | undefined
let trying = 0
const listeners = new Set<() => void>()

/** Called when how it stands may have changed. Returns the way to stop. */
export function onPush(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** How it stands, without asking anybody anything. */
export async function pushState(): Promise<PushState> {
  if (!supported()) return { is: isIos() && !isInstalled() ? 'install_first' : 'unsupported' }
  if (Notification.permission === 'denied') return { is: 'denied' }
  if (Notification.permission === 'default') return { is: 'off' }
  const subscription = await heldSubscription()
  const owner = await pushOwner()
  const mine = owner !== undefined && owner.user === session()?.user.id && owner.endpoint === subscription?.endpoint
  if (mine) return { is: 'on' }
  return trying > 0 ? { is: 'trying' } : { is: 'no_push', reason: why ?? 'no_service' }
}

/** Call from a tap: the browser asks the person, then subscribes. Resolves to how it stands then. */
export async function turnOn(): Promise<PushState> {
  if (!supported()) return pushState()
  // Older Safari answers through a callback only.
  const answer = await new Promise<NotificationPermission>((resolve) => {
    const asked = Notification.requestPermission(resolve) as Promise<NotificationPermission> | undefined
    asked?.then(resolve, () => {
      resolve(Notification.permission)
    })
  })
  if (answer === 'granted') await subscribeHere(false)
  return told()
}

/**
 * At each start: where it was allowed, see to it that the subscription lives and the server knows it. Whatever the
 * state, the server is told, for the drills' report.
 */
export async function keepPush(): Promise<PushState> {
  if (!session() || session()?.state !== 'live') return pushState()
  if (supported() && Notification.permission === 'granted') await subscribeHere(false)
  const state = await pushState()
  const { gone, subscribed: known } = await report(state)
  const dead = state.is === 'on' && (gone === true || known === false)
  if (!dead) return state
  await subscribeHere(gone === true, true)
  return told()
}

async function told(): Promise<PushState> {
  const state = await pushState()
  await report(state)
  return state
}

async function subscribeHere(fresh: boolean, again = fresh): Promise<void> {
  why = undefined
  trying += 1
  try {
    const user = userId()
    const manager = await readyManager()
    if (!manager) throw new PushError('no_service')
    await registerSubscription(user, fetcher, await subscribed(manager, await serverKey(user, fetcher), fresh), again)
  } catch (error) {
    why = error instanceof PushError ? error.reason : 'no_service'
  } finally {
    trying -= 1
    for (const listener of [...listeners]) listener()
  }
}

function report(state: PushState): Promise<{ gone?: boolean; subscribed?: boolean }> {
  const { Notification: notices } = globalThis as Surroundings
  const user = session()?.user.id
  if (user === undefined) return Promise.resolve({})
  return reportDevice(user, fetcher, {
    permission: supported() ? (notices?.permission ?? 'default') : 'unsupported',
    subscribed: state.is === 'on',
    ...(state.is === 'no_push' ? { reason: state.reason } : {}),
    platform: platform(),
    installed: isInstalled(),
  })
}

/** “Android Chrome 120”: enough for the duty room to say what to do, no fingerprint. */
export function platform(agent: string = navigator.userAgent): string {
  const system = [/Android/, /iPhone|iPad|iPod/, /Windows/, /Mac OS X/, /Linux/].map((name) => name.exec(agent)?.[0]).find(Boolean)
  const browser = /(MicroMessenger|HuaweiBrowser|MiuiBrowser|EdgA?|Firefox|Chrome|Version)\/(\d+)/.exec(agent)
  return [system, browser?.[1] === 'Version' ? 'Safari' : browser?.[1], browser?.[2]].filter(Boolean).join(' ')
}

/** Before the session ends. Never throws. */
export async function leavePush(user: string): Promise<void> {
  await forgetSubscription(user, fetcher, await pushManager())
}

async function pushManager(): Promise<PushManager | undefined> {
  const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer }
  const registration = (await serviceWorker?.getRegistration()) as { pushManager?: PushManager } | undefined
  return registration?.pushManager
}

/** undefined also where the browser refuses to say, as in private windows. */
async function heldSubscription(): Promise<PushSubscription | undefined> {
  try {
    return (await (await pushManager())?.getSubscription()) ?? undefined
  } catch {
    return undefined
  }
}

/** Subscribing needs a worker that runs: at the first start it is being installed for some seconds. */
async function readyManager(): Promise<PushManager | undefined> {
  const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer }
  const late = new Promise<undefined>((resolve) => {
    setTimeout(() => {
      resolve(undefined)
    }, READY_MS)
  })
  const ready = serviceWorker?.ready as Promise<{ pushManager?: PushManager }> | undefined
  return (await Promise.race([ready, late]))?.pushManager
}

/** The stages of a test, as far as they can be seen from here. */
export type TestStage = 'asked' | 'queued' | 'sent' | 'arrived' | 'failed' | 'unreachable'

const LOOK_EVERY_MS = 1_000
const LOOKS_MAX = 20

/**
 * Have the server push a test message to this device; `onStage` is told each stage reached, with the server's code
 * where it failed. `arrived` comes from the worker itself (lib/workerMessages.ts, PUSH_TEST).
 */
export async function testPush(onStage: (stage: TestStage, error?: string) => void, hasArrived: () => boolean): Promise<void> {
  const user = userId()
  onStage('asked')
  try {
    const device = await deviceOf(user)
    const asked = await askAs(user, fetcher, { method: 'POST', path: '/push/test', json: { device } })
    const { delivery } = asked as { delivery: string }
    for (let look = 0; look < LOOKS_MAX; look += 1) {
      if (hasArrived()) return onStage('arrived')
      const path = `/push/test/${delivery}`
      const { state, error } = (await askAs(user, fetcher, { method: 'GET', path })) as { state: string; error?: string | null }
      if (state === 'failed' || state === 'gone') return onStage('failed', error ?? state)
      onStage(state === 'sent' || state === 'delivered' || state === 'seen' ? 'sent' : 'queued')
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    }
    if (hasArrived()) onStage('arrived')
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    if (error.kind === 'offline') onStage('unreachable')
    else onStage('failed', error.message || error.code)
  }
}

