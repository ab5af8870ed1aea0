/**
 * A confidential ticket's content: fetched when its screen is open, held in memory only, forgotten with the screen
 * (SYNC.md, Confidential tickets).
 */
import { onScopeDispose, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { api } from '@/actions/api'
import { wordsOf } from '@/components/errorWords'
import type { TicketDoc, TicketView } from '@/domain/types'

export function useConfidential(ticket: Readonly<Ref<TicketView | null | undefined>>): {
  whole: ShallowRef<TicketDoc | undefined>
  trouble: ShallowRef<string>
} {
  const { t } = useI18n()
  const whole = shallowRef<TicketDoc>()
  const trouble = shallowRef('')

  async function fetchWhole(id: string): Promise<void> {
    try {
      whole.value = await api.ticket(id)
      trouble.value = ''
    } catch (error) {
      whole.value = undefined
      trouble.value = wordsOf(error, t, t('field.confidential.offline'))
    }
  }

  watch(
    () => (ticket.value?.confidential ? `${ticket.value.id} ${ticket.value.rev}` : undefined),
    (wanted) => {
      if (wanted) void fetchWhole(wanted.split(' ')[0] as string)
      else whole.value = undefined
    },
    { immediate: true },
  )
  onScopeDispose(() => (whole.value = undefined))
  return { whole, trouble }
}
