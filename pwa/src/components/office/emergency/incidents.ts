/** What an incident's page and list count and offer. Pure; the server judges each decision again. */
import type { TicketView } from '@/domain/types'
import type { IncidentDoc, IncidentEntry, IncidentMember, IncidentPhoto, IncidentTask } from '@/domain/emergency'

export type TaskState = 'waiting' | 'late' | 'acked' | 'done'

/** The matter in the reader's language. */
export function matterName(incident: Pick<IncidentDoc, 'matter'>, language: string): string {
  const { name, en } = incident.matter
  return language === 'en' && en ? en : name
}

/** Seats of the channel's template that nobody fills. */
export function missingSeats(incident: Pick<IncidentDoc, 'members'>): IncidentMember[] {
  return incident.members.filter((one) => one.person === null)
}

export function openTasks(incident: Pick<IncidentDoc, 'tasks'>): IncidentTask[] {
  return incident.tasks.filter((one) => !one.done_at)
}

/** Done, acknowledged, waiting for an acknowledgement, or past its due time. */
export function taskState(task: IncidentTask, nowMs: number): TaskState {
  if (task.done_at) return 'done'
  if (task.due_at && Date.parse(task.due_at) < nowMs) return 'late'
  return task.acked_at ? 'acked' : 'waiting'
}

/** All photos of the event, with the entry each came with, oldest first. */
export function photosOf(incident: Pick<IncidentDoc, 'timeline'>): { entry: IncidentEntry; photos: IncidentPhoto[] }[] {
  return [...incident.timeline]
    .sort((a, b) => a.occurred_at.localeCompare(b.occurred_at))
    .flatMap((entry) => (entry.photos?.length ? [{ entry, photos: entry.photos }] : []))
}

export type IncidentOp =
  | 'incident.muster' | 'incident.upgrade' | 'incident.downgrade' | 'incident.merge' | 'incident.unmerge'
  | 'incident.open_channel' | 'incident.add_member' | 'incident.remove_member' | 'incident.task'
  | 'incident.note' | 'incident.close' | 'incident.reopen'

export const DECIDERS = ['duty_room', 'office_lead', 'town_leader']

/** An urgent ticket becomes an event; a confidential one never does, for its place would be told. */
export function opensIncident(ticket: Pick<TicketView, 'urgent' | 'confidential' | 'state'>, role: string | undefined): boolean {
  return DECIDERS.includes(role ?? '') && ticket.urgent && !ticket.confidential && ticket.state !== 'closed' && ticket.state !== 'merged'
}

/** The buttons on an event for this role, in their order; members and tasks have theirs beside them. */
export function incidentOps(incident: IncidentDoc, role: string | undefined): IncidentOp[] {
  if (!role) return []
  if (!DECIDERS.includes(role)) return incident.state === 'open' ? ['incident.note'] : []
  if (incident.state === 'merged') return ['incident.unmerge']
  if (incident.state === 'closed') return ['incident.reopen']
  const ops: IncidentOp[] = ['incident.muster', 'incident.task', 'incident.open_channel']
  if (incident.level > 1) ops.push('incident.upgrade')
  if (incident.level < 4) ops.push('incident.downgrade')
  return [...ops, 'incident.merge', 'incident.note', 'incident.close']
}

/** Into which open event: drills only with drills, the same village first, then the nearest in time. */
export function mergeTargets(incident: IncidentDoc, all: readonly IncidentDoc[]): IncidentDoc[] {
  const apart = (one: IncidentDoc) => Math.abs(Date.parse(one.reported_at) - Date.parse(incident.reported_at))
  return all
    .filter((one) => one.id !== incident.id && one.state === 'open' && Boolean(one.drill) === Boolean(incident.drill))
    .sort((a, b) => Number(b.village === incident.village) - Number(a.village === incident.village) || apart(a) - apart(b))
}

const TOLD = [
  'level', 'level_from', 'units', 'people', 'person', 'unit', 'seat', 'seats', 'missing', 'into', 'from', 'reason', 'due_min', 'task_text', 'distance_m',
]

/** What an entry's details say, as words in a fixed order; ids without a name are left out. */
export function entryDetails(entry: Pick<IncidentEntry, 'details'>): { key: string; value: string }[] {
  const details = { ...levels(entry.details ?? {}), ...entry.details }
  return TOLD.flatMap((key) => {
    const value = plainWords(details[key])
    return value ? [{ key, value }] : []
  })
}

/** A change of level tells both of them as numbers. */
function levels({ from, to }: Record<string, unknown>): Record<string, unknown> {
  return typeof from === 'number' && typeof to === 'number' ? { level: to, level_from: from } : {}
}

/** Acknowledgements that follow each other are one line of names, each name once, the earliest of his kept. */
export function grouped(entries: readonly IncidentEntry[]): { entry: IncidentEntry; acks: IncidentEntry[] }[] {
  const lines: { entry: IncidentEntry; acks: IncidentEntry[] }[] = []
  for (const entry of entries) {
    const last = lines[lines.length - 1]
    if (entry.name !== 'alert.ack') lines.push({ entry, acks: [] })
    else if (last?.acks.length) last.acks.push(entry)
    else lines.push({ entry, acks: [entry] })
  }
  return lines.map(({ entry, acks }) => ({ entry, acks: firstOfEach(acks) }))
}

function firstOfEach(acks: readonly IncidentEntry[]): IncidentEntry[] {
  const sorted = [...acks].sort((a, b) => a.occurred_at.localeCompare(b.occurred_at))
  return sorted.filter((one, index) => sorted.findIndex((other) => other.actor?.id === one.actor?.id) === index)
}

const UUID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/

function plainWords(value: unknown): string {
  if (Array.isArray(value)) return value.map(plainWords).filter(Boolean).join('、')
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return UUID.test(value) ? '' : value
  const { name, seat } = (value ?? {}) as { name?: unknown; seat?: unknown }
  return typeof name === 'string' ? name : typeof seat === 'string' ? seat : ''
}
