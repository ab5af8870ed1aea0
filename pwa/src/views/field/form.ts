/** What every step of the work shares: the ticket, the draft, the photos, and “stored on this phone”. */
import { computed, nextTick, ref, watch, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRoute, useRouter } from 'vue-router'
import { dismissProblem } from '@/actions/outbox'
import type { PreparedPhoto } from '@/actions/photos'
import type { ActOptions } from '@/actions/tickets'
import { wordsOf } from '@/components/errorWords'
import { storedWords } from '@/components/stored'
import type { Me, TicketView } from '@/domain/types'
import { say } from '@/lib/say'
import { cameFromInside } from '@/lib/screen'
import { liveMe, liveSync, liveTicket } from '@/local/live'
import { useDraft } from '@/local/live'

/** The steps that have a screen of their own; also the first half of a draft's key. */
export type Step = 'arrive' | 'done' | 'callback' | 'reply' | 'return' | 'note' | 'reject'

export interface StepForm<T extends object> {
  ticket: Readonly<Ref<TicketView | null | undefined>>
  me: Readonly<Ref<Me | null>>
  form: Ref<T>
  photos: Ref<PreparedPhoto[]>
  /** Pictures still being made ready. */
  preparing: Ref<number>
  draft: string
  watermark: Readonly<Ref<{ ticketNo: string; place: string; name: string }>>
  freeBytes: Readonly<Ref<number | undefined>>
  busy: Ref<boolean>
  error: Ref<string>
  /** Resolves when every picture taken is ready: a tap right after the shutter must not lose it. */
  picturesReady: () => Promise<void>
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
  const draft = `${step}:${id}`
  const { value: form } = useDraft<T>(draft, initial, ticket)
  const photos = ref<PreparedPhoto[]>([]) as Ref<PreparedPhoto[]>
  const preparing = ref(0)
  const busy = ref(false)
  const error = ref('')

  const watermark = computed(() => ({
    ticketNo: ticket.value?.external_no ?? '',
    place: ticket.value?.place?.village ?? '',
    name: me.value?.name ?? '',
  }))
  const freeBytes = computed(() => {
    const { usage, quota } = sync.value.storage
    return usage === undefined || quota === undefined ? undefined : quota - usage
  })

  async function picturesReady(): Promise<void> {
    if (preparing.value === 0) return
    busy.value = true
    await until(() => preparing.value === 0)
    busy.value = false
  }

  async function submit(send: (ticket: TicketView, options: ActOptions) => Promise<unknown>): Promise<void> {
    if (busy.value || !ticket.value) return
    busy.value = true
    error.value = ''
    try {
      await send(ticket.value, { photos: photos.value, draft })
      // Written anew from 待处理: the refused one has been dealt with.
      if (typeof route.query.again === 'string') await dismissProblem(route.query.again)
      say(storedWords(t, sync.value))
      if (cameFromInside()) router.back()
      else await router.replace(`/tickets/${id}`)
    } catch (thrown) {
      error.value = wordsOf(thrown, t)
    } finally {
      busy.value = false
    }
  }

  return { ticket, me, form, photos, preparing, picturesReady, draft, watermark, freeBytes, busy, error, submit }
}

/** Resolves once the condition holds and the screen shows it. */
function until(holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stop = watch(holds, (now) => {
      if (!now) return
      stop()
      void nextTick(resolve)
    })
  })
}
