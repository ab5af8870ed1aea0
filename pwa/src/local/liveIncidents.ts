/** Incidents, own reports and the list of matters as Vue refs that follow every change (see live.ts). */
import { toValue, type MaybeRefOrGetter, type Ref } from 'vue'
import type { IncidentView } from '../domain/incidentTypes'
import { follow } from './follow'
import { readIncident, readIncidents, readMatters, readReport, readVillages, type Matters, type ReportState } from './incidents'

export type { Matters, ReportState } from './incidents'

/** Every incident on this phone with this phone's own work in it; undefined until the first read has ended. */
export function liveIncidentViews(): Readonly<Ref<IncidentView[] | undefined>> {
  return follow(undefined, (me) => readIncidents(me))
}

/** One such incident: undefined while reading, null when it is not on this phone. */
export function liveIncidentView(id: MaybeRefOrGetter<string>): Readonly<Ref<IncidentView | null | undefined>> {
  return follow(() => toValue(id), (me, wanted) => readIncident(me, wanted))
}

/** How far an own report has come; null when this phone did not make it. */
export function liveReport(id: MaybeRefOrGetter<string>): Readonly<Ref<ReportState | null | undefined>> {
  return follow(() => toValue(id), (me, wanted) => readReport(me.id, wanted))
}

export function liveMatters(): Readonly<Ref<Matters | undefined>> {
  return follow(undefined, (me) => readMatters(me.id))
}

/** Villages to pick from where there is no fix. */
export function liveVillages(): Readonly<Ref<string[] | undefined>> {
  return follow(undefined, (me) => readVillages(me))
}
