/**
 * One request to the server, with a time limit of its own and no trust in what answers.
 *
 * - With the radio off every engine leaves `fetch` hanging, so the limit does not wait for the abort to work.
 * - An answer counts only if it carries our headers and, where JSON is due, is JSON of our shape: a captive
 *   portal's 200 is a network failure, and so is its 401.
 */
import { tapNow, type Tap } from './clock'

export const BASE_PATH = '/api/v1'
const LIMIT_MS = 20_000
const SLOWEST_BYTES_PER_MS = 4

export type FailureKind = 'offline' | 'server'

/** `offline`: nobody of ours answered. `server`: the server did, in its error shape (or a proxy with 413/429/5xx). */
export class Failure extends Error {
  constructor(
    readonly kind: FailureKind,
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: Record<string, unknown> = {},
    readonly retryAfterMs?: number,
  ) {
    super(message)
    this.name = 'Failure'
  }
}

export interface Answer {
  status: number
  headers: Headers
  /** Parsed JSON, undefined for an empty answer. */
  body: unknown
  epoch: string
  before: Tap
  after: Tap
}

export interface Exchange {
  method: string
  /** Below /api/v1. */
  path: string
  headers: Record<string, string>
  body: string | ArrayBuffer | FormData | null
  limitMs?: number
  /** Leave the body unread (a download). */
  raw?: (response: Response) => Promise<unknown>
}

/** Throws `Failure` for everything but a 2xx of ours. */
export async function exchange(fetcher: typeof fetch, ask: Exchange): Promise<Answer> {
  const stop = new AbortController()
  const limitMs = (ask.limitMs ?? LIMIT_MS) + sizeOf(ask.body) / SLOWEST_BYTES_PER_MS
  const before = tapNow()
  const request = fetcher(BASE_PATH + ask.path, {
    method: ask.method,
    headers: ask.headers,
    body: ask.body,
    credentials: 'same-origin',
    cache: 'no-store',
    redirect: 'error',
    signal: stop.signal,
  }).then(async (response) => {
    if (ask.raw && response.ok && isOurs(response.headers)) {
      return { response, text: '', made: await ask.raw(response), after: tapNow() }
    }
    return { response, text: ask.method === 'HEAD' ? '' : await response.text(), made: undefined, after: tapNow() }
  })
  const { response, text, made, after } = await limited(request, limitMs, stop)
  const answer = read(response, text, before, after)
  return made === undefined ? answer : { ...answer, body: made }
}

function sizeOf(body: Exchange['body']): number {
  if (body === null) return 0
  if (typeof body === 'string') return body.length * 2
  return body instanceof ArrayBuffer ? body.byteLength : 8_000_000
}

function isOurs(headers: Headers): boolean {
  return headers.get('X-Jiban-Epoch') !== null && headers.get('X-Jiban-Time') !== null
}

function read(response: Response, text: string, before: Tap, after: Tap): Answer {
  const { status, headers } = response
  const ours = isOurs(headers)
  const body = parse(text)
  if (ours && status >= 200 && status < 300 && (body !== undefined || text === '')) {
    return { status, headers, body, epoch: headers.get('X-Jiban-Epoch') ?? '', before, after }
  }
  const error = (body as { error?: { code?: unknown; message?: unknown; details?: unknown } } | null | undefined)?.error
  const retryAfterMs = retryAfter(headers.get('Retry-After'), after.wallMs)
  if (ours && status >= 400 && typeof error?.code === 'string') {
    const message = typeof error.message === 'string' ? error.message : error.code
    const details = typeof error.details === 'object' && error.details !== null ? error.details : {}
    throw new Failure('server', status, error.code, message, details as Record<string, unknown>, retryAfterMs)
  }
  // HEAD has no body to say why; our headers tell that it was us.
  if (ours && status >= 400 && text === '') throw new Failure('server', status, `http_${status}`, '', {}, retryAfterMs)
  // A proxy of ours may say that it is too much or too early; believing it costs nothing.
  if (status === 413 || status === 429 || status === 503) {
    throw new Failure('offline', status, `http_${status}`, '', {}, retryAfterMs)
  }
  throw offline(status >= 500 ? `http_${status}` : 'not_ours', status)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** Seconds or an HTTP date, to ms from now; undefined when absent or nonsense. */
function retryAfter(value: string | null, nowMs: number): number | undefined {
  if (value === null || value.trim() === '') return undefined
  const seconds = Number(value)
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(value) - nowMs
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), 3_600_000) : undefined
}

/** The abort comes as TimeoutError, AbortError or (WebKit) late or never; the limit holds all the same. */
function limited<T>(request: Promise<T>, limitMs: number, stop: AbortController): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(offline('timeout'))
      stop.abort()
    }, limitMs)
    request.then(resolve, () => {
      reject(offline('network'))
    }).finally(() => {
      clearTimeout(timer)
    })
  })
}

export function offline(code: string, status = 0): Failure {
  return new Failure('offline', status, code, '')
}
