/**
 * Alarms and incidents as the feed and the duty room's lists bring them, read off the API's description. Times are
 * RFC 3339. What stands under `Later` came with a newer version, or only with one of the two ways.
 */
import type { components } from '../contract/api'

type Schemas = components['schemas']
type Later<Whole, Keys extends keyof Whole> = Omit<Whole, Keys> & Partial<Pick<Whole, Keys>>

export type Named = Schemas['NamedThing']
export type AlarmKind = Schemas['AlarmShape']['kind']
export type Post = Schemas['TurnShape']['post']
export type DeliveryState = Schemas['DeliveryShape']['state']

/** What became of one message: a person's alert by one channel. `at` is when its state came about. */
export type Delivery = Later<Omit<Schemas['DeliveryShape'], 'person' | 'tries'>, 'target' | 'error'>

/** `informed`: told, not asked; nobody waits for his 收到. `alert` is what an acknowledgement names. */
export type AlarmPerson = Later<Omit<Schemas['CalledShape'], 'deliveries' | 'person'>, 'posts' | 'seen_at'> & {
  person: Later<Schemas['CalledPerson'], 'role' | 'unit' | 'phone'>
  deliveries?: Delivery[]
}

/** `empty`: nobody was on duty there, and the next rung was due at the same moment. */
export type RungState = Later<Schemas['AlarmRung'], 'informs'>

/** Why something looks odd and is right: `code`, and what it speaks of. A climb while a 收到 waited for a signal, say. */
export type Explained = Schemas['AlarmShape']['explained'][number]

export type AlarmDoc = Later<
  Omit<Schemas['AlarmShape'], 'deliveries' | 'people' | 'ladder'>,
  'ack_received_at' | 'drill_id' | 'drill_title' | 'task' | 'task_text'
> & { people: AlarmPerson[]; ladder: RungState[] }

type Document = Schemas['IncidentDocument']
/** Before the server has answered, a phone knows a person by id and name. */
type Someone = Named & { role?: string }

export type IncidentPhoto = Schemas['EntryPhoto']
export type IncidentEntry = Later<
  Omit<Schemas['IncidentEntry'], 'name' | 'actor' | 'role'>,
  'received_at' | 'trust' | 'outcome' | 'text' | 'details' | 'photos'
> & { name: string; actor: Named | null; role?: string }
/** `result`: what was said when it was done. */
export type IncidentTask = Omit<Schemas['IncidentTask'], 'person' | 'alarm' | 'acked_by' | 'done_by' | 'given_by' | 'result'> & {
  person: Someone | null
  alarm: string | null
  acked_by?: Someone | null
  done_by?: Someone | null
  given_by?: Someone
  result?: string | null
}
export type IncidentMember = { person: Someone | null; seat: string; acked_at?: string | null }

/** One event; `level` 4 一般 … 1 特别重大. A report not sent yet has only what its author wrote. */
export type IncidentDoc = Later<
  Omit<Document, 'called' | 'matter' | 'place' | 'reporter' | 'members' | 'units' | 'tasks' | 'timeline'>,
  'channel' | 'drill_id' | 'informed' | 'received_at'
> & {
  matter: { code: string; name: string; zh?: string; en?: string }
  place: Partial<Schemas['IncidentPlace']> | null
  reporter: Someone
  members: IncidentMember[]
  units: Later<Schemas['MusteredUnit'], 'mustered_at'>[]
  tasks: IncidentTask[]
  timeline: IncidentEntry[]
}
/** As lists tell it, without its timeline. */
export type IncidentRow = Omit<IncidentDoc, 'timeline'>
