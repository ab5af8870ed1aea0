/** Whether somebody still climbs the ladders: the server's own word on its workers, asked every ten seconds. */
import { onScopeDispose, ref } from 'vue'
import { dutyApi } from '@/actions/emergency'
import type { Health } from '@/actions/emergencyWire'
import { ApiError } from '@/actions/api'

const EVERY_MS = 10_000
const WELL = new Set(['ok', 'starting'])

/** Workers without a heartbeat, by name; `server` when the server itself says that it is down. */
export function silentWorkers(health: Pick<Health, 'status' | 'workers'>): string[] {
  if (health.status === 'down') return ['server']
  return Object.entries(health.workers)
    .filter(([, told]) => !WELL.has(stateOf(told)))
    .map(([name]) => name)
}

function stateOf(told: unknown): string {
  if (typeof told === 'string') return told
  const { state } = (told ?? {}) as { state?: unknown }
  return typeof state === 'string' ? state : 'ok'
}

export function useHealth() {
  const silent = ref<string[]>([])
  async function ask() {
    if (document.hidden) return
    try {
      silent.value = silentWorkers(await dutyApi.health())
    } catch (error) {
      // Out of reach is said by the freshness of the page; an answer of 503 is the server's own word.
      if (error instanceof ApiError && error.status === 503) silent.value = ['server']
    }
  }
  void ask()
  const timer = setInterval(() => void ask(), EVERY_MS)
  document.addEventListener('visibilitychange', ask)
  onScopeDispose(() => {
    clearInterval(timer)
    document.removeEventListener('visibilitychange', ask)
  })
  return { silent }
}
