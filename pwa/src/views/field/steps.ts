/** Which buttons a ticket shows: only what is possible now, the likeliest next step first. */
import { callbackState } from '@/domain/callbacks'
import { actionsNow } from '@/domain/actions'
import type { Me, OpName, TicketView, TimelineEntry } from '@/domain/types'
import type { IconName } from '@/components/Icon.vue'

export interface StepButton {
  op: OpName
  /** Words: `common.op.<key>`. */
  key: string
  icon: IconName
  /** The step's screen; without one the tap does it. */
  path?: string
}

const BUTTONS: Record<string, StepButton> = {
  'ticket.accept': { op: 'ticket.accept', key: 'accept', icon: 'check' },
  'ticket.depart': { op: 'ticket.depart', key: 'depart', icon: 'walk' },
  'ticket.arrive': { op: 'ticket.arrive', key: 'arrive', icon: 'target', path: 'arrive' },
  'ticket.on_site_done': { op: 'ticket.on_site_done', key: 'on_site_done', icon: 'clipboard', path: 'done' },
  'ticket.callback': { op: 'ticket.callback', key: 'callback', icon: 'phone', path: 'callback' },
  'ticket.reply': { op: 'ticket.reply', key: 'reply', icon: 'message', path: 'reply' },
  'ticket.note': { op: 'ticket.note', key: 'note', icon: 'pen', path: 'note' },
  'ticket.return': { op: 'ticket.return', key: 'return', icon: 'returnTo', path: 'return' },
  'ticket.flag_urgent': { op: 'ticket.flag_urgent', key: 'flag_urgent', icon: 'flag' },
}

const DESK_ONLY = new Set(['consult', 'suggest'])

function has(ticket: TicketView, name: string): boolean {
  return ticket.timeline.some(
    (e: TimelineEntry) => e.name === name && e.cycle === ticket.cycle && !e.retracted_by && e.local?.status !== 'refused',
  )
}

const AFOOT = new Set(['assigned', 'accepted', 'handling'])

/** An emergency asks for no paper first: whoever sets out has taken it on (the server counts 出发 as 签收). */
function setsOut(ticket: TicketView): boolean {
  if (!ticket.urgent || !AFOOT.has(ticket.state)) return false
  return !['ticket.depart', 'ticket.arrive', 'ticket.on_site_done'].some((name) => has(ticket, name))
}

/** The step that the work asks for next; undefined when it waits for somebody else. */
export function nextStep(ticket: TicketView): OpName | undefined {
  if (setsOut(ticket)) return 'ticket.depart'
  if (ticket.state === 'assigned') return 'ticket.accept'
  if (ticket.state !== 'accepted' && ticket.state !== 'handling') return undefined
  const onSite = !DESK_ONLY.has(ticket.category) || ticket.urgent
  if (onSite && !has(ticket, 'ticket.arrive') && !has(ticket, 'ticket.on_site_done')) return 'ticket.arrive'
  if (onSite && !has(ticket, 'ticket.on_site_done')) return 'ticket.on_site_done'
  if (!ticket.confidential && !callbackState(ticket).enough) return 'ticket.callback'
  return 'ticket.reply'
}

/**
 * @param nowMs by the server's clock: a return is for the day of the assignment
 * @returns the one main button, two beside it, and the rest for 更多
 */
export function stepsOf(ticket: TicketView, me: Me, nowMs: number): { main?: StepButton; beside: StepButton[]; more: StepButton[] } {
  const possible = new Set<string>(actionsNow(ticket, me, nowMs))
  // Setting out is said once, and not after having arrived.
  if (has(ticket, 'ticket.depart') || has(ticket, 'ticket.arrive')) possible.delete('ticket.depart')
  const next = nextStep(ticket)
  const main = next && possible.has(next) ? BUTTONS[next] : undefined
  const rest = Object.values(BUTTONS).filter((button) => possible.has(button.op) && button !== main)
  // Whoever stands there already says so at once, without having said that he set out.
  const besideOrder: OpName[] =
    ticket.state === 'assigned' || setsOut(ticket)
      ? ['ticket.arrive', 'ticket.accept', 'ticket.return', 'ticket.on_site_done']
      : ['ticket.on_site_done', 'ticket.callback', 'ticket.reply', 'ticket.arrive', 'ticket.note']
  const beside = besideOrder.map((op) => rest.find((button) => button.op === op)).filter((b): b is StepButton => Boolean(b))
  const first = beside.slice(0, 2)
  return { ...(main ? { main } : {}), beside: first, more: rest.filter((button) => !first.includes(button)) }
}
