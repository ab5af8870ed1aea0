/**
 * The moment between the key and the decision: a dispatch is held for a few seconds and can be taken back without
 * a trace. Leaving the page, the next dispatch, or closing the tab lets it go at once; it is never lost.
 */
import { onScopeDispose, ref, shallowRef } from 'vue'
import { act } from '@/actions/tickets'
import type { TicketView } from '@/domain/types'

export interface HeldDispatch {
  ticket: TicketView
  unitName: string
  name: 'ticket.dispatch' | 'ticket.determine'
  args: { unit: string; assignee?: string; joint_units?: string[]; basis?: string }
}

export const HOLD_MS = 4_000

export function usePendingDispatch() {
  const pending = shallowRef<HeldDispatch>()
  const sent = shallowRef<HeldDispatch & { opId: string }>()
  const failed = ref<string>()
  let timer: ReturnType<typeof setTimeout> | undefined

  // What is being stored stays in sight until it is, but neither goes twice nor can be taken back any more.
  let going: HeldDispatch | undefined

  async function flush() {
    const held = pending.value
    clearTimeout(timer)
    if (!held || held === going) return
    going = held
    try {
      const { opId } = await act(held.ticket, held.name as 'ticket.dispatch', held.args)
      sent.value = { ...held, opId }
      failed.value = undefined
    } catch (error) {
      failed.value = error instanceof Error ? error.message : String(error)
    }
    if (pending.value === held) pending.value = undefined
  }

  async function hold(held: HeldDispatch) {
    await flush()
    pending.value = held
    timer = setTimeout(() => void flush(), HOLD_MS)
  }

  function takeBack() {
    if (pending.value === going) return
    clearTimeout(timer)
    pending.value = undefined
  }

  const onHide = () => void flush()
  window.addEventListener('pagehide', onHide)
  onScopeDispose(() => {
    window.removeEventListener('pagehide', onHide)
    void flush()
  })
  return { pending, sent, failed, hold, flush, takeBack }
}

export type PendingDispatch = ReturnType<typeof usePendingDispatch>
