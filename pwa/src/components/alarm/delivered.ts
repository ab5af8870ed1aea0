/** Whose 收到 has just got through, said for a moment while somebody may be looking. */
import { onScopeDispose, type Ref, shallowRef, watch } from 'vue'
import type { AlertView } from '@/domain/alerts'

export const DELIVERED_SHOWN_MS = 12_000

/**
 * @param unsent ids of the alerts whose 收到 is on its way
 * @param alerts all of this phone
 */
export function useDelivered(unsent: () => string[], alerts: () => readonly AlertView[]): Readonly<Ref<readonly AlertView[]>> {
  const delivered = shallowRef<readonly AlertView[]>([])
  const timers = new Set<ReturnType<typeof setTimeout>>()
  watch(unsent, (now, before) => {
    const through = before.filter((id) => !now.includes(id))
    const views = alerts().filter(({ id, ack }) => through.includes(id) && ack?.status === 'delivered')
    if (!views.length) return
    delivered.value = [...delivered.value, ...views]
    timers.add(setTimeout(() => (delivered.value = delivered.value.filter(({ id }) => !through.includes(id))), DELIVERED_SHOWN_MS))
  })
  onScopeDispose(() => {
    for (const timer of timers) clearTimeout(timer)
  })
  return delivered
}
