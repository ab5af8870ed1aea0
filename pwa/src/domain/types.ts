// The ticket as a phone holds it, and the operations that change it. Names are those of API.md.

export type Role =
  | 'grid_worker' | 'unit_clerk' | 'unit_head' | 'dispatcher' | 'office_lead' | 'leading_group'
  | 'town_leader' | 'duty_room' | 'petition_officer' | 'kb_liaison' | 'auditor' | 'sys_admin'

export type TicketState =
  | 'received' | 'assigned' | 'accepted' | 'handling' | 'reply_review' | 'replied' | 'closed'
  | 'determining' | 'returning' | 'merged' | 'terminated'

export type Category = 'complaint' | 'report' | 'help' | 'consult' | 'suggest' | 'praise'
export type Crs = 'WGS84' | 'GCJ02'
export type Trust = 'proven' | 'probable' | 'unverified'
export type Outcome = 'applied' | 'kept' | 'refused'

/** A person or unit by id and the name to show. */
export interface Named { id: string; name: string }

export interface Me {
  id: string
  username: string
  name: string
  role: Role
  unit: Named | null
  villages: string[]
  grid: string | null
  /** Units for whose head this person signs today (dated delegation). */
  delegate_of?: string[]
}

export interface Place {
  village: string | null
  address: string | null
  lat: number | null
  lng: number | null
  crs: Crs | null
}

export type DeadlineKind = 'acceptance' | 'arrival' | 'handling' | 'result'

/** Explains a due time in data, for any language. */
export interface Why {
  /** acceptance_same_day, acceptance_night_cutoff, arrival_minutes, handling_arrival_day, handling_received_day,
   *  result_working_days, result_urgent, result_rework, result_external, merged, petition_push, petition_transfer, petition_result */
  rule: string
  /** Start of the clock. */
  from: string
  /** Working days counted; 0 for calendar-day and minute clocks. */
  days: number
  minutes?: number
  skipped: { date: string; name: string }[]
}

export interface Deadline {
  kind: DeadlineKind
  start_at: string
  due_at: string
  met_at: string | null
  provisional: boolean
  state: 'open' | 'met' | 'missed'
  /** Only on result: both layers are measured, the earlier is shown as due_at. */
  internal_due_at?: string
  external_due_at?: string
  /** An arrival is there, but its time waits for the office (时间待核). */
  unverified?: boolean
  why: Why
}

export type PhotoState = 'awaited' | 'received' | 'missing'
export interface TimelinePhoto {
  id: string
  sha256: string
  state: PhotoState
  width?: number
  height?: number
  taken_at?: string
  lat?: number
  lng?: number
}

export interface Point {
  lat: number
  lng: number
  accuracy_m: number
  fix_age_s: number
  fix_at?: string
  crs: Crs
}

/** Where a local entry stands on its way; set only by fold() on entries not yet in the base row. */
export interface LocalStatus {
  status: 'stored' | 'sending' | 'delivered' | 'refused'
  at: string
  code?: string
  message?: string
}

export interface TimelineEntry {
  /** The operation's id. */
  id: string
  name: OpName | ServerOpName
  actor: Named
  /** Role of the actor at that time. */
  role?: string
  occurred_at: string
  trust: Trust
  /** refused only for an acceptance that came second: its author assists from then on. */
  outcome: Outcome
  received_at: string
  cycle: number
  text: string | null
  photos: TimelinePhoto[]
  code?: string
  /** Only when trust is unverified: [from, to]. */
  bounds?: [string, string]
  point?: Point
  distance_m?: number
  /** Arrivals: far, no_fix, no_photo; a reason may be in `reason`. */
  flags?: string[]
  reason?: string
  /** Callbacks. */
  callback?: { outcome: CallbackOutcome; called_at: string; resolved: boolean | null; satisfaction: Satisfaction | null }
  retracts?: string
  retracted_by?: string
  /** Decision of the office about an unverified time. */
  confirmed?: { accepted: boolean; by: Named; at: string; reason: string; claimed_at: string }
  /** The merged ticket that the fact was recorded on. */
  via?: string
  imported_by?: Named
  by_leader?: boolean
  /** What a decision was about: {unit, assignee, category, days…}. */
  details?: Record<string, unknown>
  local?: LocalStatus
}

export type CallbackOutcome = 'connected' | 'unreachable' | 'declined'
export type Satisfaction = 'very_satisfied' | 'satisfied' | 'fair' | 'unsatisfied'
export type Finding = 'true' | 'partly_true' | 'untrue' | 'unverifiable'
export type Resolution = 'resolved' | 'explained' | 'unresolved'

export interface Callback {
  id: string
  actor: Named
  occurred_at: string
  called_at: string
  outcome: CallbackOutcome
  resolved: boolean | null
  satisfaction: Satisfaction | null
  summary: string
  cycle: number
  /** The one that leaves with the reply (latest connected, else declined, else the unreachable attempt that completes the rule). */
  effective: boolean
  retracted: boolean
}

export interface Reply {
  id: string
  version: number
  /** Null while the reply waits on this phone. */
  hash: string | null
  author: Named
  submitted_at: string
  finding: Finding
  resolution: Resolution
  text: string
  public_text: string | null
  cycle: number
  /** A supplement of the city came after it: the author must submit again before it can be approved. */
  outdated: boolean
  approved_at: string | null
  approved_by: Named | null
  rejected: { reason: string; by: Named; at: string } | null
}

export interface TicketDoc {
  id: string
  external_no: string
  rev: number
  state: TicketState
  cycle: number
  category: Category
  urgent: boolean
  confidential: boolean
  title: string
  content: string | null
  place: Place | null
  contact: { name: string | null; phone: string | null } | null
  lead_unit: Named | null
  joint_units: Named[]
  assignee: Named | null
  assistants: Named[]
  grid: string | null
  received_at: string
  assigned_at: string | null
  external_due_at: string | null
  deadlines: Deadline[]
  reply: Reply | null
  callbacks: Callback[]
  timeline: TimelineEntry[]
  /** The timeline is cut to the last entries; GET /tickets/<id> has all. */
  timeline_cut?: boolean
  urgent_flagged_at: string | null
  /** While received: where the catalogue would send it. */
  suggestion: { unit: Named; assignee: Named | null; joint_units: Named[]; rule: 'place' | 'duty'; matter: string | null; alternatives: Named[] } | null
  /** Merged into this one: each caller is phoned on his own ticket (subject = id). */
  merged: { id: string; external_no: string; contact: { name: string | null; phone: string | null } | null; callback: boolean }[]
  merged_into: string | null
  return_request: { op: string; by: Named; at: string; reason: string; basis: string; suggested_unit: Named | null; head_approved: boolean; from: TicketState } | null
  evaluation: { resolved: boolean | null; satisfaction: Satisfaction | null; at: string } | null
  /** received_in_future, urged, determined, no_return … */
  flags: string[]
  tags: string[]
  supplements: { at: string; text: string }[]
  replied_at: string | null
  closed_at: string | null
}

export interface PhotoArg {
  id: string
  sha256: string
  bytes: number
  width: number
  height: number
  taken_at: string
  lat?: number
  lng?: number
}

/** Arguments of every operation a person may send. */
export interface OpArgs {
  'ticket.accept': { opinion?: string }
  'ticket.return': { reason: string; basis: string; suggested_unit?: string }
  'ticket.decide_return': { approved: boolean; reason?: string }
  'ticket.depart': Record<string, never>
  'ticket.arrive': { point?: Point; no_fix_reason?: string; photos?: PhotoArg[]; no_photo_reason?: string }
  'ticket.note': { text: string; photos?: PhotoArg[] }
  'ticket.on_site_done': { result: string; photos?: PhotoArg[]; no_photo_reason?: string }
  'ticket.callback': { outcome: CallbackOutcome; called_at?: string; resolved?: boolean; satisfaction?: Satisfaction; summary: string }
  'ticket.retract': { op: string; reason: string }
  'ticket.reply': { finding: Finding; resolution: Resolution; text: string; public_text?: string }
  'ticket.approve': { reply_hash: string }
  'ticket.reject': { reply_hash: string; reason: string }
  'ticket.dispatch': { unit: string; assignee?: string; joint_units?: string[] }
  'ticket.assign': { assignee: string }
  'ticket.flag_urgent': { reason: string }
  'ticket.unflag_urgent': { reason: string }
  'ticket.set_confidential': { confidential: boolean; reason: string; handlers?: string[] }
  'ticket.recategorise': { category: Category; reason: string }
  'ticket.merge': { into: string; reason: string }
  'ticket.unmerge': { into: string; reason: string }
  'ticket.confirm': { op: string; accepted: boolean; occurred_at?: string; reason: string }
  'ticket.close': Record<string, never>
  'ticket.determine': { unit: string; joint_units?: string[]; basis: string }
}
export type OpName = keyof OpArgs
export type ServerOpName =
  | 'ticket.ingest' | 'ticket.city_update' | 'ticket.city_result' | 'ticket.photo_received' | 'ticket.photo_missing'
  | 'ticket.leave_phones' | 'ticket.recompute_deadlines'

/** An operation of this phone that no receipt has taken out of the outbox yet. */
export interface PendingOp<N extends OpName = OpName> {
  id: string
  n: number
  name: N
  subject: string
  base: number | null
  /** The wall clock at the tap, corrected by the last server offset. */
  at: string
  args: OpArgs[N]
  author: Named
  status: LocalStatus['status']
  status_at?: string
  code?: string
  message?: string
}

export type TicketView = TicketDoc & { pending: PendingOp[] }

export type RefusalCode =
  | 'stale_base' | 'not_yours' | 'wrong_state' | 'needs_callback' | 'already_accepted' | 'reply_changed' | 'past_due'
  | 'respondent_unit' | 'confidential_online_only' | 'op_mismatch' | 'invalid_args' | 'unknown_op' | 'too_large'
