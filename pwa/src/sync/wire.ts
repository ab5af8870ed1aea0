/** The wire of SYNC.md, as types. Names are the protocol's. */
import type { BaseReceipt, Outcome, WireOp } from '../local/db'

export const SCHEMA = 1
export const OPS_MAX = 100
/** The server takes 1 MiB; the envelope needs some of it. */
export const BODY_BYTES_MAX = 1_000_000

export interface ServerTime {
  server_at: string
  anchor: string
}

export interface PushRequest {
  user: string
  device: string
  epoch: string | null
  schema: number
  sent_at: string
  offset_ms: number | null
  offset_uncertainty_ms: number | null
  ops: WireOp[]
}

export interface PushResult {
  id: string
  n: number
  outcome: Outcome
  first?: Exclude<Outcome, 'duplicate'>
  code?: string
  message?: string
  details?: { erase?: boolean }
  rev?: number
}

export interface PushAnswer {
  time: ServerTime
  last_n: number
  results: PushResult[]
}

export interface PullRequest {
  user: string
  device: string
  epoch: string | null
  schema: number
  cursor: string | null
  limit: number
  digest?: true
  refill?: string[]
}

export type PullChange =
  | { type: string; id: string; rev: number; buckets: string[]; doc: unknown; gone?: undefined }
  | { type: string; id: string; gone: 'moved' | 'closed' | 'merged'; into?: string }

export interface BucketDigest {
  count: number
  checksum: string
}

export interface PullAnswer {
  time: ServerTime
  epoch: string
  cursor: string
  more: boolean
  reset: null | 'all' | string[]
  changes: PullChange[]
  receipts: BaseReceipt[]
  digest?: Record<string, BucketDigest>
}

export function isPushAnswer(body: unknown): body is PushAnswer {
  const answer = body as Partial<PushAnswer> | null
  return isTimed(answer) && Number.isInteger(answer.last_n) && Array.isArray(answer.results)
}

export function isPullAnswer(body: unknown): body is PullAnswer {
  const answer = body as Partial<PullAnswer> | null
  return (
    isTimed(answer) &&
    typeof answer.epoch === 'string' &&
    typeof answer.cursor === 'string' &&
    typeof answer.more === 'boolean' &&
    Array.isArray(answer.changes) &&
    Array.isArray(answer.receipts)
  )
}

function isTimed<T extends { time?: ServerTime }>(answer: T | null): answer is T & { time: ServerTime } {
  return typeof answer === 'object' && typeof answer?.time?.server_at === 'string' && typeof answer.time.anchor === 'string'
}
