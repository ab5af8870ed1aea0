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
  AlarmPage, ChannelBody, ChannelKind, ChannelRow, ChannelTest, DrillReport, DrillRow, Health, IncidentPage, LadderRow,
  LadderRung, Ladders, Matter, NewDrill, NewTurn, Reach, Rota, Template, Turn,
} from './emergencyWire'
import type { AlarmDoc, IncidentDoc } from '../domain/emergency'
import { save } from './office'

interface Ask {
  path?: Record<string, string>
  query?: Record<string, string | number | boolean | undefined>
  body?: unknown
  blob?: true
  limitMs?: number
}

/** The one door to the network, with the types of this file instead of the description's. */
const call = request as unknown as <T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, ask?: Ask) => Promise<T>

const one = (id: string) => ({ path: { id } })
const SHORT_MS = 8_000
const FILE_MS = 60_000

export const dutyApi = {
  alarms: (query: { state?: 'open' | 'all'; drill?: string; subject?: string; page?: number; page_size?: number }) =>
    call<AlarmPage>('GET', '/alarms', { query, limitMs: SHORT_MS }),
  alarm: (id: string) => call<AlarmDoc>('GET', '/alarms/{id}', one(id)),
  health: () => call<Health>('GET', '/health', { limitMs: SHORT_MS }),

  incidents: (query: { state?: string; drill?: string; page?: number }) => call<IncidentPage>('GET', '/incidents', { query }),
  incident: (id: string) => call<IncidentDoc>('GET', '/incidents/{id}', one(id)),
  matters: () => call<{ items: Matter[]; duty_phone: string | null }>('GET', '/incidents/matters'),
  templates: () => call<{ items: Template[] }>('GET', '/incidents/templates'),

  rota: (query: { from: string; to: string; post?: string; unit?: string }) => call<Rota>('GET', '/rota', { query }),
  addTurn: (body: NewTurn) => call<{ items: Turn[] }>('POST', '/rota', { body }),
  swap: (body: { turn: string; with_turn?: string; with_person?: string; note?: string }) =>
    call<{ items: Turn[] }>('POST', '/rota/swap', { body }),
  cancelTurn: (id: string) => call<undefined>('DELETE', '/rota/{id}', one(id)),

  ladders: () => call<Ladders>('GET', '/ladders'),
  setLadder: (kind: string, rungs: LadderRung[]) => call<LadderRow>('PUT', '/ladders/{id}', { ...one(kind), body: { rungs } }),
  resetLadder: (kind: string) => call<LadderRow | undefined>('DELETE', '/ladders/{id}', one(kind)),

  channels: () => call<{ items: ChannelRow[]; available: ChannelKind[] }>('GET', '/channels'),
  addChannel: (body: ChannelBody) => call<ChannelRow>('POST', '/channels', { body }),
  setChannel: (id: string, body: ChannelBody) => call<ChannelRow>('PUT', '/channels/{id}', { ...one(id), body }),
  removeChannel: (id: string) => call<undefined>('DELETE', '/channels/{id}', one(id)),
  testChannel: (id: string) => call<ChannelTest>('POST', '/channels/{id}/test', { ...one(id), limitMs: FILE_MS }),

  drills: () => call<{ items: DrillRow[] }>('GET', '/drills'),
  startDrill: (body: NewDrill) => call<DrillRow>('POST', '/drills', { body }),
  endDrill: (id: string) => call<DrillRow>('POST', '/drills/{id}/end', one(id)),
  drillReport: (month: string) => call<DrillReport>('GET', '/drills/report', { query: { month } }),

  reach: (id: string) => call<Reach>('GET', '/people/{id}/reach', one(id)),
  setReach: (id: string, body: Reach) => call<Reach>('PUT', '/people/{id}/reach', { ...one(id), body }),
}

/** Asks for a file and hands it to the browser's downloads. */
async function fetchFile(path: string, ask: Ask, filename: string): Promise<void> {
  save(await call<Blob>('GET', path, { ...ask, blob: true, limitMs: FILE_MS }), filename)
}

export const exportIncident = (id: string, filename: string) => fetchFile('/incidents/{id}/export.xlsx', one(id), filename)
export const exportDrills = (month: string, filename: string) => fetchFile('/drills/report.xlsx', { query: { month } }, filename)

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
