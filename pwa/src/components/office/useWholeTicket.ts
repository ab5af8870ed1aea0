/**
 * The ticket as far as it can be known: the local copy at once (with what is pending), the server's whole timeline
 * when it answers. A confidential ticket's content comes only this way and lives only in this variable.
 */
import { computed, type ComputedRef, type Ref } from 'vue'
import { officeApi } from '@/actions/office'
import type { TicketView } from '@/domain/types'
import { joined, type FullTicket } from './joined'
import type { OfficeTicket } from './queue'
import { useFull } from './useFull'

export interface WholeTicket {
  whole: ComputedRef<OfficeTicket>
  /** Why the whole could not be had; the local copy still shows. */
  error: Ref<unknown>
  complete: ComputedRef<boolean>
}

export function useWholeTicket(local: () => TicketView): WholeTicket {
  const { full, error } = useFull(() => local().id, () => local().rev, (id) => officeApi.ticket(id) as Promise<FullTicket>)
  const whole = computed(() => joined(local(), full.value))
  return { whole, error, complete: computed(() => full.value !== undefined) }
}
