/**
 * Calls that need the network. One error shape for the screens: `ApiError` is the server's own answer in words for
 * a person, `NetworkError` is everything else. Content of confidential tickets comes only this way and is kept
 * nowhere.
 */
import type { Me, TicketDoc } from '../domain/types'
import { exchange, Failure } from '../lib/http'
import { openBase } from '../local/db'
import { saveSession, session } from '../local/session'

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: Record<string, unknown>,
  ) {
    super(message)
    this.name = 'ApiError'
  }
}

/** No network, a time limit, or something between us and the server that answered instead. */
export class NetworkError extends Error {
  readonly code = 'offline'

  constructor() {
    super('offline')
    this.name = 'NetworkError'
  }
}

export interface RequestOptions {
  query?: Record<string, string | number | boolean | null | undefined>
  body?: unknown
  /** Multipart instead of JSON. */
  form?: FormData
  /** A download: resolves to a Blob. */
  blob?: boolean
  limitMs?: number
  /** Of a session that is over here already. */
  csrf?: string
  /** The caller signs in: a 401 is his answer, not the end of a session. */
  signingIn?: boolean
}

/** `request('GET', '/tickets', { query })`, with the path below /api/v1. */
export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  try {
    return (await once<T>(method, path, options)).body
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    if (error.kind === 'offline') throw new NetworkError()
    if (error.status === 403 && error.code === 'csrf' && (await renewToken())) return request(method, path, options)
    if (error.status === 401 && !options.signingIn) await expire()
    throw new ApiError(error.status, error.code, error.message, error.details)
  }
}

async function once<T>(method: string, path: string, options: RequestOptions): Promise<{ body: T }> {
  const { query = {}, body, form, blob, limitMs } = options
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(key, String(value))
  }
  const tail = search.toString()
  const headers: Record<string, string> = { Accept: blob ? '*/*' : 'application/json' }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  const csrf = options.csrf ?? session()?.csrf
  if (csrf && method !== 'GET') headers['X-CSRF-Token'] = csrf
  const lang = document.documentElement.lang
  if (lang) headers['Accept-Language'] = lang
  const answer = await exchange((input, init) => fetch(input, init), {
    method,
    path: tail ? `${path}?${tail}` : path,
    headers,
    body: form ?? (body === undefined ? null : JSON.stringify(body)),
    ...(limitMs === undefined ? {} : { limitMs }),
    ...(blob ? { raw: (response: Response) => response.blob() } : {}),
  })
  return answer as { body: T }
}

let renewing = false

async function renewToken(): Promise<boolean> {
  if (renewing) return false
  renewing = true
  try {
    const { body } = await once<{ user: Me; csrf: string }>('GET', '/session', {})
    const current = session()
    if (current?.user.id !== body.user.id || current.csrf === body.csrf) return false
    await saveSession({ ...current, user: body.user, csrf: body.csrf })
    return true
  } finally {
    renewing = false
  }
}

async function expire(): Promise<void> {
  const current = session()
  if (current?.state === 'live') await saveSession({ ...current, state: 'expired' })
}

export interface Config {
  demo: boolean
  version: string
  town: string
  duty_phone: string | null
  languages: string[]
}

export interface CastMember {
  username: string
  name: string
  role: string
  unit?: string | null
}

const CONFIG_KEY = 'jiban.config'

export const api = {
  /** The last answer is kept, so that the duty room's number is there without network. */
  async config(): Promise<Config> {
    const config = await request<Config>('GET', '/config', { signingIn: true })
    try {
      localStorage.setItem(CONFIG_KEY, JSON.stringify(config))
    } catch {
      // Only the copy for later is missing.
    }
    return config
  },
  lastConfig(): Config | undefined {
    try {
      const kept = localStorage.getItem(CONFIG_KEY)
      return kept === null ? undefined : (JSON.parse(kept) as Config)
    } catch {
      return undefined
    }
  },
  async demoCast(): Promise<CastMember[]> {
    return (await request<{ items: CastMember[] }>('GET', '/demo/cast', { signingIn: true })).items
  },
  /** The whole timeline; for a confidential ticket the only way to its content. */
  ticket: (id: string) => request<TicketDoc>('GET', `/tickets/${encodeURIComponent(id)}`),
  tickets: (query: RequestOptions['query']) =>
    request<{ items: TicketDoc[]; total: number; page: number }>('GET', '/tickets', { query: query ?? {} }),
  /** Logged by the server. Kept with its ticket until the ticket leaves the phone, unless it is confidential. */
  async revealContact(ticket: { id: string; confidential?: boolean }, purpose: string): Promise<{ name: string; phone: string }> {
    const path = `/tickets/${encodeURIComponent(ticket.id)}/contact`
    const contact = await request<{ name: string; phone: string }>('POST', path, { body: { purpose } })
    const user = session()?.user.id
    if (user && !ticket.confidential) await openBase(user).contacts.put({ id: ticket.id, ...contact, at: Date.now() })
    return contact
  },
}
