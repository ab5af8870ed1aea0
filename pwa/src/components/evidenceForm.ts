/** What every form with pictures shares: the draft, the photos still being made ready, one submit at a time. */
import { computed, nextTick, ref, watch, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import type { PreparedPhoto } from '@/actions/photos'
import type { ActOptions } from '@/actions/tickets'
import type { TicketView } from '@/domain/types'
import { liveSync, useDraft, type DraftRef } from '@/local/live'
import { wordsOf } from './errorWords'

export interface EvidenceForm<T extends object> {
  form: Ref<T>
  kept: DraftRef<T>
  photos: Ref<PreparedPhoto[]>
  /** Pictures still being made ready. */
  preparing: Ref<number>
  draft: string
  freeBytes: Readonly<Ref<number | undefined>>
  busy: Ref<boolean>
  error: Ref<string>
  /** Resolves when every picture taken is ready: a tap right after the shutter must not lose it. */
  picturesReady: () => Promise<void>
  /** Stores the work and leaves, one tap at a time; what goes wrong is told in `error`. */
  submit: (send: (options: ActOptions) => Promise<unknown>) => Promise<void>
}

/**
 * @param draft the draft's key; what was typed before (also by an app since killed) replaces `initial`
 * @param ticket of a ticket's form: a confidential one's draft stays in memory
 */
export function useEvidenceForm<T extends object>(
  draft: string,
  initial: T,
  ticket?: Readonly<Ref<Pick<TicketView, 'confidential'> | null | undefined>>,
): EvidenceForm<T> {
  const { t } = useI18n()
  const sync = liveSync()
  const kept = useDraft<T>(draft, initial, ticket)
  const photos = ref<PreparedPhoto[]>([]) as Ref<PreparedPhoto[]>
  const preparing = ref(0)
  const busy = ref(false)
  const error = ref('')
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

  async function submit(send: (options: ActOptions) => Promise<unknown>): Promise<void> {
    if (busy.value) return
    busy.value = true
    error.value = ''
    try {
      await kept.handOver()
      await send({ photos: photos.value, draft })
    } catch (thrown) {
      kept.takeBack()
      error.value = wordsOf(thrown, t)
    } finally {
      busy.value = false
    }
  }

  return { form: kept.value, kept, photos, preparing, draft, freeBytes, busy, error, picturesReady, submit }
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
