/** What the duty room's endpoints take and answer (API “Alerts”). Times are RFC 3339. */
import type { AlarmDoc, AlarmKind, IncidentDoc, Named, Post } from '../domain/emergency'

export interface AlarmPage {
  items: AlarmDoc[]
  total?: number
  page?: number
}

export interface IncidentPage {
  items: IncidentDoc[]
  total?: number
  page?: number
}

export interface Matter {
  code: string
  name: string
  zh?: string
  en?: string
  life_at_risk: boolean
  numbers: string[]
}

export interface Seat {
  seat: string
  post?: string | null
  unit?: string | null
  role?: string | null
  person?: string | null
}

export interface Template {
  code: string
  name: string
  seats: Seat[]
}

export interface Health {
  status: 'ok' | 'degraded' | 'down'
  workers: Record<string, unknown>
  outbox?: unknown
}

export type TurnKind = 'regular' | 'stand_in' | 'swap'

export interface Turn {
  id: string
  post: Post
  unit: Named | string | null
  person: Named
  from_at: string
  to_at: string
  kind: TurnKind
  replaces: Named | string | null
  note: string
}

export interface Gap {
  post: Post
  unit: Named | string | null
  from_at: string
  to_at: string
}

export interface OnDuty {
  post: Post
  unit: Named | string | null
  people: (Named & { phone?: string | null })[]
  from_rota: boolean
}

export interface Rota {
  items: Turn[]
  gaps: Gap[]
  now: OnDuty[]
  candidates?: { post: Post; unit: Named | string | null; people: Named[] }[]
}

export interface NewTurn {
  post: Post
  unit?: string
  person: string
  from_at: string
  to_at: string
  kind?: TurnKind
  replaces?: string
  note?: string
  repeat?: { every_days: number; times: number }
}

export interface LadderRung {
  after_min: number
  posts: string[]
  informs: string[]
  /** null: every channel. */
  channels: string[] | null
}

export interface LadderRow {
  kind: AlarmKind
  rungs: LadderRung[]
  changed: boolean
}

export interface Ladders {
  items: LadderRow[]
  scale: number
  posts: string[]
}

export interface ChannelField {
  name: string
  secret: boolean
  required: boolean
}

export interface ChannelKind {
  kind: string
  scope: 'group' | 'person'
  fields: ChannelField[]
}

export interface ChannelRow {
  id: string
  kind: string
  name: string
  enabled: boolean
  scope: 'group' | 'person'
  kinds: string[]
  fields: Record<string, string | null>
  last_at?: string | null
  last_state?: string | null
  last_error?: string | null
}

export type ChannelBody = Pick<ChannelRow, 'kind' | 'name' | 'enabled' | 'scope' | 'kinds' | 'fields'>

export interface ChannelTest {
  state: string
  error?: string | null
  ms?: number | null
}

export interface DrillRow {
  id: string
  kind: AlarmKind
  title: string
  started_by: Named | null
  started_at: string
  ended_at: string | null
  note?: string | null
  /** Ids of its alarms. */
  alarms?: string[]
}

export interface NewDrill {
  kind: AlarmKind
  title: string
  units?: string[]
  people?: string[]
  note?: string
}

/** Alerts, not messages: a person with two phones counts once. */
export interface ChannelCounts {
  sent: number
  delivered: number
  seen: number
  acked: number
  failed: number
  first: number
}

export interface Answered {
  alarms: number
  acked: number
  never: number
  informed: number
  p50_s: number | null
  max_s: number | null
}

export interface DrillPerson extends Answered {
  person: Named
  unit: Named | null
  by_channel: Record<string, ChannelCounts>
}

export interface DrillFigures extends Answered {
  id: string
  kind: AlarmKind
  title: string
  started_by: Named | null
  started_at: string
  ended_at: string | null
}

/** A device that no push reached, or one that may not ring. */
export interface DrillDevice {
  person: Named
  unit: Named | null
  device: string | null
  reason?: string | null
  permission?: string
  platform?: string
  at?: string | null
  reported_at?: string | null
  gone_at?: string | null
}

export interface DrillReport {
  month: string
  as_of?: string
  total: Answered
  drills: DrillFigures[]
  people: DrillPerson[]
  by_channel: Record<string, ChannelCounts>
  unreachable: DrillDevice[]
  permission_missing: DrillDevice[]
  gone: DrillDevice[]
}

export interface Reach {
  phone: string | null
  email: string | null
  accounts: Record<string, string>
}
