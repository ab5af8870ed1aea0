/**
 * The device's subscription with its browser's push service, and what the server is told of it. Used by pages and by
 * the service worker (`pushsubscriptionchange`). `subscribe()` can hang for ever where the push service cannot be
 * reached (Chrome's, in mainland China), so it has a time limit.
 */
import { getValue, openApp, setValue } from '../local/db'
import { askAs, deviceOf } from './alerts'
import type { Failure } from './transport'

const OWNER = 'pushOwner'
const SUBSCRIBE_MS = 10_000
const CALL_MS = 10_000
const GIVE_UP_MS = 3_000
const POST_AGAIN_MS = 24 * 3_600_000

/** Whose alerts this browser's subscription carries: the last person who registered it. */
export interface PushOwner {
  user: string
  device: string
  endpoint: string
  postedAt: number
}

export function pushOwner(): Promise<PushOwner | undefined> {
  return getValue<PushOwner>(openApp().kv, OWNER)
}

/** Why there is no subscription: told to the person and, for the drills' report, to the server. */
export type NoPush = 'timeout' | 'no_service' | 'not_allowed' | 'offline' | 'refused'

export class PushError extends Error {
  constructor(
    readonly reason: NoPush,
    message = '',
  ) {
    super(message || reason)
    this.name = 'PushError'
  }
}

type Manager = Pick<PushManager, 'getSubscription' | 'subscribe'>

/** What the device says of itself (PUT /push/devices). */
export interface DeviceState {
  permission: 'granted' | 'denied' | 'default' | 'unsupported'
  subscribed: boolean
  reason?: string
  platform?: string
  installed?: boolean
}

export interface DeviceAnswer {
  /** The server holds a subscription of this device; undefined when it does not say. */
  subscribed?: boolean
  /** The push service said that the subscription is dead. */
  gone?: boolean
}

/** The server's key; throws `PushError`. */
export async function serverKey(user: string, fetcher: typeof fetch): Promise<Uint8Array<ArrayBuffer>> {
  const body = (await called(askAs(user, fetcher, { method: 'GET', path: '/push/key', limitMs: CALL_MS }))) as { public_key?: unknown } | null
  if (typeof body?.public_key !== 'string') throw new PushError('offline')
  return keyBytes(body.public_key)
}

/** base64url, with or without padding. */
export function keyBytes(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/').replace(/=+$/, ''))
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0))
}

/**
 * A subscription under this key; one under another key, or a dead one (`fresh`), is given up first.
 * Throws `PushError`: `timeout` when the push service never answers, `no_service` when the browser has none.
 */
export function subscribed(manager: Manager, key: Uint8Array<ArrayBuffer>, fresh = false): Promise<PushSubscription> {
  return limited(subscribe(manager, key, fresh))
}

async function subscribe(manager: Manager, key: Uint8Array<ArrayBuffer>, fresh: boolean): Promise<PushSubscription> {
  const before = await manager.getSubscription()
  if (before && !fresh && sameKey(before.options.applicationServerKey, key)) return before
  if (before) await before.unsubscribe()
  return manager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
}

function sameKey(held: ArrayBuffer | null, key: Uint8Array): boolean {
  if (held === null) return true // engines that do not tell
  const bytes = new Uint8Array(held)
  return bytes.length === key.length && bytes.every((byte, place) => byte === key[place])
}

function limited(subscribing: Promise<PushSubscription>): Promise<PushSubscription> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new PushError('timeout'))
    }, SUBSCRIBE_MS)
    const refused = (error: unknown): void => {
      const { name, message } = error as { name?: string; message?: string }
      reject(new PushError(name === 'NotAllowedError' ? 'not_allowed' : 'no_service', message))
    }
    subscribing.then(resolve, refused).finally(() => {
      clearTimeout(timer)
    })
  })
}

/** Tell the server where to push for this device, unless it knows already. Throws `PushError`. */
export async function registerSubscription(user: string, fetcher: typeof fetch, subscription: PushSubscription, again = false): Promise<void> {
  const device = await deviceOf(user)
  if (device === undefined) throw new PushError('offline')
  const held = await pushOwner()
  const known = held?.user === user && held.device === device && held.endpoint === subscription.endpoint
  if (known && !again && Math.abs(Date.now() - held.postedAt) < POST_AGAIN_MS) return
  const { endpoint, keys } = subscription.toJSON()
  const json = { device, subscription: { endpoint, keys: { p256dh: keys?.p256dh, auth: keys?.auth } } }
  await called(askAs(user, fetcher, { method: 'POST', path: '/push/subscriptions', json, limitMs: CALL_MS }))
  const owner: PushOwner = { user, device, endpoint: subscription.endpoint, postedAt: Date.now() }
  await setValue(openApp().kv, OWNER, owner)
}

/** The device's state for the duty room's and the drills' reports; best effort. */
export async function reportDevice(user: string, fetcher: typeof fetch, state: DeviceState): Promise<DeviceAnswer> {
  const device = await deviceOf(user)
  if (device === undefined) return {}
  try {
    const ask = { method: 'PUT' as const, path: `/push/devices/${device}`, json: state, limitMs: CALL_MS }
    return ((await askAs(user, fetcher, ask)) as DeviceAnswer | undefined) ?? {}
  } catch {
    return {} // told at the next start
  }
}

/** Sign-out: the next person on this phone is not to get this one's alerts. Never throws. */
export async function forgetSubscription(user: string, fetcher: typeof fetch, manager: Manager | undefined): Promise<void> {
  const owner = await pushOwner()
  if (owner !== undefined && owner.user !== user) return
  const told = owner ? askAs(user, fetcher, { method: 'DELETE', path: `/push/subscriptions/${owner.device}`, limitMs: GIVE_UP_MS }) : undefined
  const given = manager ? Promise.race([giveUp(manager), after(GIVE_UP_MS)]) : undefined
  // Either is enough: a subscription that was given up is a dead one for the server, too; and without the server's
  // copy nothing is pushed.
  await Promise.all([told?.catch(() => undefined), given?.catch(() => undefined)])
  await openApp().kv.delete(OWNER)
}

async function giveUp(manager: Manager): Promise<void> {
  await (await manager.getSubscription())?.unsubscribe()
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function called(asking: Promise<unknown>): Promise<unknown> {
  try {
    return await asking
  } catch (error) {
    const { kind, code, message } = error as Failure
    throw new PushError(kind === 'server' ? 'refused' : 'offline', message || code)
  }
}
