/** Alarms and incidents as the feed brings them to the duty room. Times are RFC 3339. */

export interface Named {
  id: string
  name: string
}

export type AlarmKind = 'urgent_ticket' | 'direct_report' | 'reminder' | 'overdue' | 'muster'
export type AlarmState = 'open' | 'acked' | 'ended' | 'unanswered'
export type Post = 'worker' | 'backup' | 'unit_head' | 'duty_room' | 'leader' | 'office'
export type DeliveryState = 'queued' | 'sending' | 'sent' | 'delivered' | 'seen' | 'acked' | 'failed' | 'gone'

/** What became of one message: a person's alert by one channel. `at` is when its state came about. */
export interface Delivery {
  channel: string
  state: DeliveryState
  at: string
  target?: string | null
  error?: string | null
}

export interface AlarmPerson {
  person: Named & { role?: string | null; unit?: Named | null; phone?: string | null }
  /** The alert's id: what an acknowledgement names. */
  alert: string
  rung: number
  /** Told, not asked: nobody waits for his 收到. */
  informed: boolean
  posts?: string[]
  raised_at: string
  acked_at: string | null
  ack_received_at: string | null
  ack_via: string | null
  deliveries?: Delivery[]
}

export interface RungState {
  rung: number
  due_at: string
  climbed_at: string | null
  posts: string[]
  /** Nobody was on duty there: the next rung was due at the same moment. */
  empty: boolean
}

/** Why something looks odd and is right: a climb while an acknowledgement waited for a signal, say. */
export type Explained = { at: string; code: string } & Record<string, unknown>

export interface Subject {
  type: 'ticket' | 'incident' | 'drill'
  id: string
}

export interface AlarmDoc {
  id: string
  rev: number
  kind: AlarmKind
  drill: boolean
  drill_id?: string | null
  subject: Subject
  title: string
  village: string | null
  raised_at: string
  state: AlarmState
  acked_at: string | null
  acked_by: Named | null
  ended_at: string | null
  end_why: string | null
  next_at: string | null
  ladder: RungState[]
  explained: Explained[]
  people: AlarmPerson[]
  task?: string | null
  task_text?: string | null
}

export interface IncidentEntry {
  id: string
  name: string
  actor: Named | null
  role?: string | null
  occurred_at: string
  received_at?: string | null
  trust?: string | null
  outcome?: string | null
  text?: string | null
  details?: Record<string, unknown> | null
  photos?: IncidentPhoto[]
}

export interface IncidentPhoto {
  id: string
  sha256: string
  state: 'awaited' | 'received' | 'missing'
  taken_at?: string
  width?: number
  height?: number
}

export interface IncidentTask {
  id: string
  kind: 'hand_over' | 'handle'
  text: string
  person: Named | null
  unit: Named | null
  due_at: string | null
  given_at: string
  acked_at: string | null
  done_at: string | null
  alarm: string | null
  acked_by?: Named | null
  done_by?: Named | null
  /** What was said when it was done. */
  result?: string | null
}

export interface IncidentMember {
  person: Named | null
  seat: string | null
  acked_at?: string | null
}

export interface IncidentPlace {
  village?: string | null
  address?: string | null
  lat?: number | null
  lng?: number | null
  crs?: string | null
}

export interface IncidentDoc {
  id: string
  rev: number
  state: 'open' | 'closed' | 'merged'
  /** 4 一般 … 1 特别重大 */
  level: number
  matter: { code: string; name: string }
  drill: boolean | string | null
  text: string
  place: IncidentPlace | null
  village: string | null
  reporter: Named
  reported_at: string
  closed_at: string | null
  merged_into: string | null
  /** Reports of the same event, merged into this one. */
  merged: (string | { id: string; text?: string; reporter?: Named })[]
  ticket: string | { id: string; external_no: string } | null
  units: (Named & { mustered_at?: string | null })[]
  members: IncidentMember[]
  tasks: IncidentTask[]
  summary: string | null
  life_at_risk: boolean
  numbers: string[]
  timeline: IncidentEntry[]
}
