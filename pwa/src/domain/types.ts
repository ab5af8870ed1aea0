// The ticket as a phone holds it, and the operations that change it. What the server sends is read off the API's
// description (`make contract`); what only the phone adds to it stands here.
import type { components } from '../contract/api'

type Schemas = components['schemas']

export type Role = Schemas['SignedInUser']['role']
export type TicketState = Schemas['TicketDocument']['state']
export type Category = Schemas['TicketDocument']['category']
export type Crs = Schemas['PointShape']['crs']
export type Trust = Schemas['TimelineEntry']['trust']
export type Outcome = Schemas['TimelineEntry']['outcome']

/** A person or unit by id and the name to show. */
export type Named = Schemas['NamedThing']

/** Who is signed in; `delegate_of`: units for whose head this person signs today (dated delegation). */
export type Me = Omit<Schemas['SignedInUser'], LaterInSession> & Partial<Pick<Schemas['SignedInUser'], LaterInSession>>
// A session that an older version stored does not have them.
type LaterInSession = 'delegate_of' | 'grid_name' | 'must_change_password'

export type Place = Schemas['PlaceShape']
export type Point = Schemas['PointShape']
export type DeadlineKind = Deadline['kind']

/**
 * Explains a due time in data, for any language. `rule`: acceptance_same_day, acceptance_night_cutoff, arrival_minutes,
 * handling_arrival_day, handling_received_day, result_working_days, result_urgent, result_rework, result_external,
 * merged, petition_push, petition_transfer, petition_result
 */
export type Why = Schemas['Why']
export type Deadline = Schemas['DeadlineShape']

export type TimelinePhoto = Schemas['EntryPhoto']
export type PhotoState = TimelinePhoto['state']

/** Where a local entry stands on its way; set only by fold() on entries not yet in the base row. */
export interface LocalStatus {
  status: 'stored' | 'sending' | 'delivered' | 'refused'
  at: string
  code?: string
  message?: string
}

/** `refused` only for an acceptance that came second: its author assists from then on, and reads `why` on his phone. */
export type TimelineEntry = Omit<Schemas['TimelineEntry'], 'role'> & {
  role?: Schemas['TimelineEntry']['role']
  local?: LocalStatus
  why?: string
}

export type Callback = Schemas['CallbackShape']
export type CallbackOutcome = Callback['outcome']
export type Satisfaction = NonNullable<Callback['satisfaction']>
export type Finding = Reply['finding']
export type Resolution = Reply['resolution']

/** `hash` is null while the reply waits on this phone. */
export type Reply = Omit<Schemas['ReplyShape'], 'hash'> & { hash: string | null }

export type TicketDoc = Omit<Schemas['TicketDocument'], 'timeline' | 'reply'> & { timeline: TimelineEntry[]; reply: Reply | null }

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
/** Fails to compile when a phone may send what no timeline knows. */
export type KnownOpName<Name extends Schemas['TimelineEntry']['name'] = OpName> = Name

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
