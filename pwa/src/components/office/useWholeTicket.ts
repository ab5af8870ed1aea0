/**
 * The ticket as far as it can be known: the local copy at once (with what is pending), the server's whole timeline
 * when it answers. A confidential ticket's content comes only this way and lives only in this variable.
 */
import { computed, ref, shallowRef, watch, type ComputedRef, type Ref } from 'vue'
import { officeApi } from '@/actions/office'
import type { TicketView } from '@/domain/types'
import { joined, type FullTicket } from './joined'
import type { OfficeTicket } from './queue'

export interface WholeTicket {
  whole: ComputedRef<OfficeTicket>
  /** Why the whole could not be had; the local copy still shows. */
  error: Ref<unknown>
  complete: ComputedRef<boolean>
}

export function useWholeTicket(local: () => TicketView): WholeTicket {
  const full = shallowRef<FullTicket>()
  const error = ref<unknown>()
  let asked = 0
  watch(
    () => `${local().id}@${local().rev}`,
    async () => {
      const mine = (asked += 1)
      const id = local().id
      if (full.value?.id !== id) full.value = undefined
      try {
        const answer = await officeApi.ticket(id)
        if (mine === asked) {
          full.value = answer
          error.value = undefined
        }
      } catch (why) {
        if (mine === asked) error.value = why
      }
    },
    { immediate: true },
  )
  const whole = computed(() => joined(local(), full.value))
  return { whole, error, complete: computed(() => full.value !== undefined) }
}
