/** What the databases hold, record by record. Wire names (snake_case) only where a record is sent as it stands. */

import type { Me } from '../domain/types'

export interface KeyValue {
  key: string
  value: unknown
}

/** A row of the server's feed. */
export interface Row {
  type: string
  id: string
  rev: number
  buckets: string[]
  doc: unknown
  /** The rebuild in which the row was last seen; older ones are swept when a rebuild ends. */
  gen: number
}

/** A row that left this phone, remembered so that the screen can say where it went. */
export interface GoneRow {
  type: string
  id: string
  reason: 'moved' | 'closed' | 'merged'
  /** The surviving ticket's id, when its reader may see it. */
  into?: string
  at: number
}

/** A number revealed online; it leaves the phone with its ticket. */
export interface ContactRow {
  id: string
  name: string | null
  phone: string | null
  at: number
}

export type Outcome = 'applied' | 'kept' | 'refused' | 'duplicate'

/** A receipt as pulled: stored with the rows of its snapshot until the outbox has been tidied. */
export interface BaseReceipt {
  id: string
  n: number
  outcome: Outcome
  /** What became of it when it came first, for a `duplicate`. */
  first?: Exclude<Outcome, 'duplicate'>
  code?: string
  message?: string
  /** `erase`: the ticket is confidential now, for somebody who may have lost it with that. */
  details?: { erase?: boolean }
  rev?: number
  occurred_at?: string
  bounds?: [string, string]
  trust?: string
  received_at?: string
  /** Device ms when its operation left the outbox; forgotten soon after. */
  settledAt?: number
}

export interface OpClock {
  anchor: string
  anchor_device_at: string
  anchor_mono_ms: number | null
  origin: string
  mono_ms: number
  uncertainty_ms: number
}

/** An operation exactly as it goes on the wire. */
export interface WireOp {
  id: string
  n: number
  name: string
  v: number
  subject: string
  base: number | null
  at: string
  clock?: OpClock
  args: Record<string, unknown>
}

/** What the outbox list calls an operation's ticket when the row itself has left the phone. */
export interface OpLabel {
  ticketNo?: string
  title?: string
}

/** What a push was told about an operation; the receipt alone takes it out of the outbox. */
export interface PushAnswer {
  outcome: Outcome
  first?: Exclude<Outcome, 'duplicate'>
  code?: string
  message?: string
  details?: { erase?: boolean }
  rev?: number
  at: number
}

export interface OutboxOp extends WireOp {
  storedAt: number
  label: OpLabel
  answer?: PushAnswer
  /** Complete pulls since the server had it that brought no receipt. */
  pullsWithout?: number
  /** Content of a confidential ticket's operation lives in memory only; the record holds its place in `n`. */
  secret?: boolean
}

export type PhotoState = 'draft' | 'waiting' | 'uploading' | 'done' | 'failed'

export interface OutboxPhoto {
  id: string
  /** The operation that names it; null while it belongs to a draft. */
  op: string | null
  ticket: string | null
  draft: string | null
  state: PhotoState
  sha256: string
  bytes: number
  width: number
  height: number
  taken_at: string
  lat?: number
  lng?: number
  mime: string
  /** Of a confidential ticket: its bytes live in memory only (sync/secrets.ts). */
  secret?: boolean
  /** Bytes the server has confirmed. */
  offset: number
  tries: number
  nextTryAt: number
  code?: string
  message?: string
  storedAt: number
  doneAt?: number
}

/** A photo's bytes, apart from its record so that lists never load them. */
export interface PhotoBytes {
  id: string
  data: ArrayBuffer
  thumb: ArrayBuffer | null
}

/** An operation with its receipt, kept for 14 days in case the server is restored from a backup. */
export interface SentOp extends WireOp {
  device: string
  label: OpLabel
  storedAt: number
  settledAt: number
  receipt: Omit<BaseReceipt, 'id' | 'n' | 'first' | 'outcome' | 'settledAt'> & { outcome: Exclude<Outcome, 'duplicate'> }
}

export type ProblemKind = 'refused' | 'kept' | 'too_large' | 'photo'

/** 待处理: what its owner has to look at. Nothing but his tap removes one. */
export interface Problem {
  /** The operation's id, or the photo's. */
  id: string
  kind: ProblemKind
  name: string
  subject: string
  label: OpLabel
  at: string
  args: Record<string, unknown>
  code?: string
  message?: string
  notedAt: number
}

export interface Draft {
  key: string
  value: unknown
  savedAt: number
}

/** The signed-in person as the server describes him (API.md "user in a session answer"). */
export interface SessionUser extends Me {
  must_change_password?: boolean
}

/**
 * Who uses this browser. It stays usable without network and after the server's session has expired: `state`
 * then says that he has to sign in again before anything more can be sent or fetched.
 */
export interface Session {
  user: SessionUser
  csrf: string
  state: 'live' | 'expired' | 'wrong_user' | 'revoked'
  signedInAt: number
  confirmedAt: number
}

/** How far the phone is with the server; written by the tab that syncs, read by all. */
export interface SyncStatus {
  online: boolean
  lastContactAt?: number
  /** The `n` of the operations on the wire at this moment. */
  pushing?: { from: number; to: number }
  /** Why the last attempt failed, for people who look at the outbox. */
  trouble?: { code: string; message?: string; at: number; retryAt?: number }
  /** First fill of an empty phone: rows so far. */
  filling?: number
}
