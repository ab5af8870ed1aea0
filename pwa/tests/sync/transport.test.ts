// @vitest-environment node
import { beforeEach, describe, expect, it } from 'vitest'
import type { Failure } from '../../src/lib/http'
import { openApp, setValue } from '../../src/local/db'
import { Transport } from '../../src/sync/transport'
import { cutBody, FakeServer, hanging, lost, portal, portal401, portalJson, proxy, type Fault } from './fakeServer'
import { makePhone, wipe } from './phone'

let server: FakeServer
let net: Transport

beforeEach(async () => {
  await wipe()
  server = new FakeServer()
  await makePhone(server)
  net = new Transport({ fetch: server.fetch, language: () => 'zh-CN' }, 'u1')
})

const body = { user: 'u1', device: 'd1', epoch: null, cursor: null, limit: 500 }
const ask = (limitMs?: number) =>
  net.ask({ method: 'POST', path: '/sync/pull', json: body, ...(limitMs === undefined ? {} : { limitMs }) })
const failure = (): Promise<Failure> => ask(50).then(() => Promise.reject(new Error('it passed')), (error: Failure) => error)

describe('what is not an answer of ours is a network failure', () => {
  const others: [string, Fault][] = [
    ["a captive portal's page", portal],
    ["a captive portal's JSON", portalJson],
    ["a captive portal's 401", portal401],
    ['a cut body', cutBody],
    ['a request that is lost', lost],
    ['a request that hangs for ever', hanging],
    ['a 502 of the proxy', proxy(502)],
    ['a 400 of the proxy', proxy(400)],
  ]
  it.each(others)('%s', async (_name, fault) => {
    server.faults = [fault]
    expect(await failure()).toMatchObject({ name: 'Failure', kind: 'offline' })
  })

  it('even if aborting does nothing', async () => {
    server.faults = [() => new Promise(() => undefined)]
    expect((await failure()).code).toBe('timeout')
  })
})

it('reads how long the server asks to wait, in seconds or as a date', async () => {
  server.faults = [proxy(503, { 'Retry-After': '7' })]
  expect((await failure()).retryAfterMs).toBe(7_000)
  const soon = new Date(Date.now() + 60_000).toUTCString()
  server.faults = [(): Promise<Response> => Promise.resolve(server.error(429, 'too_many', {}, { 'Retry-After': soon }))]
  const told = await failure()
  expect(told.kind).toBe('server')
  expect(told.retryAfterMs).toBeGreaterThan(50_000)
  server.faults = [proxy(503, { 'Retry-After': 'soon' })]
  expect((await failure()).retryAfterMs).toBeUndefined()
})

it("gives the server's own words for a refusal", async () => {
  server.faults = [(): Promise<Response> => Promise.resolve(server.error(400, 'bad_json', { at: 3 }))]
  expect(await failure()).toMatchObject({ kind: 'server', status: 400, code: 'bad_json', details: { at: 3 } })
})

it('compresses what is worth it, and stops when the server cannot read it', async () => {
  const long = { ...body, user: 'u1', pad: 'x'.repeat(5_000) }
  await net.ask({ method: 'POST', path: '/sync/pull', json: long })
  expect(server.seen[0]?.headers.get('Content-Encoding')).toBe('gzip')
  server.faults = [(): Promise<Response> => Promise.resolve(server.error(415, 'unsupported_media_type'))]
  await net.ask({ method: 'POST', path: '/sync/pull', json: long })
  await net.ask({ method: 'POST', path: '/sync/pull', json: long })
  expect(server.seen.map((request) => request.headers.get('Content-Encoding'))).toEqual(['gzip', 'gzip', null, null])
})

it('asks once for the token, not for ever', async () => {
  server.faults = [1, 2, 3].map(() => (): Promise<Response> => Promise.resolve(server.error(403, 'csrf')))
  await expect(ask()).rejects.toMatchObject({ code: 'csrf' })
  expect(server.seen).toHaveLength(2)
})

it('sends nothing more for one person once another has signed in on this browser', async () => {
  await setValue(openApp().kv, 'session', { user: { id: 'u2' }, csrf: 'token-2', state: 'live', signedInAt: 0, confirmedAt: 0 })
  const photo = net.ask({ method: 'POST', path: '/photos', bytes: new ArrayBuffer(0) })
  await expect(photo).rejects.toMatchObject({ kind: 'server', code: 'wrong_user' })
  expect(server.seen).toHaveLength(0)
})
