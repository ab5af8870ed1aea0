/** What every step of the work shares: the ticket, the draft, the photos, and “stored on this phone”. */
import { computed, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRoute, useRouter } from 'vue-router'
import { dismissProblem } from '@/actions/outbox'
import type { ActOptions } from '@/actions/tickets'
import { useEvidenceForm, type EvidenceForm } from '@/components/evidenceForm'
import { storedWords } from '@/components/stored'
import type { Me, TicketView } from '@/domain/types'
import { say } from '@/lib/say'
import { cameFromInside } from '@/lib/screen'
import { liveMe, liveSync, liveTicket } from '@/local/live'

/** The steps that have a screen of their own; also the first half of a draft's key. */
export type Step = 'arrive' | 'done' | 'callback' | 'reply' | 'return' | 'note' | 'reject'

export interface StepForm<T extends object> extends Omit<EvidenceForm<T>, 'kept' | 'submit'> {
  ticket: Readonly<Ref<TicketView | null | undefined>>
  me: Readonly<Ref<Me | null>>
  watermark: Readonly<Ref<{ ticketNo: string; place: string; name: string }>>
  submit: (send: (ticket: TicketView, options: ActOptions) => Promise<unknown>) => Promise<void>
}

/**
 * @param step which screen
 * @param id the ticket's id
 * @param initial the empty form; what was typed before (also by an app since killed) replaces it
 */
export function useStep<T extends object>(step: Step, id: string, initial: T): StepForm<T> {
  const { t } = useI18n()
  const router = useRouter()
  const route = useRoute()
  const ticket = liveTicket(id)
  const me = liveMe()
  const sync = liveSync()
  const evidence = useEvidenceForm<T>(`${step}:${id}`, initial, ticket)

  const watermark = computed(() => ({
    ticketNo: ticket.value?.external_no ?? '',
    place: ticket.value?.place?.village ?? '',
    name: me.value?.name ?? '',
  }))

  async function submit(send: (ticket: TicketView, options: ActOptions) => Promise<unknown>): Promise<void> {
    const subject = ticket.value
    if (!subject) return
    await evidence.submit(async (options) => {
      await send(subject, options)
      // Written anew from 待处理: the refused one has been dealt with.
      if (typeof route.query.again === 'string') await dismissProblem(route.query.again)
      say(storedWords(t, sync.value))
      if (cameFromInside()) router.back()
      else await router.replace(`/tickets/${id}`)
    })
  }

  return { ...evidence, ticket, me, watermark, submit }
}
