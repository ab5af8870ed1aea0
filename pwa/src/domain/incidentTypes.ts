// A 突发事件 as a phone holds it, and the operations that a phone may add to it (DOMAIN D20, P13).
import type { IncidentDoc, IncidentEntry, IncidentTask } from './emergency'
import type { LocalStatus, Named, PhotoArg, Point } from './types'

/** One line of the list of matters; `numbers` are to be phoned first where life is at risk. */
export interface Matter {
  code: string
  zh: string
  en: string
  life_at_risk: boolean
  numbers: string[]
}

export type Task = IncidentTask

/** Somebody alarmed for it, and when he said 收到. Of the `informed` nobody waits for it. */
export interface Called {
  person: Named & { role?: string | null; phone?: string | null }
  acked_at: string | null
  informed?: boolean
}

export type IncidentEntryView = IncidentEntry & { local?: LocalStatus }

/** Where it is, as the report carries it; without a fix only what the person says. */
export interface ReportPlace {
  village?: string
  address?: string
  lat?: number
  lng?: number
  crs?: 'WGS84'
  accuracy_m?: number
  fix_age_s?: number
}

/** What a phone sends about an incident; what the duty room decides goes online from its pages. */
export interface IncidentArgs {
  'incident.report': { matter: string; text: string; place?: ReportPlace; photos?: PhotoArg[]; drill?: boolean }
  /** `false_report`: 误报, by who reported it. */
  'incident.note': { text: string; photos?: PhotoArg[]; false_report?: boolean }
  'incident.depart': Record<string, never>
  'incident.arrive': { point?: Point; no_fix_reason?: string; photos?: PhotoArg[] }
  'incident.task_ack': { task: string }
  'incident.task_done': { task: string; text: string; photos?: PhotoArg[] }
}
export type IncidentOpName = keyof IncidentArgs

/** An operation of this phone on an incident that no receipt has taken out of the outbox yet. */
export interface PendingIncidentOp {
  id: string
  n: number
  name: string
  subject: string
  at: string
  args: Record<string, unknown>
  author: Named
  status: LocalStatus['status']
  status_at?: string
  code?: string
  message?: string
}

export interface IncidentView extends Omit<IncidentDoc, 'timeline'> {
  timeline: IncidentEntryView[]
  called?: Called[]
  pending: PendingIncidentOp[]
}
