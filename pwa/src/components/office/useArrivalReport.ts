/**
 * The arrival indicator of a period, asked again when the period changes and whenever the local copy saw an urgent
 * ticket change (at most every few seconds), so that the lower half follows the upper one.
 */
import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { officeApi } from '@/actions/office'
import type { ArrivalReport, Bin, By } from '@/actions/officeWire'
import type { TicketView } from '@/domain/types'
import type { Period } from './period'
import { rebin } from './rates'

const AGAIN_MS = 5_000

export function useArrivalReport(
  period: Ref<Period>,
  by: Ref<By>,
  tickets: Readonly<Ref<TicketView[] | undefined>>,
) {
  const report = shallowRef<ArrivalReport>()
  const error = ref<unknown>()
  let asked = 0
  let later: ReturnType<typeof setTimeout> | undefined

  async function load() {
    const mine = (asked += 1)
    const { from, to } = period.value
    try {
      const answer = await officeApi.arrival({ from, to, by: by.value })
      if (mine !== asked) return
      report.value = answer
      error.value = undefined
    } catch (why) {
      if (mine === asked) error.value = why
    }
  }

  watch([() => period.value.from, () => period.value.to, by], () => void load(), { immediate: true })

  const urgentRevs = computed(() =>
    (tickets.value ?? []).reduce((sum, one) => (one.urgent ? sum + one.rev * 31 + 1 : sum), 0),
  )
  watch(urgentRevs, () => {
    later = later ?? setTimeout(() => {
      later = undefined
      void load()
    }, AGAIN_MS)
  })
  onScopeDispose(() => clearTimeout(later))

  const bins = computed<Bin[]>(() => rebin(report.value?.distribution ?? []))
  return { report, bins, error, reload: () => void load() }
}
