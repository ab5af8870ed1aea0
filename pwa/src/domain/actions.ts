// What a person may do to a ticket now: asks the shared table, then what the phone can know of the guards. The
// server judges again; this only keeps impossible buttons off the screen.
import { dayOf, ms } from './instants'
import { roleMay, ruleOf } from './lifecycle'
import type { Me, OpName, TicketDoc } from './types'

const NAMED = new Set(['grid_worker', 'unit_clerk', 'unit_head'])

/** In the order in which they are usually done. */
const ORDER: readonly OpName[] = [
  'ticket.accept', 'ticket.depart', 'ticket.arrive', 'ticket.on_site_done', 'ticket.callback', 'ticket.reply',
  'ticket.approve', 'ticket.reject', 'ticket.dispatch', 'ticket.determine', 'ticket.assign', 'ticket.decide_return',
  'ticket.note', 'ticket.return', 'ticket.flag_urgent', 'ticket.unflag_urgent', 'ticket.recategorise', 'ticket.merge',
  'ticket.unmerge', 'ticket.set_confidential', 'ticket.close',
]

/** Whether `me` works for the lead: named on it, of the lead unit, or of a joint unit of an urgent one. */
export function worksLead(ticket: TicketDoc, me: Me): boolean {
  if (ticket.assignee?.id === me.id || ticket.assistants.some((one) => one.id === me.id)) return true
  // Of a confidential ticket only its named handlers hold anything at all.
  if (ticket.confidential && NAMED.has(me.role)) return true
  if (!me.unit) return false
  const unit = me.unit.id
  return unit === ticket.lead_unit?.id || (ticket.urgent && ticket.joint_units.some((one) => one.id === unit))
}

/** Whether `me` signs replies of the lead unit: its head, or the head's delegate of today. */
export function signs(ticket: TicketDoc, me: Me): boolean {
  const unit = ticket.lead_unit?.id
  if (unit === undefined) return false
  return (me.role === 'unit_head' && me.unit?.id === unit) || (me.delegate_of?.includes(unit) ?? false)
}

type Guard = (ticket: TicketDoc, me: Me, nowMs: number) => boolean

function acceptanceOpen(ticket: TicketDoc): boolean {
  return ticket.deadlines.some((one) => one.kind === 'acceptance' && !one.met_at)
}

const GUARDS: Partial<Record<OpName, Guard>> = {
  'ticket.accept': (t, me) => worksLead(t, me) && (t.state === 'assigned' || acceptanceOpen(t)),
  'ticket.return': (t, me, now) =>
    worksLead(t, me) &&
    !t.flags.includes('determined') &&
    (t.assigned_at === null || dayOf(now) <= dayOf(ms(t.assigned_at))),
  'ticket.reply': (t, me) => worksLead(t, me),
  'ticket.approve': (t, me) => signs(t, me) && Boolean(t.reply?.hash) && !t.reply?.outdated,
  'ticket.reject': (t, me) => signs(t, me) && Boolean(t.reply?.hash),
  'ticket.decide_return': (t, me) =>
    me.role !== 'unit_head' || (signs(t, me) && t.return_request?.head_approved === false),
  'ticket.assign': (t, me) =>
    me.unit !== null && [t.lead_unit, ...t.joint_units].some((unit) => unit?.id === me.unit?.id),
  'ticket.flag_urgent': (t) => !t.urgent,
  'ticket.unflag_urgent': (t) => t.urgent,
  'ticket.set_confidential': (t) => t.merged.length === 0,
  'ticket.merge': (t) => t.merged.length === 0,
}

/** Whether `me` may do this now; `nowMs` decides about days (a return is for the day of assignment). */
export function mayNow(ticket: TicketDoc, name: OpName, me: Me, nowMs: number = Date.now()): boolean {
  const rule = ruleOf(name)
  if (!rule || !rule.from.includes(ticket.state)) return false
  const delegate = rule.delegable === true && signs(ticket, me)
  const named = rule.named?.includes(me.role) === true && ticket.assignee?.id === me.id
  if (!roleMay(me.role, name) && !delegate && !named) return false
  const guard = GUARDS[name]
  return guard ? guard(ticket, me, nowMs) : true
}

/** Everything `me` may do to the ticket now, the likeliest first. Retracting and confirming belong to an entry. */
export function actionsNow(ticket: TicketDoc, me: Me, nowMs: number = Date.now()): OpName[] {
  return ORDER.filter((name) => mayNow(ticket, name, me, nowMs))
}
