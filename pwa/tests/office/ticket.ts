// A ticket as the office's local copy holds it, to be varied by a test.
import type { Deadline, TicketView, TimelineEntry } from '../../src/domain/types'

export const NOW = Date.parse('2026-11-22T05:00:00.000Z')
export const MIN = 60_000

/** `minutes` after NOW as the wire writes it. */
export function at(minutes: number): string {
  return new Date(NOW + minutes * MIN).toISOString()
}

export function deadline(kind: Deadline['kind'], startMin: number, dueMin: number, metMin?: number): Deadline {
  return {
    kind,
    start_at: at(startMin),
    due_at: at(dueMin),
    met_at: metMin === undefined ? null : at(metMin),
    provisional: false,
    state: 'open',
    why: { rule: 'arrival_minutes', from: at(startMin), days: 0, skipped: [] },
  }
}

let made = 0

export function entry(name: TimelineEntry['name'], minutes: number, more: Partial<TimelineEntry> = {}): TimelineEntry {
  made += 1
  return {
    id: `op-${String(made).padStart(4, '0')}`,
    name,
    actor: { id: 'p1', name: '李伟' },
    occurred_at: at(minutes),
    trust: 'proven',
    outcome: 'applied',
    received_at: at(minutes),
    cycle: 1,
    text: null,
    photos: [],
    ...more,
  }
}

export function ticket(more: Partial<TicketView> = {}): TicketView {
  made += 1
  return {
    id: `t-${String(made).padStart(4, '0')}`,
    external_no: `DG${made}`,
    rev: 1,
    state: 'received',
    cycle: 1,
    category: 'complaint',
    urgent: false,
    confidential: false,
    title: '主干道井盖缺失',
    content: '振兴路井盖不见了',
    place: { village: '闸口村', address: '振兴路', lat: 22.98, lng: 113.68, crs: 'WGS84' },
    contact: null,
    lead_unit: null,
    joint_units: [],
    assignee: null,
    assistants: [],
    grid: null,
    received_at: at(-10),
    assigned_at: null,
    external_due_at: null,
    deadlines: [],
    reply: null,
    callbacks: [],
    timeline: [],
    urgent_flagged_at: null,
    suggestion: null,
    merged: [],
    merged_into: null,
    return_request: null,
    evaluation: null,
    flags: [],
    tags: [],
    supplements: [],
    replied_at: null,
    closed_at: null,
    pending: [],
    ...more,
  }
}
