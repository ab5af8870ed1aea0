/** Calls that need the network. One error shape; everything that is not the server's own answer is `NetworkError`. */
import { session } from '../local/session'

/** The server's answer, in words for a person. */
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

export interface CallOptions {
  query?: Record<string, string | number | boolean | undefined>
  body?: unknown
  /** Multipart instead of JSON. */
  form?: FormData
  limitMs?: number
}

/** `GET /config`, `POST /tickets/<id>/contact` … with the path below /api/v1. */
export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  const response = await fetch(`/api/v1${path}`, {
    method,
    headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': session()?.csrf ?? '' },
    body: options.body === undefined ? null : JSON.stringify(options.body),
  }).catch(() => {
    throw new NetworkError()
  })
  return (await response.json()) as T
}
