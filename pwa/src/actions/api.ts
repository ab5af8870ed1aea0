/**
 * Calls that need the network. One error shape for the screens: `ApiError` is the server's own answer in words for
 * a person, `NetworkError` is everything else. Content of confidential tickets comes only this way and is kept
 * nowhere.
 */
import { exchange, Failure } from '../lib/http'
import { openBase } from '../local/db'
import { saveSession, session } from '../local/session'
import type { Answer, Manner, Method, Options, Path } from './calls'

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

/** What one call sends, whatever its types said. */
interface Ask extends Manner {
  path?: Record<string, string>
  query?: Record<string, string | number | boolean | null | undefined>
  body?: unknown
  /** Multipart instead of JSON. */
  form?: FormData
  /** A download: resolves to a Blob. */
  blob?: boolean
}

type Asked<M extends Method, P extends Path<M>> = object extends Options<M, P> ? [options?: Options<M, P>] : [options: Options<M, P>]

/** `request('GET', '/tickets', { query })`: the API's description says what a call takes and what it answers. */
export async function request<M extends Method, P extends Path<M>>(method: M, path: P, ...[options]: Asked<M, P>): Promise<Answer<M, P>> {
  return (await send(method, path, options ?? {})) as Answer<M, P>
}

async function send(method: Method, path: string, ask: Ask): Promise<unknown> {
  try {
    return (await once(method, path, ask)).body
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    if (error.kind === 'offline') throw new NetworkError()
    if (error.status === 403 && error.code === 'csrf' && (await renewToken())) return send(method, path, ask)
    if (error.status === 401 && !ask.signingIn) await expire()
    throw new ApiError(error.status, error.code, error.message, error.details)
  }
}

/** `/tickets/{ticket_id}` with its parameters filled in. */
function filled(path: string, given: Record<string, string>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(given[name] ?? ''))
}

async function once(method: Method, pattern: string, ask: Ask): Promise<{ body: unknown }> {
  const { query = {}, body, form, blob, limitMs } = ask
  const path = filled(pattern, ask.path ?? {})
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(key, String(value))
  }
  const tail = search.toString()
  const headers: Record<string, string> = { Accept: blob ? '*/*' : 'application/json' }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  const csrf = ask.csrf ?? session()?.csrf
  if (csrf && method !== 'GET') headers['X-CSRF-Token'] = csrf
  const lang = document.documentElement.lang
  if (lang) headers['Accept-Language'] = lang
  return exchange((input, init) => fetch(input, init), {
    method,
    path: tail ? `${path}?${tail}` : path,
    headers,
    body: form ?? (body === undefined ? null : JSON.stringify(body)),
    ...(limitMs === undefined ? {} : { limitMs }),
    ...(blob ? { raw: (response: Response) => response.blob() } : {}),
  })
}

let renewing = false

async function renewToken(): Promise<boolean> {
  if (renewing) return false
  renewing = true
  try {
    const body = (await once('GET', '/session', {})).body as Answer<'GET', '/session'>
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

export type Config = Answer<'GET', '/config'>
export type CastMember = Answer<'GET', '/demo/cast'>['items'][number]

const CONFIG_KEY = 'jiban.config'

export const api = {
  /** The last answer is kept, so that the duty room's number is there without network. */
  async config(): Promise<Config> {
    const config = await request('GET', '/config', { signingIn: true })
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
    return (await request('GET', '/demo/cast', { signingIn: true })).items
  },
  /** The whole timeline; for a confidential ticket the only way to its content. */
  ticket: (id: string) => request('GET', '/tickets/{ticket_id}', { path: { ticket_id: id } }),
  /** Logged by the server. Kept with its ticket until the ticket leaves the phone, unless it is confidential. */
  async revealContact(ticket: { id: string; confidential?: boolean }, purpose: string): Promise<Answer<'POST', '/tickets/{ticket_id}/contact'>> {
    const contact = await request('POST', '/tickets/{ticket_id}/contact', { path: { ticket_id: ticket.id }, body: { purpose } })
    const { name, phone } = contact
    const user = session()?.user.id
    if (user && !ticket.confidential) await openBase(user).contacts.put({ id: ticket.id, name, phone, at: Date.now() })
    return contact
  },
}
