/**
 * What a person does about a 突发事件 from his phone. Like a ticket's work: stamped at the tap, stored durably, sent
 * when there is a way; and, because a life may hang on it, tried again and again while its screen is open.
 */
import type { IncidentArgs, IncidentOpName, Matter } from '../domain/incidentTypes'
import { uuid7 } from '../lib/ids'
import { writeMatters } from '../local/incidents'
import { session } from '../local/session'
import { askForSync } from '../sync/outbox'
import { request } from './api'
import { store, type ActOptions, type Done } from './tickets'

/** The few fields of an incident that an operation needs. */
export interface IncidentSubject {
  id: string
  rev: number | null
  /** What the outbox calls it. */
  title: string
}

function act<N extends IncidentOpName>(incident: IncidentSubject, name: N, args: Omit<IncidentArgs[N], 'photos'>, options?: ActOptions): Promise<Done> {
  return store(incident, name, args, options)
}

/**
 * 突发直报. Resolves with the new incident's id when the report is on the disk.
 * @param title the matter, as the outbox names it
 */
export async function report(title: string, args: Omit<IncidentArgs['incident.report'], 'photos'>, options: ActOptions): Promise<string> {
  const id = uuid7(Date.now())
  await act({ id, rev: null, title }, 'incident.report', args, options)
  pressOn()
  return id
}

export const noteOn = (incident: IncidentSubject, args: IncidentArgs['incident.note'], options?: ActOptions) =>
  act(incident, 'incident.note', args, options)
export const departFor = (incident: IncidentSubject) => act(incident, 'incident.depart', {})
export const arriveAt = (incident: IncidentSubject, args: IncidentArgs['incident.arrive'], options?: ActOptions) =>
  act(incident, 'incident.arrive', args, options)
export const ackTask = (incident: IncidentSubject, task: string) => act(incident, 'incident.task_ack', { task })
export const taskDone = (incident: IncidentSubject, args: IncidentArgs['incident.task_done'], options?: ActOptions) =>
  act(incident, 'incident.task_done', args, options)

/** Try to send at once, whatever the waiting times say. */
export function pressOn(): void {
  askForSync(true)
}

interface MattersAnswer {
  items: Matter[]
  duty_phone: string | null
}

const ask = request as unknown as (method: 'GET', path: string) => Promise<MattersAnswer>

/** Renew the list of matters and the duty room's number on this phone; without network the last ones stay. */
export async function refreshMatters(): Promise<void> {
  const user = session()?.user.id
  if (user === undefined) return
  try {
    const { items, duty_phone: dutyPhone } = await ask('GET', '/incidents/matters')
    if (items.length > 0) await writeMatters(user, { items, dutyPhone })
  } catch {
    // The list that came with the app, or the last one, still serves.
  }
}
