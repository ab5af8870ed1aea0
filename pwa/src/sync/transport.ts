/** Requests of the sync: the session's token, compressed bodies, and the one retry that a stale token deserves. */
import { exchange, Failure, offline, type Answer } from '../lib/http'
import { getValue, openApp, setValue, type Session, type SessionUser } from '../local/db'

export { Failure, type Answer } from '../lib/http'

const SESSION_KEY = 'session'
const GZIP_FROM_BYTES = 1_024

export interface Ask {
  method: 'GET' | 'POST' | 'PUT' | 'HEAD' | 'PATCH' | 'DELETE'
  path: string
  json?: unknown
  bytes?: ArrayBuffer
  headers?: Record<string, string>
  limitMs?: number
}

export interface Net {
  fetch: typeof fetch
  /** For messages in the reader's language. */
  language?: () => string
}

/** Absent in Safari before 16.4: its phones send plain JSON. */
const gzipper = (globalThis as { CompressionStream?: new (format: 'gzip') => GenericTransformStream }).CompressionStream

export class Transport {
  private plain = gzipper === undefined

  constructor(
    private readonly net: Net,
    private readonly user: string,
  ) {}

  /** Throws `Failure` for everything but a 2xx of ours. */
  async ask(ask: Ask): Promise<Answer> {
    try {
      return await this.once(ask)
    } catch (error) {
      if (!(error instanceof Failure) || error.kind !== 'server') throw error
      if (error.status === 403 && error.code === 'csrf') {
        await this.renewToken()
        return this.once(ask)
      }
      const misread = error.status === 415 || (error.status === 400 && error.code === 'bad_encoding')
      if (!misread || this.plain || ask.json === undefined) throw error
      this.plain = true
      return this.once(ask)
    }
  }

  private async once(ask: Ask): Promise<Answer> {
    const { body, headers } = await this.pack(ask)
    const { method, path, limitMs } = ask
    return exchange(this.net.fetch, { method, path, headers, body, ...(limitMs === undefined ? {} : { limitMs }) })
  }

  private async pack(ask: Ask): Promise<{ body: string | ArrayBuffer | null; headers: Record<string, string> }> {
    const session = await getValue<Session>(openApp().kv, SESSION_KEY)
    // Somebody else has signed in here since: his cookie would go with it, and a photo become his.
    if (session && session.user.id !== this.user) throw new Failure('server', 409, 'wrong_user', '')
    const headers: Record<string, string> = { Accept: 'application/json', ...ask.headers }
    if (session && ask.method !== 'GET' && ask.method !== 'HEAD') headers['X-CSRF-Token'] = session.csrf
    const language = this.net.language?.()
    if (language) headers['Accept-Language'] = language
    if (ask.json === undefined) return { body: ask.bytes ?? null, headers }
    headers['Content-Type'] = 'application/json'
    const text = JSON.stringify(ask.json)
    if (this.plain || text.length < GZIP_FROM_BYTES) return { body: text, headers }
    headers['Content-Encoding'] = 'gzip'
    return { body: await gzip(text), headers }
  }

  private async renewToken(): Promise<void> {
    const { body } = await this.once({ method: 'GET', path: '/session' })
    const fresh = body as { user?: SessionUser; csrf?: string } | null
    if (!fresh?.user || typeof fresh.csrf !== 'string') throw offline('not_ours')
    if (fresh.user.id !== this.user) throw new Failure('server', 409, 'wrong_user', '')
    const session = await getValue<Session>(openApp().kv, SESSION_KEY)
    if (session?.user.id === this.user) {
      await setValue(openApp().kv, SESSION_KEY, { ...session, user: fresh.user, csrf: fresh.csrf })
    }
  }
}

async function gzip(text: string): Promise<ArrayBuffer> {
  if (!gzipper) throw new Error('no CompressionStream here')
  const packed = new Blob([text]).stream().pipeThrough(new gzipper('gzip'))
  return new Response(packed).arrayBuffer()
}
