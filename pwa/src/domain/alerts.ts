/**
 * An alert as its person's phone holds it (API.md "Alerts"), with this phone's acknowledgement folded in, and how
 * loudly it asks (UX rule 5).
 */
import type { Named } from './types'

export type AlertKind = 'urgent_ticket' | 'direct_report' | 'muster' | 'reminder' | 'overdue'

/** The synced document. Instants are RFC 3339. */
export interface AlertDoc {
  id: string
  rev: number
  alarm: string
  kind: AlertKind
  drill: boolean
  drill_title?: string | null
  subject: { type: 'ticket' | 'incident' | 'drill'; id: string }
  raised_at: string
  acked_at: string | null
  ack_received_at: string | null
  /** The rung of the ladder that reached this person, from 0. */
  rung: number
  /** “保密单” for a confidential ticket. */
  title: string
  /** The same for readers of English, where it begins with a name of ours. */
  title_en?: string | null
  village: string | null
  /** Told, not asked: his 收到 stops nothing. */
  informed: boolean
  life_at_risk: boolean
  numbers: string[]
  state: 'open' | 'acked' | 'ended'
  ended_at: string | null
  end_why: string | null
  /** The ladder climbed between his 收到 and its arrival at the server. */
  climbed_meanwhile: boolean
  task?: string | null
  task_text?: string | null
  /** Whose 收到 stopped the ladder. */
  acked_by?: (Named & { role?: string | null }) | null
  posts?: string[]
}

/** Where 收到 is on its way. Only `delivered` is done. */
export interface Ack {
  status: 'stored' | 'sending' | 'delivered' | 'refused'
  /** When it was made (RFC 3339). */
  at: string
  /** When the server had it. */
  deliveredAt?: string
  /** The operation that counts as it: `alert.ack`, `ticket.depart`, … */
  via: string
}

/** An operation of this phone on the alert or on what it is about, that no row contains yet. */
export interface AckOp {
  name: string
  subject: string
  at: string
  status: Ack['status']
  status_at?: string
}

/** What the phone knows of the ticket that an alert is about. */
export interface AlertTicket {
  no: string
  address: string
  confidential: boolean
  /** RFC 3339, while the arrival is not met. */
  arrivalDueAt?: string
}

export type AlertView = AlertDoc & { ack: Ack | null; ticket: AlertTicket | null }

/** Work on the spot says 收到 as well (the server takes it so, too). */
const COUNTS_AS_ACK = new Set([
  'alert.ack', 'ticket.accept', 'ticket.depart', 'ticket.arrive', 'incident.depart', 'incident.arrive', 'incident.task_ack',
])

export function countsAsAck(name: string): boolean {
  return COUNTS_AS_ACK.has(name)
}

/** The row with what this phone has done since; `ops` in the order of their taps. */
export function foldAlert(doc: AlertDoc, ops: readonly AckOp[], ticket: AlertTicket | null = null): AlertView {
  return { ...doc, ack: ackOf(doc, ops), ticket }
}

function ackOf(doc: AlertDoc, ops: readonly AckOp[]): Ack | null {
  if (doc.acked_at !== null) {
    const ack: Ack = { status: 'delivered', at: doc.acked_at, via: 'alert.ack' }
    if (doc.ack_received_at !== null) ack.deliveredAt = doc.ack_received_at
    return ack
  }
  const mine = ops.filter((op) => countsAsAck(op.name) && (op.subject === doc.id || op.subject === doc.subject.id))
  const op = mine.find(({ status }) => status !== 'refused') ?? mine[0]
  if (!op) return null
  const ack: Ack = { status: op.status, at: op.at, via: op.name }
  if (op.status === 'delivered' && op.status_at !== undefined) ack.deliveredAt = op.status_at
  return ack
}

/** `screen`: full screen with sound. `banner`: seen wherever he is. `taken`: somebody else has it. */
export type Manner = 'screen' | 'banner' | 'taken' | 'none'

/** From this much time left on, a reminder takes the whole screen. */
const LAST_REMINDER_MS = 5.5 * 60_000
const TAKEN_TOLD_MS = 12 * 3_600_000

export function mannerOf(alert: AlertView, nowMs: number): Manner {
  if (alert.ack !== null && alert.ack.status !== 'refused') return 'none'
  if (alert.state !== 'open') return wasTaken(alert, nowMs) ? 'taken' : 'none'
  if (alert.informed || alert.kind === 'overdue') return 'banner'
  if (alert.kind !== 'reminder') return 'screen'
  const due = alert.ticket?.arrivalDueAt
  return due !== undefined && Date.parse(due) - nowMs <= LAST_REMINDER_MS ? 'screen' : 'banner'
}

function wasTaken(alert: AlertView, nowMs: number): boolean {
  return asksFor(alert) && alert.state === 'acked' && nowMs - Date.parse(alert.raised_at) < TAKEN_TOLD_MS
}

const KIND_RANK: Record<AlertKind, number> = { direct_report: 0, muster: 0, urgent_ticket: 0, reminder: 1, overdue: 2 }

/** The order in which they are shown: real before drill, life at risk first, then the newest. */
export function byUrgency(a: AlertView, b: AlertView): number {
  return (
    Number(a.drill) - Number(b.drill) ||
    Number(b.life_at_risk) - Number(a.life_at_risk) ||
    (KIND_RANK[a.kind] ?? 1) - (KIND_RANK[b.kind] ?? 1) ||
    Date.parse(b.raised_at) - Date.parse(a.raised_at) ||
    (a.id < b.id ? -1 : 1)
  )
}

export interface AlarmQueue {
  screen: AlertView[]
  banner: AlertView[]
  taken: AlertView[]
  /** Acknowledged on this phone, and the server does not have it yet. */
  unsent: AlertView[]
}

export function queueOf(alerts: readonly AlertView[], nowMs: number): AlarmQueue {
  const sorted = [...alerts].sort(byUrgency)
  const those = (manner: Manner): AlertView[] => sorted.filter((alert) => mannerOf(alert, nowMs) === manner)
  const unsent = sorted.filter(({ ack }) => ack !== null && (ack.status === 'stored' || ack.status === 'sending'))
  return { screen: those('screen'), banner: those('banner'), taken: those('taken'), unsent }
}

/** Where an alert leads: its ticket or its incident. */
export function pathOf(alert: Pick<AlertDoc, 'subject' | 'id'>): string {
  if (alert.subject.type === 'ticket') return `/tickets/${alert.subject.id}`
  if (alert.subject.type === 'incident') return `/incidents/${alert.subject.id}`
  return `/alerts/${alert.id}`
}

/** The same at a desk; a drill has no page of its own there. */
export function deskPathOf(alert: Pick<AlertDoc, 'subject' | 'id'>): string {
  if (alert.subject.type === 'drill') return pathOf(alert)
  return `${alert.subject.type === 'incident' ? '/office/emergency' : '/office'}${pathOf(alert)}`
}

/** Whether somebody waits for his 收到; of the others he only says that he knows. */
export function asksFor(alert: Pick<AlertDoc, 'kind' | 'informed'>): boolean {
  return !alert.informed && alert.kind !== 'reminder' && alert.kind !== 'overdue'
}

/** The words of an alert or alarm for a reader of `language`. */
export function titleIn(language: string, named: { title: string | null; title_en?: string | null | undefined }): string {
  return (language === 'en' ? named.title_en : null) ?? named.title ?? ''
}
