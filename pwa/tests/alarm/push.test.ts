import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { keepPush, leavePush, platform, pushState, testPush, turnOn } from '../../src/actions/push'
import { openApp, openOutbox, setValue } from '../../src/local/db'
import { loadSession, saveSession } from '../../src/local/session'
import type { Session } from '../../src/local/records'
import { keyBytes, pushOwner, subscribed } from '../../src/sync/pushService'
import { FakeServer } from '../sync/fakeServer'
import { wipe } from '../sync/phone'

const KEY = 'AQIDBA'
const SESSION = { user: { id: 'u1', name: '李伟' }, csrf: 'c', state: 'live', signedInAt: 1, confirmedAt: 1 } as unknown as Session

/** A browser's push manager; `subscribe` answers as told. */
class Manager {
  held: PushSubscription | null = null
  made = 0
  givenUp = 0
  refusal: Error | undefined
  hangs = false

  under(key: string | null, endpoint = `https://p/${this.made}`): PushSubscription {
    const options = { applicationServerKey: key === null ? null : keyBytes(key).buffer }
    const toJSON = () => ({ endpoint, keys: { p256dh: 'k', auth: 'a' } })
    const unsubscribe = () => {
      this.givenUp += 1
      this.held = null
      return Promise.resolve(true)
    }
    return { endpoint, options, toJSON, unsubscribe } as unknown as PushSubscription
  }

  getSubscription = (): Promise<PushSubscription | null> => Promise.resolve(this.held)
  subscribe = (options?: { applicationServerKey?: unknown }): Promise<PushSubscription> => {
    if (this.hangs) return new Promise(() => undefined)
    if (this.refusal) return Promise.reject(this.refusal)
    expect(options).toMatchObject({ userVisibleOnly: true, applicationServerKey: keyBytes(KEY) })
    this.made += 1
    this.held = this.under(KEY)
    return Promise.resolve(this.held)
  }
}

const server = new FakeServer()
let manager: Manager
let asked: string[]
let bodies: Record<string, unknown>[]
let device: { subscribed: boolean; gone: boolean }
let permission: NotificationPermission
let answer: NotificationPermission

function answerTo(method: string, path: string): Response {
  const json = (body: unknown, status = 200) => server.json(body, status)
  if (path.endsWith('/push/key')) return json({ public_key: KEY })
  if (path.includes('/push/devices/')) return json(device)
  if (path.endsWith('/push/test')) return json({ delivery: 'x1' }, 202)
  if (path.includes('/push/test/')) return json({ state: 'failed', error: 'http_403' })
  return method === 'DELETE' ? new Response(null, { status: 204, headers: json({}).headers }) : json({ device: 'd1', host: 'p' }, 201)
}

beforeEach(async () => {
  await wipe()
  await loadSession()
  await saveSession(SESSION)
  await setValue(openOutbox('u1').meta, 'device', 'd1')
  manager = new Manager()
  ;[asked, bodies, device, permission, answer] = [[], [], { subscribed: true, gone: false }, 'granted', 'granted']
  vi.stubGlobal('Notification', {
    get permission() {
      return permission
    },
    requestPermission: () => Promise.resolve((permission = answer)),
  })
  vi.stubGlobal('PushManager', Manager)
  const registration = { pushManager: manager }
  const serviceWorker = { ready: Promise.resolve(registration), getRegistration: () => Promise.resolve(registration) }
  Object.defineProperty(navigator, 'serviceWorker', { value: serviceWorker, configurable: true })
  vi.stubGlobal('fetch', (input: string, init: RequestInit = {}) => {
    asked.push(`${init.method ?? 'GET'} ${input.replace('/api/v1', '')}`)
    bodies.push(typeof init.body === 'string' ? (JSON.parse(init.body) as Record<string, unknown>) : {})
    return Promise.resolve(answerTo(init.method ?? 'GET', input))
  })
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  Reflect.deleteProperty(navigator, 'serviceWorker')
})

const told = () => bodies[asked.indexOf('PUT /push/devices/d1')]
const posts = () => asked.filter((each) => each === 'POST /push/subscriptions').length

describe('how it stands', () => {
  it('is off before anybody was asked, and nothing is asked of anybody', async () => {
    permission = 'default'
    expect(await pushState()).toEqual({ is: 'off' })
    expect([manager.made, asked]).toEqual([0, []])
  })

  it('is denied, whatever subscription is left over', async () => {
    permission = 'denied'
    manager.held = manager.under(KEY)
    expect(await pushState()).toEqual({ is: 'denied' })
  })

  it('is unsupported without an engine for it; on an iPhone’s browser it has to be installed first', async () => {
    vi.stubGlobal('PushManager', undefined)
    expect(await pushState()).toEqual({ is: 'unsupported' })
    vi.spyOn(navigator, 'userAgent', 'get').mockReturnValue('Mozilla/5.0 (iPhone; CPU iPhone OS 16_4 like Mac OS X) Version/16.4 Safari/604.1')
    expect(await pushState()).toEqual({ is: 'install_first' })
    Object.assign(navigator, { standalone: true })
    expect(await pushState()).toEqual({ is: 'unsupported' })
    Object.assign(navigator, { standalone: undefined })
  })

  it('is on only with this person’s subscription', async () => {
    manager.held = manager.under(KEY, 'https://p/1')
    await setValue(openApp().kv, 'pushOwner', { user: 'u2', device: 'd2', endpoint: 'https://p/1', postedAt: 1 })
    expect((await pushState()).is).toBe('no_push')
    await setValue(openApp().kv, 'pushOwner', { user: 'u1', device: 'd1', endpoint: 'https://p/old', postedAt: 1 })
    expect((await pushState()).is).toBe('no_push')
    await setValue(openApp().kv, 'pushOwner', { user: 'u1', device: 'd1', endpoint: 'https://p/1', postedAt: 1 })
    expect(await pushState()).toEqual({ is: 'on' })
  })

  it('is no reason to fail where the browser refuses to say', async () => {
    manager.getSubscription = () => Promise.reject(new Error('private window'))
    expect((await pushState()).is).toBe('no_push')
  })
})

describe('turning it on', () => {
  it('asks, subscribes under the server’s key, and tells the server both', async () => {
    permission = 'default'
    expect(await turnOn()).toEqual({ is: 'on' })
    expect(asked).toEqual(['GET /push/key', 'POST /push/subscriptions', 'PUT /push/devices/d1'])
    expect(bodies[1]).toEqual({ device: 'd1', subscription: { endpoint: 'https://p/1', keys: { p256dh: 'k', auth: 'a' } } })
    expect(told()).toMatchObject({ permission: 'granted', subscribed: true })
  })

  it('takes a no for a no, and reports it', async () => {
    permission = 'default'
    answer = 'denied'
    expect(await turnOn()).toEqual({ is: 'denied' })
    expect(manager.made).toBe(0)
    expect(told()).toMatchObject({ permission: 'denied', subscribed: false })
  })

  it('says why there is no subscription', async () => {
    manager.refusal = Object.assign(new Error('no'), { name: 'NotAllowedError' })
    expect(await turnOn()).toEqual({ is: 'no_push', reason: 'not_allowed' })
    manager.refusal = Object.assign(new Error('push service not available'), { name: 'AbortError' })
    expect(await turnOn()).toEqual({ is: 'no_push', reason: 'no_service' })
    expect(told()).toMatchObject({ subscribed: false, reason: 'not_allowed' })
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network')))
    expect(await turnOn()).toEqual({ is: 'no_push', reason: 'offline' })
  })
})

describe('a push service that never answers', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it.each(['subscribe', 'getSubscription', 'unsubscribe'])('is given up after 10 s, in %s', async (where) => {
    vi.useFakeTimers()
    if (where === 'subscribe') manager.hangs = true
    else if (where === 'getSubscription') manager.getSubscription = () => new Promise(() => undefined)
    else manager.held = { ...manager.under('BBBB'), unsubscribe: () => new Promise<boolean>(() => undefined) }
    let reason = 'none'
    subscribed(manager as never, keyBytes(KEY)).catch((error: { reason: string }) => (reason = error.reason))
    await vi.advanceTimersByTimeAsync(9_900)
    expect(reason).toBe('none')
    await vi.advanceTimersByTimeAsync(200)
    expect(reason).toBe('timeout')
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a subscription', () => {
  it('under the server’s key is kept; one of an engine that does not tell its key, too', async () => {
    for (const key of [KEY, `${KEY}==`, null]) {
      manager.held = manager.under(key)
      expect(await subscribed(manager as never, keyBytes(KEY))).toBe(manager.held)
    }
    expect([manager.made, manager.givenUp]).toEqual([0, 0])
  })

  it('under another key is given up and made anew', async () => {
    manager.held = manager.under('AQIDBQ')
    await subscribed(manager, keyBytes(KEY))
    expect([manager.givenUp, manager.made]).toEqual([1, 1])
  })
})

describe('at each start', () => {
  it('what is in order is not told again within a day', async () => {
    await keepPush()
    await keepPush()
    expect([manager.made, posts()]).toEqual([1, 1])
    const owner = await pushOwner()
    await setValue(openApp().kv, 'pushOwner', { ...owner, postedAt: Date.now() - 25 * 3_600_000 })
    await keepPush()
    expect([manager.made, posts()]).toEqual([1, 2])
  })

  it('a subscription that the push service calls gone is made anew', async () => {
    await keepPush()
    device = { subscribed: false, gone: true }
    expect(await keepPush()).toEqual({ is: 'on' })
    expect([manager.givenUp, manager.made, posts()]).toEqual([1, 2, 2])
  })

  it('one that the server has lost is told again as it is', async () => {
    await keepPush()
    device = { subscribed: false, gone: false }
    expect(await keepPush()).toEqual({ is: 'on' })
    expect([manager.givenUp, manager.made, posts()]).toEqual([0, 1, 2])
  })

  it('nobody is asked for a permission, and a denied one is reported', async () => {
    permission = 'denied'
    expect(await keepPush()).toEqual({ is: 'denied' })
    expect(asked).toEqual(['PUT /push/devices/d1'])
    expect(told()).toMatchObject({ permission: 'denied', subscribed: false })
  })
})

it('signing out gives it up, also without a network, and never another person’s', async () => {
  await keepPush()
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network')))
  await leavePush('u2')
  expect([manager.givenUp, (await pushOwner())?.user]).toEqual([0, 'u1'])
  await leavePush('u1')
  expect([manager.givenUp, await pushOwner()]).toEqual([1, undefined])
})

it('a test says what the push service answered', async () => {
  const stages: unknown[] = []
  await testPush((stage, error) => stages.push(error === undefined ? stage : [stage, error]), () => false)
  expect(stages).toEqual(['asked', ['failed', 'http_403']])
})

it.each([
  ['Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36', 'Android Chrome 120'],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 16_4 like Mac OS X) AppleWebKit/605.1.15 Version/16.4 Mobile/15E148 Safari/604.1', 'iPhone Safari 16'],
  ['Mozilla/5.0 (Linux; Android 12; HMA) Chrome/99.0 Mobile MicroMessenger/8.0', 'Android Chrome 99'],
  ['', ''],
])('%s is called %s', (agent, name) => {
  expect(platform(agent)).toBe(name)
})
