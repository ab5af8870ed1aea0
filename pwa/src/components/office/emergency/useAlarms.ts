/** The running alarms: rows of the sync feed as they come, deliveries asked for after each change and every five seconds. */
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { dutyApi } from '@/actions/emergency'
import type { AlarmDoc } from '@/domain/emergency'
import { nowMs } from '@/lib/time'
import { liveAlarms } from '@/local/live'
import { joinAlarms } from './alarms'

const EVERY_MS = 5_000

export function useAlarms() {
  const local = liveAlarms()
  const asked = shallowRef<AlarmDoc[]>([])
  const error = shallowRef<unknown>()
  /** When the server last told where the messages are (ms, server time). */
  const toldMs = ref<number>()
  let running = false

  async function ask() {
    if (running || document.hidden) return
    running = true
    try {
      // Whoever was answered long ago is not asked for again; the newest twenty show what came of the last ones.
      const [open, newest] = await Promise.all([dutyApi.alarms({ state: 'open', page_size: 50 }), dutyApi.alarms({ state: 'all', page_size: 20 })])
      asked.value = [...newest.items, ...open.items]
      toldMs.value = nowMs()
      error.value = undefined
    } catch (why) {
      error.value = why
    } finally {
      running = false
    }
  }

  const timer = setInterval(() => void ask(), EVERY_MS)
  document.addEventListener('visibilitychange', ask)
  onScopeDispose(() => {
    clearInterval(timer)
    document.removeEventListener('visibilitychange', ask)
  })
  watch(() => (local.value ?? []).reduce((sum, one) => sum + one.rev, 0), () => void ask(), { immediate: true })

  const alarms = computed(() => joinAlarms(local.value ?? [], asked.value))
  const reading = computed(() => local.value === undefined && toldMs.value === undefined && error.value === undefined)
  return { alarms, error, toldMs, reading, ask }
}
