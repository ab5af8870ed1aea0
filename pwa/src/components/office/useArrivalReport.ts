/**
 * The arrival indicator of a period, asked again when the period changes and whenever the local copy saw an urgent
 * ticket change (at most every few seconds), so that the lower half follows the upper one.
 */
import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { officeApi } from '@/actions/office'
import type { ArrivalReport, Bin, By } from '@/actions/officeWire'
import type { TicketView } from '@/domain/types'
import type { Period } from './period'
import { distribution, emptyBins, rebin } from './rates'

const AGAIN_MS = 5_000
const MOST = 2_000

export function useArrivalReport(
  period: Ref<Period>,
  by: Ref<By>,
  tickets: Readonly<Ref<TicketView[] | undefined>>,
) {
  const report = shallowRef<ArrivalReport>()
  const seconds = shallowRef<number[]>()
  const error = ref<unknown>()
  let asked = 0
  let later: ReturnType<typeof setTimeout> | undefined

  async function load() {
    const mine = (asked += 1)
    const { from, to } = period.value
    try {
      const answer = await officeApi.arrival({ from, to, by: by.value })
      const times = answer.distribution ? undefined : await arrivalSeconds(from, to)
      if (mine !== asked) return
      report.value = answer
      seconds.value = times
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

  const bins = computed<Bin[]>(() => {
    if (report.value?.distribution) return rebin(report.value.distribution)
    return seconds.value ? distribution(seconds.value) : emptyBins()
  })
  return { report, bins, error, reload: () => void load() }
}

/** Where the answer brings no distribution, its tickets do. */
async function arrivalSeconds(from: string, to: string): Promise<number[]> {
  const page = await officeApi.arrivalTickets({ from, to, by: 'town', part: 'all', page: 1, page_size: MOST })
  return page.items.flatMap((one) => (one.seconds === null || one.part === 'excluded' ? [] : [one.seconds]))
}
