/**
 * The duty room's work: its decisions are operations through the sync engine like everybody's, its lists and settings
 * are asked of the server.
 */
import { rfc3339, tapNow } from '../lib/clock'
import { uuid7 } from '../lib/ids'
import { userId } from '../local/session'
import { append, askForSync } from '../sync/outbox'
import { request } from './api'
import type {
  AlarmQuery, ChannelBody, IncidentQuery, LadderRow, LadderRung, NewDrill, NewTurn, Reach, RotaQuery, Swap,
} from './emergencyWire'
import { download } from './office'

type LadderKind = LadderRow['kind']
type Fitting<Body> = Body & { kinds: never }

const SHORT_MS = 8_000
const FILE_MS = 60_000

/** The description writes the length of `kinds` into its type, which no list of a form can show. */
const fitting = (body: ChannelBody) => body as Fitting<ChannelBody>

export const dutyApi = {
  alarms: (query: AlarmQuery) => request('GET', '/alarms', { query, limitMs: SHORT_MS }),
  /** By the city's number; of a ticket that the reader may not see only that it is there. */
  ticketByNumber: (number: string) => request('GET', '/tickets/number/{external_no}', { path: { external_no: number }, limitMs: SHORT_MS }),
  health: () => request('GET', '/health', { limitMs: SHORT_MS }),

  incidents: (query: IncidentQuery) => request('GET', '/incidents', { query }),
  incident: (id: string) => request('GET', '/incidents/{incident_id}', { path: { incident_id: id } }),
  templates: () => request('GET', '/incidents/templates', {}),

  rota: (query: RotaQuery) => request('GET', '/rota', { query }),
  addTurn: (body: NewTurn) => request('POST', '/rota', { body }),
  swap: (body: Swap) => request('POST', '/rota/swap', { body }),
  cancelTurn: (id: string) => request('DELETE', '/rota/{turn_id}', { path: { turn_id: id } }),

  ladders: () => request('GET', '/ladders', {}),
  setLadder: (kind: LadderKind, rungs: LadderRung[]) => request('PUT', '/ladders/{kind}', { path: { kind }, body: { rungs } }),
  resetLadder: (kind: LadderKind) => request('DELETE', '/ladders/{kind}', { path: { kind } }),

  channels: () => request('GET', '/channels', {}),
  addChannel: (body: ChannelBody) => request('POST', '/channels', { body: fitting(body) }),
  setChannel: (id: string, body: ChannelBody) => request('PUT', '/channels/{channel_id}', { path: { channel_id: id }, body: fitting(body) }),
  removeChannel: (id: string) => request('DELETE', '/channels/{channel_id}', { path: { channel_id: id } }),
  testChannel: (id: string) => request('POST', '/channels/{channel_id}/test', { path: { channel_id: id }, limitMs: FILE_MS }),

  drills: () => request('GET', '/drills', {}),
  startDrill: (body: NewDrill) => request('POST', '/drills', { body }),
  endDrill: (id: string) => request('POST', '/drills/{drill_id}/end', { path: { drill_id: id } }),
  drillReport: (month: string) => request('GET', '/drills/report', { query: { month } }),

  reach: (id: string) => request('GET', '/people/{person_id}/reach', { path: { person_id: id } }),
  setReach: (id: string, body: Reach) => request('PUT', '/people/{person_id}/reach', { path: { person_id: id }, body }),
}

export const exportIncident = (id: string, filename: string) =>
  download('/incidents/{incident_id}/export.xlsx', { path: { incident_id: id } }, filename)
export const exportDrills = (month: string, filename: string) => download('/drills/report.xlsx', { query: { month } }, filename)
/** What an operation speaks of; `rev` null: it makes it. */
export interface OpSubject {
  id: string
  rev: number | null
  title?: string | undefined
}

/** Stores one operation durably and asks for it to be sent at once; resolves with its id when it is on the disk. */
export async function actOn(subject: OpSubject, name: string, args: object): Promise<string> {
  const tap = tapNow()
  const id = uuid7(tap.wallMs)
  const op = {
    ...{ id, name, v: 1, subject: subject.id, base: subject.rev, at: rfc3339(tap.wallMs) },
    // Vue hands out proxies, which no database can store.
    args: JSON.parse(JSON.stringify(args)) as Record<string, unknown>,
  }
  await append(userId(), op, tap, { label: subject.title === undefined ? {} : { title: subject.title } })
  askForSync(true)
  return id
}
