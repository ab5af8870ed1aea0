/** What the office's own endpoints answer (API.md “The office” and the endpoints beside it). */
import type { Category, Deadline, Named, TicketState, Trust } from '../domain/types'

export interface DirectoryUnit {
  id: string
  name: string
  kind: string
  village?: string | boolean | null
}

export interface DirectoryPerson {
  id: string
  name: string
  role: string
  unit_id: string | null
  grid_id: string | null
}

export interface Directory {
  units: DirectoryUnit[]
  people: DirectoryPerson[]
}

export interface TicketRow {
  id: string
  external_no: string
  state: TicketState
  cycle: number
  category: Category
  urgent: boolean
  confidential: boolean
  title: string
  place: { village?: string | null; address?: string | null } | null
  lead_unit: Named | null
  assignee: Named | null
  received_at: string
  deadlines: Deadline[]
}

export interface Page<Row> {
  items: Row[]
  total: number
  page: number
}

export type By = 'town' | 'unit' | 'village' | 'worker'

/** Arrivals that took from `from_s` up to `to_s` seconds (null: no end). */
export interface Bin {
  from_s: number
  to_s: number | null
  n: number
}

export interface Figures {
  numerator: number
  denominator: number
  /** 0–1; null when nothing was due. */
  rate: number | null
  /** In neither number until the office has confirmed their times. */
  unverified: number
  excluded: number
  /** Counted as on time by a probable clock, heard of only after the due. */
  told_late: number
  p50_s: number | null
  p90_s: number | null
  /** Too small a sample to be ranked. */
  too_few: boolean
  light: 'green' | 'yellow' | 'red' | null
}

export interface RateRow extends Figures {
  key: string
  name: string
  /** Of a unit: villages are ranked apart from departments. */
  kind?: string | null
}

export interface ArrivalReport extends Figures {
  min_n_for_rank: number
  as_of: string
  distribution: Bin[]
  previous: Figures
  rows: RateRow[]
}

export type ArrivalPart = 'all' | 'on_time' | 'late' | 'missing' | 'unverified' | 'excluded' | 'told_late'

export interface ArrivalTicket {
  id: string
  external_no: string
  title: string
  village: string | null
  unit: string | null
  worker: string | null
  start_at: string
  due_at: string
  met_at: string | null
  seconds: number | null
  trust: Trust | null
  told_late: boolean
  part: 'on_time' | 'late' | 'missing' | 'unverified' | 'excluded'
}

export interface OfficeItem {
  id: string
  kind: string
  ticket: { id: string; external_no: string; title: string } | null
  op: string | null
  unit: Named | null
  person: Named | null
  at: string
  details: Record<string, unknown>
}

export interface ImportRow {
  row: number
  ok: boolean
  outcome?: string
  external_no?: string | null
  title?: string
  ticket_id?: string | null
  sheet?: string
  name?: string
  password?: string | null
  errors: { field?: string; heading?: string; code: string; message: string }[]
}

export interface ImportResult {
  total: number
  ok: number
  bad: number
  rows: ImportRow[]
}

export interface OutboxResult {
  results: {
    id: string
    n: number
    outcome: 'applied' | 'kept' | 'refused' | 'duplicate'
    code?: string
    message?: string
  }[]
  photos: { id: string }[]
}

export interface PersonRow {
  id: string
  username: string
  name: string
  role: string
  unit: Named | null
  grid: Named | null
  revoked_at: string | null
}

export interface DeviceRow {
  id: string
  first_seen_at: string
  last_seen_at: string
  revoked_at: string | null
}

export interface CalendarDay {
  date: string
  is_work: boolean
  name: string
}

export interface CalendarYear {
  year: number
  /** Whether the national notice of that year is known; until then deadlines are provisional. */
  published: boolean
  days: (CalendarDay & { override: boolean })[]
}
