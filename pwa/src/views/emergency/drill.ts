/** Whether this person may report in a drill: one runs as far as this phone knows, or he runs them. */
import { computed, type ComputedRef } from 'vue'
import { isOver } from '@/domain/incidents'
import { liveMe } from '@/local/live'
import { liveAlerts } from '@/local/liveAlerts'
import { liveIncidentViews } from '@/local/liveIncidents'

const RUNS_DRILLS = new Set(['duty_room', 'office_lead'])

export function useDrillRuns(): ComputedRef<boolean> {
  const me = liveMe()
  const incidents = liveIncidentViews()
  const alerts = liveAlerts()
  return computed(
    () =>
      RUNS_DRILLS.has(me.value?.role ?? '') ||
      (incidents.value ?? []).some((one) => one.drill && !isOver(one)) ||
      (alerts.value ?? []).some((one) => one.drill && one.state !== 'ended'),
  )
}
