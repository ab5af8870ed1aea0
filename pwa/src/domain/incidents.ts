// The server's row of an incident with this phone's operations replayed. Nothing is undone: a guess stops being replayed.
import type { IncidentDoc, IncidentPhoto } from './emergency'
import type { Called, IncidentEntryView, IncidentView, Matter, PendingIncidentOp, Task } from './incidentTypes'
import type { LocalStatus, Me, Named, PhotoArg } from './types'

const FRESH_LEVEL = 4

/** Operations on an incident are named so; their subject is the incident. */
export function isIncidentOp(name: string): boolean {
  return name.startsWith('incident.')
}

/**
 * @param doc the server's row; null while the report itself waits on this phone
 * @returns null when there is neither a row nor a report of it
 */
export function foldIncident(doc: IncidentDoc | null, ops: readonly PendingIncidentOp[], matters: readonly Matter[]): IncidentView | null {
  const report = ops.find((op) => op.name === 'incident.report')
  const start = doc ?? (report && draftOf(report, matters))
  if (!start) return null
  let incident: IncidentView = { ...start, pending: [...ops] }
  const known = new Set(incident.timeline.map((entry) => entry.id))
  for (const op of ops) {
    if (known.has(op.id)) continue
    if (op.status !== 'refused') incident = { ...incident, ...effectOf(incident, op) }
    incident = { ...incident, timeline: [...incident.timeline, entryOf(op)] }
  }
  return incident
}

/** What the report says, until the server's row is there. */
function draftOf(report: PendingIncidentOp, matters: readonly Matter[]): IncidentDoc {
  const { matter, text, place, drill } = report.args
  const code = String(matter)
  const known = matters.find((one) => one.code === code)
  const where = (place as IncidentDoc['place'] | undefined) ?? null
  return {
    ...{ id: report.subject, rev: 0, state: 'open', level: FRESH_LEVEL, drill: drill === true, text: String(text) },
    ...{ matter: { code, name: known?.zh ?? code }, place: where, village: where?.village ?? null },
    ...{ reporter: report.author, reported_at: report.at, closed_at: null, merged_into: null, merged: [], ticket: null },
    ...{ units: [], members: [], tasks: [], summary: null, timeline: [] },
    ...{ life_at_risk: known?.life_at_risk ?? false, numbers: known?.numbers ?? [] },
  }
}

function effectOf(incident: IncidentView, op: PendingIncidentOp): Partial<IncidentView> {
  const mark = (change: (task: Task) => Partial<Task>): Partial<IncidentView> => ({
    tasks: incident.tasks.map((task) => (task.id === op.args.task ? { ...task, ...change(task) } : task)),
  })
  if (op.name === 'incident.task_ack') return mark((task) => ({ acked_at: task.acked_at ?? op.at }))
  // Who has done it has also seen it.
  if (op.name === 'incident.task_done') return mark((task) => ({ acked_at: task.acked_at ?? op.at, done_at: task.done_at ?? op.at }))
  return {}
}

function entryOf(op: PendingIncidentOp): IncidentEntryView {
  const local: LocalStatus = {
    status: op.status,
    at: op.status_at ?? op.at,
    ...(op.code === undefined ? {} : { code: op.code }),
    ...(op.message === undefined ? {} : { message: op.message }),
  }
  const { text, photos, task, point, no_fix_reason: reason, false_report } = op.args
  return {
    ...{ id: op.id, name: op.name, actor: op.author, occurred_at: op.at, received_at: op.at, trust: 'probable' as const },
    outcome: op.status === 'refused' ? 'refused' : 'applied',
    text: typeof text === 'string' ? text : typeof reason === 'string' ? reason : null,
    details: { ...(task === undefined ? {} : { task }), ...(point === undefined ? {} : { point }), ...(false_report === true ? { false_report } : {}) },
    photos: ((photos ?? []) as PhotoArg[]).map(awaited),
    local,
  }
}

function awaited({ id, sha256, width, height, taken_at }: PhotoArg): IncidentPhoto {
  return { id, sha256, width, height, taken_at, state: 'awaited' }
}

/**
 * Everybody alarmed: who has not answered first, then who has, last who is only told. An older row without the list
 * still tells of those who answered.
 */
export function calledOf(incident: IncidentView): Called[] {
  const called = incident.called ?? answered(incident)
  const rank = ({ acked_at, informed }: Called) => (acked_at !== null ? 1 : informed ? 2 : 0)
  return [...called].sort((a, b) => rank(a) - rank(b))
}

function answered(incident: IncidentView): Called[] {
  const acks = incident.timeline.filter((e) => e.name === 'alert.ack' && e.actor)
  return acks.map((e) => ({ person: { ...(e.actor as Named), role: e.role ?? null }, acked_at: e.occurred_at }))
}

/** Life at risk first; within that the town's own order. */
export function lifeFirst(matters: readonly Matter[]): Matter[] {
  return [...matters.filter((one) => one.life_at_risk), ...matters.filter((one) => !one.life_at_risk)]
}

export function isOver(incident: Pick<IncidentDoc, 'closed_at' | 'merged_into'>): boolean {
  return incident.closed_at !== null || incident.merged_into !== null
}

/** Open ones first, then the latest report. */
export function inOrder<T extends Pick<IncidentDoc, 'closed_at' | 'merged_into' | 'reported_at'>>(incidents: readonly T[]): T[] {
  return [...incidents].sort(
    (a, b) => Number(isOver(a)) - Number(isOver(b)) || (a.reported_at < b.reported_at ? 1 : -1),
  )
}

/** Whose task it is: the person named, or anybody of the unit named. */
export function isMine(task: Task, me: Pick<Me, 'id' | 'unit'>): boolean {
  if (task.person) return task.person.id === me.id
  return task.unit !== null && task.unit.id === me.unit?.id
}

/** Mine before others', what nobody has acknowledged first, what is done last. */
export function tasksInOrder(tasks: readonly Task[], me: Pick<Me, 'id' | 'unit'>): Task[] {
  const rank = (task: Task): number => (task.done_at ? 2 : task.acked_at ? 1 : 0)
  return [...tasks].sort(
    (a, b) => rank(a) - rank(b) || Number(isMine(b, me)) - Number(isMine(a, me)) || (a.given_at < b.given_at ? -1 : 1),
  )
}

export type Deed = 'depart' | 'arrive' | 'note'

const DUTY = new Set(['duty_room', 'office_lead', 'town_leader', 'dispatcher'])

/** What this person may add to it now. Being on the way and on the spot is for its members. */
export function deedsOf(incident: IncidentView, me: Me): Deed[] {
  if (isOver(incident)) return []
  const did = (name: string): boolean =>
    incident.timeline.some((e) => e.name === name && e.actor?.id === me.id && e.outcome !== 'refused' && e.local?.status !== 'refused')
  const unit = me.unit?.id
  const takesPart =
    incident.members.some((one) => one.person?.id === me.id) || incident.units.some((one) => one.id === unit)
  const there = did('incident.arrive')
  const deeds: Deed[] = []
  if (takesPart && !DUTY.has(me.role)) {
    if (!there && !did('incident.depart')) deeds.push('depart')
    if (!there) deeds.push('arrive')
  }
  return [...deeds, 'note']
}

export type Delivery = 'sending' | 'unsent' | 'delivered' | 'refused'

/** So long a report may be under way before the screen says that it has not arrived. */
export const PATIENCE_MS = 4_000

/**
 * What the reporter is told. A line that hangs looks like sending for ever, so after a few seconds it is 未送达,
 * whatever the radio claims (SYNC.md: with the radio off `fetch` hangs and `onLine` is true).
 */
export function deliveryOf(status: LocalStatus['status'], waitedMs: number, mayReach: boolean): Delivery {
  if (status === 'delivered' || status === 'refused') return status
  return mayReach && waitedMs < PATIENCE_MS ? 'sending' : 'unsent'
}
