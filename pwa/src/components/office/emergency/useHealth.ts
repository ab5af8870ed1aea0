/** Whether somebody still climbs the ladders: the server's own word on its workers, asked every ten seconds. */
import { onScopeDispose, ref, watch } from 'vue'
import { dutyApi } from '@/actions/emergency'
import type { Health } from '@/actions/emergencyWire'
import { ApiError } from '@/actions/api'
import { liveMe } from '@/local/live'

const EVERY_MS = 10_000
const WELL = new Set(['ok', 'starting'])
/** Whose alarms would not come, and who can mend it. */
const TOLD = ['duty_room', 'office_lead', 'dispatcher', 'town_leader', 'sys_admin']

/** Workers without a heartbeat, by name; `server` when the server itself says that it is down. */
export function silentWorkers(health: Pick<Health, 'status' | 'workers'>): string[] {
  if (health.status === 'down') return ['server']
  return Object.entries(health.workers)
    .filter(([, state]) => !WELL.has(state))
    .map(([name]) => name)
}

export function useHealth() {
  const me = liveMe()
  const silent = ref<string[]>([])
  async function ask() {
    if (document.hidden || !TOLD.includes(me.value?.role ?? '')) return
    try {
      silent.value = silentWorkers(await dutyApi.health())
    } catch (error) {
      // Out of reach is said by the freshness of the page; an answer of 503 is the server's own word.
      if (error instanceof ApiError && error.status === 503) silent.value = ['server']
    }
  }
  watch(() => me.value?.role, () => void ask(), { immediate: true })
  const timer = setInterval(() => void ask(), EVERY_MS)
  document.addEventListener('visibilitychange', ask)
  onScopeDispose(() => {
    clearInterval(timer)
    document.removeEventListener('visibilitychange', ask)
  })
  return { silent }
}
