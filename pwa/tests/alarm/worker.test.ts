import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { KEPT_DUTY_PHONE, KEPT_LANGUAGE } from '../../src/lib/workerMessages'
import { getValue, openApp, openOutbox, setValue, type Session } from '../../src/local/db'
import { onClick, onPush, onSubscriptionChange, refresh } from '../../src/sw/alerts'
import { ackState, keptReceipts } from '../../src/sync/alerts'
import { cycle } from '../../src/sync/loop'
import { FakeServer, lost } from '../sync/fakeServer'
import { makePhone, wipe } from '../sync/phone'
import { clickOn, makeDesk, type Shelf } from './desk'

const MESSAGE = JSON.stringify({ v: 1, alert: 'al1', kind: 'urgent_ticket' })
let server: FakeServer
let desk: Shelf
let cut = false

beforeEach(async () => {
  await wipe()
  cut = false
  server = new FakeServer()
  server.put('t1', { urgent: true })
  await makePhone(server)
  const { kv } = openApp()
  await setValue(openOutbox('u1').meta, 'device', 'd1')
  await setValue(kv, 'pushOwner', { user: 'u1', device: 'd1', endpoint: 'https://p/1', postedAt: 1 })
  await setValue(kv, KEPT_DUTY_PHONE, '0769-8331')
  desk = makeDesk(((input: string, init?: RequestInit) => (cut ? Promise.reject(new TypeError('no network')) : server.fetch(input, init))) as typeof fetch)
})

const shown = () => desk.standing.get('al1')

async function say(state: Session['state'], user = 'u1'): Promise<void> {
  const { kv } = openApp()
  const session = (await getValue<Session>(kv, 'session')) as Session
  await setValue(kv, 'session', { ...session, state, user: { ...session.user, id: user } })
}

describe('a message', () => {
  it('is shown with nothing of the ticket, rings, offers 收到, and fetches the row', async () => {
    server.putAlert('al1', { title: '沿河路化工仓库起火', village: '闸口村' })
    await onPush(desk, MESSAGE)
    expect(shown()?.title).toBe('有新的紧急工单')
    expect(shown()?.options).toMatchObject({ tag: 'al1', requireInteraction: true, renotify: true, silent: false })
    expect(shown()?.options.actions?.map(({ title }) => title)).toEqual(['收到', '打开'])
    expect(desk.drawn.map((each) => JSON.stringify(each)).join()).not.toMatch(/化工|闸口/)
    expect(server.count('/sync/pull')).toBe(1)
    expect(server.alertsTold).toMatchObject([{ alert: 'al1', channel: 'push', state: 'delivered' }])
    expect(await keptReceipts()).toEqual([])
  })

  it('speaks the language that the person chose', async () => {
    await setValue(openApp().kv, KEPT_LANGUAGE, 'en')
    await onPush(desk, MESSAGE)
    expect(shown()?.title).toBe('A new urgent ticket')
    expect(JSON.stringify(desk.drawn)).not.toMatch(/[\u4e00-\u9fff]/)
  })

  it('is marked 演练 once the row says so, without ringing twice', async () => {
    server.putAlert('al1', { drill: true })
    await onPush(desk, MESSAGE)
    expect(shown()?.title).toBe('【演练】有新的紧急工单')
    expect(desk.drawn.filter((each) => each.options.renotify)).toHaveLength(1)
  })

  it('that comes twice rings once; a new rung rings again', async () => {
    server.putAlert('al1')
    await onPush(desk, MESSAGE)
    await onPush(desk, MESSAGE)
    expect(desk.drawn.filter((each) => each.options.renotify)).toHaveLength(1)
    server.putAlert('al1', { rung: 1 })
    await onPush(desk, MESSAGE)
    expect(desk.drawn.filter((each) => each.options.renotify)).toHaveLength(2)
    expect(shown()?.options.body).toBe('第 2 次提醒，请立即响应')
  })

  it('for an alert acknowledged already does not ring', async () => {
    server.putAlert('al1', { acked_at: '2026-11-22T06:02:00.000Z', ack_received_at: '2026-11-22T06:02:01.000Z', state: 'acked' })
    await cycle((await makePhone(server)).ctx)
    await onPush(desk, MESSAGE)
    expect(desk.drawn.every((each) => each.options.silent && !each.options.renotify)).toBe(true)
    expect(shown()?.options.body).toBe('已收到 · 已送达 14:02')
  })

  it.each([undefined, '', 'x', '[]', '{"v":2,"alert":"al1","kind":"x"}', '{"v":1}', '{"v":1,"alert":"<b>","kind":"x"}', '{"v":1,"alert":7}'])(
    'that cannot be read (%s) still calls the person',
    async (text) => {
      await onPush(desk, text)
      expect(desk.standing.get('unknown')?.title).toBe('有新的紧急事项，请打开即办')
      await onClick(desk, clickOn(desk, 'unknown'), '')
      expect(desk.opened).toEqual(['/alerts'])
    },
  )

  it('is shown without a network, and its receipt is told with the next contact', async () => {
    cut = true
    await onPush(desk, MESSAGE)
    expect(shown()?.title).toBe('有新的紧急工单')
    expect(await keptReceipts()).toHaveLength(1)
    cut = false
    await cycle((await makePhone(server)).ctx)
    expect(server.alertsTold).toHaveLength(1)
    expect(await keptReceipts()).toEqual([])
  })

  it('that he is only told of asks for nothing', async () => {
    server.putAlert('al1', { informed: true })
    await onPush(desk, MESSAGE)
    expect(shown()?.options.actions?.map(({ action }) => action)).toEqual(['open'])
  })
})

describe('while the phone’s store', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it.each([
    ['hangs', () => new Promise(() => undefined)],
    ['is broken', () => Promise.reject(new Error('UnknownError: internal error'))],
  ])('%s, a message rings all the same, and a tap on it opens the app', async (_how, get) => {
    vi.spyOn(openApp().kv, 'get').mockImplementation(get as never)
    const ringing = onPush(desk, MESSAGE)
    await vi.waitFor(() => {
      expect(shown()?.title).toBe('有新的紧急工单')
    }, 3_000)
    expect(shown()?.options).toMatchObject({ requireInteraction: true, silent: false, renotify: true })
    await onClick(desk, clickOn(desk, 'al1'), 'ack')
    expect(desk.opened).toEqual(['/alerts/al1'])
    await ringing
  })

  it('takes no 收到, the app is opened, which says so', async () => {
    server.putAlert('al1')
    await onPush(desk, MESSAGE)
    vi.spyOn(openOutbox('u1'), 'transaction').mockImplementation((() => Promise.reject(new Error('QuotaExceededError'))) as never)
    await onClick(desk, clickOn(desk, 'al1'), 'ack')
    expect(desk.opened).toEqual(['/alerts/al1'])
    expect(shown()?.options.data.stage).toBe('ring')
  })
})

describe('收到 on the notification', () => {
  it('reaches the server, and only then says so', async () => {
    server.putAlert('al1')
    await onPush(desk, MESSAGE)
    await onClick(desk, clickOn(desk, 'al1'), 'ack')
    const bodies = desk.drawn.map((each) => each.options.body)
    expect(bodies).toContain('收到：已存本机，正在发送')
    expect(bodies[bodies.length - 1]).toMatch(/^已收到 · 已送达 \d\d:\d\d$/)
    expect(shown()).toBeUndefined() // read, and gone
    const [op] = [...server.ops.values()]
    expect(op?.op).toMatchObject({ name: 'alert.ack', subject: 'al1', args: {} })
    expect(op?.op.clock?.anchor_mono_ms === null || typeof op?.op.clock?.anchor_mono_ms === 'number').toBe(true)
    expect(server.alertsTold.map(({ state }) => state)).toEqual(['delivered', 'seen'])
  })

  it('without a network is on the phone, says 未送达 with the number, and ends as delivered when it got through', async () => {
    server.putAlert('al1')
    await onPush(desk, MESSAGE)
    cut = true
    await onClick(desk, clickOn(desk, 'al1'), 'ack')
    expect(shown()?.options).toMatchObject({ body: '未送达—请拨打值班室 0769-8331', requireInteraction: true })
    expect(shown()?.options.actions?.map(({ title }) => title)).toEqual(['重试', '拨打'])
    expect(await openOutbox('u1').ops.toArray()).toMatchObject([{ name: 'alert.ack', subject: 'al1' }])
    expect(desk.registration.sync?.register).toHaveBeenCalled()
    await onClick(desk, clickOn(desk, 'al1'), 'call')
    expect(desk.opened).toEqual(['/alerts/al1?call=1'])
    expect(shown()).toBeDefined() // not done yet
    await onClick(desk, clickOn(desk, 'al1'), 'retry')
    expect(shown()?.options.data.stage).toBe('unsent')
    cut = false
    await cycle((await makePhone(server)).ctx) // an open page got through
    const before = desk.drawn.length
    await refresh(desk)
    expect(desk.drawn[before]?.options.body).toMatch(/^已收到 · 已送达/)
    expect([...server.ops.values()].filter(({ op }) => op.name === 'alert.ack')).toHaveLength(1)
  })

  it('twice is one operation', async () => {
    server.putAlert('al1')
    await onPush(desk, MESSAGE)
    cut = true
    const click = clickOn(desk, 'al1')
    await onClick(desk, click, 'ack')
    await onClick(desk, click, 'ack')
    expect(await openOutbox('u1').ops.count()).toBe(1)
  })

  it('goes into the outbox of the alert’s user though somebody else is signed in, and asks to sign in', async () => {
    await onPush(desk, MESSAGE)
    await say('live', 'u2')
    await onClick(desk, clickOn(desk, 'al1'), 'ack')
    expect(await ackState('u1', 'al1')).toEqual({ is: 'waiting' })
    expect(await openOutbox('u2').ops.count()).toBe(0)
    expect(shown()?.options.body).toBe('未送达—请打开即办登录后发送，或拨打值班室 0769-8331')
  })

  it('of an expired session is kept, and asks to sign in', async () => {
    await onPush(desk, MESSAGE)
    server.signedIn = false
    await onClick(desk, clickOn(desk, 'al1'), 'ack')
    expect(shown()?.options.data.stage).toBe('sign_in')
    expect(await ackState('u1', 'al1')).toEqual({ is: 'waiting' })
  })

  it('whose answer was lost is not called delivered', async () => {
    server.putAlert('al1')
    await onPush(desk, MESSAGE)
    server.faults = Array.from({ length: 12 }, () => lost)
    await onClick(desk, clickOn(desk, 'al1'), 'ack')
    expect(shown()?.options.data.stage).toBe('unsent')
  })
})

describe('a tap on the notification', () => {
  it('opens the alert in the page that is there, else in a new one', async () => {
    await onPush(desk, MESSAGE)
    await onClick(desk, clickOn(desk, 'al1'), '')
    expect(desk.opened).toEqual(['/alerts/al1'])
    desk = makeDesk(server.fetch, 1)
    await onPush(desk, MESSAGE)
    await onClick(desk, clickOn(desk, 'al1'), 'open')
    expect(desk.opened).toEqual([])
    expect(desk.told).toContainEqual({ type: 'open-path', path: '/alerts/al1' })
    expect(shown()).toBeUndefined()
  })
})

describe('a second look', () => {
  it('leaves a direct report that somebody else has to be looked at', async () => {
    server.putAlert('al1', { kind: 'direct_report' })
    await onPush(desk, MESSAGE.replace('urgent_ticket', 'direct_report'))
    server.putAlert('al1', { kind: 'direct_report', state: 'acked' })
    await cycle((await makePhone(server)).ctx)
    await refresh(desk)
    expect(shown()?.options).toMatchObject({ body: '已有人收到，请知悉，可打开即办查看', actions: [{ action: 'open', title: '打开' }] })
  })

  it('closes what was acknowledged in the app and says when somebody else has it', async () => {
    server.putAlert('al1')
    await onPush(desk, MESSAGE)
    server.putAlert('al1', { state: 'acked' })
    await cycle((await makePhone(server)).ctx)
    await refresh(desk)
    expect(shown()?.options).toMatchObject({ body: '已有人收到，您不用再处理', silent: true, requireInteraction: false })
    server.putAlert('al2', {})
    await cycle((await makePhone(server)).ctx)
    await onPush(desk, MESSAGE.replace('al1', 'al2'))
    server.putAlert('al2', { acked_at: '2026-11-22T06:02:00.000Z', state: 'acked' })
    await cycle((await makePhone(server)).ctx)
    await refresh(desk)
    expect(desk.standing.has('al2')).toBe(false)
  })
})

it('a subscription that the push service gave up is made anew and registered, and the pages hear of it', async () => {
  const asked: unknown[] = []
  const fetcher = ((input: string, init: RequestInit) => {
    asked.push([init.method, input, init.body])
    return Promise.resolve(input.endsWith('/push/key') ? server.json({ public_key: 'BAAA' }) : server.json({ device: 'd1' }, 201))
  }) as unknown as typeof fetch
  desk = makeDesk(fetcher, 1)
  const fresh = { endpoint: 'https://p/2', toJSON: () => ({ endpoint: 'https://p/2', keys: { p256dh: 'k', auth: 'a' } }) }
  await onSubscriptionChange(desk, fresh as unknown as PushSubscription)
  expect(asked).toEqual([
    ['POST', '/api/v1/push/subscriptions', JSON.stringify({ device: 'd1', subscription: { endpoint: 'https://p/2', keys: { p256dh: 'k', auth: 'a' } } })],
  ])
  expect(desk.told).toContainEqual({ type: 'push-changed' })
})
