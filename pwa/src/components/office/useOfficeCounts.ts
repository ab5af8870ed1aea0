/** The numbers beside the navigation: what waits to be dispatched, what runs late, what is to be confirmed. */
import { computed, onScopeDispose, ref } from 'vue'
import { officeApi } from '@/actions/office'
import { useNow } from '@/lib/time'
import { liveAlarms, liveMe, liveTickets } from '@/local/live'
import { arrivalRows } from './arrivals'
import { nextClock } from './clocks'
import { isLoud } from './emergency/alarms'
import { dispatchQueue } from './queue'

export interface Count {
  n: number
  late: boolean
}

const ITEMS_EVERY_MS = 60_000
const ITEM_ROLES = ['dispatcher', 'office_lead']

/** Supervisor items are not rows of the sync feed: they are counted by asking, once a minute. */
function useItemCount() {
  const me = liveMe()
  const n = ref(0)
  const ask = async () => {
    if (!ITEM_ROLES.includes(me.value?.role ?? '') || document.hidden) return
    n.value = await officeApi.items().then(
      (answer) => answer.items.length,
      () => n.value,
    )
  }
  void ask()
  const timer = setInterval(() => void ask(), ITEMS_EVERY_MS)
  onScopeDispose(() => clearInterval(timer))
  return n
}

/** Per page; a page without anything waiting is absent. */
export function useOfficeCounts() {
  const tickets = liveTickets()
  const now = useNow('minute')
  const items = useItemCount()
  const alarms = liveAlarms()
  return computed<Partial<Record<string, Count>>>(() => {
    const queue = dispatchQueue(tickets.value ?? [])
    const rows = arrivalRows(tickets.value ?? [], now.value)
    const running = rows.filter((row) => ['late', 'unaccepted', 'undispatched'].includes(row.phase))
    const counts: Partial<Record<string, Count>> = {}
    if (queue.length > 0) {
      counts.dispatch = { n: queue.length, late: queue.some((one) => (nextClock(one)?.dueMs ?? Infinity) < now.value) }
    }
    if (running.length > 0) counts.board = { n: running.length, late: running.some((row) => row.phase === 'late') }
    const loud = (alarms.value ?? []).filter(isLoud)
    if (loud.length > 0) counts.emergency = { n: loud.length, late: loud.some((one) => one.state === 'unanswered') }
    if (items.value > 0) counts.confirm = { n: items.value, late: false }
    return counts
  })
}
