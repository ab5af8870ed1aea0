// What each pending operation makes of the ticket on this phone until the server has told its own.
import { worksLead } from './actions'
import { effectiveCallback } from './callbacks'
import { compute } from './deadlines'
import { is } from './entries'
import { ruleOf } from './lifecycle'
import type { Callback, Me, Named, PendingOp, Reply, TicketDoc, TicketState } from './types'

/** Names that only an id is known of; a picker may hand in its list. */
export type Names = (id: string) => string | undefined

type Effect = (ticket: TicketDoc, op: PendingOp, me: Me, names: Names) => Partial<TicketDoc>

function named(ticket: TicketDoc, id: string, names: Names): Named {
  const known = [
    ticket.lead_unit, ...ticket.joint_units, ticket.assignee, ...ticket.assistants,
    ticket.suggestion?.unit, ticket.suggestion?.assignee, ...(ticket.suggestion?.joint_units ?? []),
    ...(ticket.suggestion?.alternatives ?? []),
  ]
  return { id, name: names(id) ?? known.find((one) => one?.id === id)?.name ?? '…' }
}

function accept(ticket: TicketDoc, op: PendingOp, me: Me): Partial<TicketDoc> {
  const leads = ticket.assignee === null || (me.role === 'grid_worker' && ticket.assignee.id !== me.id)
  return {
    state: ticket.state === 'assigned' ? 'accepted' : ticket.state,
    ...(leads ? { assignee: op.author, assistants: ticket.assistants.filter((one) => one.id !== me.id), grid: me.grid } : {}),
  }
}

function onTheWay(ticket: TicketDoc, op: PendingOp, me: Me): Partial<TicketDoc> {
  const state: TicketState = 'handling'
  if (!worksLead(ticket, me)) return { state }
  if (ticket.assignee === null) return { state, assignee: op.author, grid: me.grid }
  const known = ticket.assignee.id === me.id || ticket.assistants.some((one) => one.id === me.id)
  return known ? { state } : { state, assistants: [...ticket.assistants, op.author] }
}

function callback(ticket: TicketDoc, op: PendingOp): Partial<TicketDoc> {
  if (!is(op, 'ticket.callback')) return {}
  const { outcome, called_at, resolved, satisfaction, summary } = op.args
  const inTime = called_at !== undefined && called_at >= ticket.received_at && called_at <= op.at
  const made: Callback = {
    id: op.id,
    actor: op.author,
    occurred_at: op.at,
    called_at: inTime ? called_at : op.at,
    outcome,
    resolved: resolved ?? null,
    satisfaction: satisfaction ?? null,
    summary,
    cycle: ticket.cycle,
    effective: false,
    retracted: false,
  }
  return { callbacks: chosen([...ticket.callbacks, made], ticket.cycle) }
}

function chosen(callbacks: Callback[], cycle: number): Callback[] {
  const effective = effectiveCallback(callbacks, cycle)
  return callbacks.map((one) => ({ ...one, effective: one.id === effective?.id }))
}

function retract(ticket: TicketDoc, op: PendingOp): Partial<TicketDoc> {
  if (!is(op, 'ticket.retract')) return {}
  const target = op.args.op
  const timeline = ticket.timeline.map((e) => (e.id === target ? { ...e, retracted_by: op.id } : e))
  const callbacks = ticket.callbacks.map((one) => (one.id === target ? { ...one, retracted: true } : one))
  return { timeline, callbacks: chosen(callbacks, ticket.cycle) }
}

function reply(ticket: TicketDoc, op: PendingOp): Partial<TicketDoc> {
  if (!is(op, 'ticket.reply')) return {}
  const { finding, resolution, text, public_text } = op.args
  const made: Reply = {
    id: op.id,
    version: (ticket.reply?.version ?? 0) + 1,
    hash: null,
    author: op.author,
    submitted_at: op.at,
    finding,
    resolution,
    text,
    public_text: public_text ?? null,
    cycle: ticket.cycle,
    outdated: false,
    approved_at: null,
    approved_by: null,
    rejected: null,
  }
  return { state: 'reply_review', reply: made }
}

function approve(ticket: TicketDoc, op: PendingOp): Partial<TicketDoc> {
  if (!ticket.reply) return {}
  return { state: 'replied', replied_at: op.at, reply: { ...ticket.reply, approved_at: op.at, approved_by: op.author } }
}

function reject(ticket: TicketDoc, op: PendingOp): Partial<TicketDoc> {
  if (!is(op, 'ticket.reject') || !ticket.reply) return {}
  return { state: 'handling', reply: { ...ticket.reply, rejected: { reason: op.args.reason, by: op.author, at: op.at } } }
}

function giveBack(ticket: TicketDoc, op: PendingOp, me: Me, names: Names): Partial<TicketDoc> {
  if (!is(op, 'ticket.return')) return {}
  const { reason, basis, suggested_unit } = op.args
  const request = {
    ...{ op: op.id, by: op.author, at: op.at, reason, basis, from: ticket.state },
    suggested_unit: suggested_unit === undefined ? null : named(ticket, suggested_unit, names),
    head_approved: me.role === 'unit_head',
  }
  return { state: 'returning', return_request: request }
}

function decideReturn(ticket: TicketDoc, op: PendingOp, me: Me): Partial<TicketDoc> {
  const request = ticket.return_request
  if (!is(op, 'ticket.decide_return') || !request) return {}
  if (!op.args.approved) return { state: request.from, return_request: null }
  if (me.role === 'unit_head') return { return_request: { ...request, head_approved: true } }
  return { state: 'received', return_request: null, lead_unit: null, joint_units: [], assignee: null, assistants: [], assigned_at: null }
}

function dispatch(ticket: TicketDoc, op: PendingOp, _me: Me, names: Names): Partial<TicketDoc> {
  const args = op.args as { unit: string; assignee?: string; joint_units?: string[] }
  const same = ticket.lead_unit?.id === args.unit
  const joints = args.joint_units?.filter((id) => id !== args.unit).map((id) => named(ticket, id, names))
  const joint_units = joints ?? (same ? ticket.joint_units : [])
  const widened = joints?.map((one) => one.id).join() !== ticket.joint_units.map((one) => one.id).join()
  if (same && joints && widened && (args.assignee === undefined || args.assignee === ticket.assignee?.id)) {
    return { joint_units }
  }
  return {
    state: 'assigned',
    lead_unit: named(ticket, args.unit, names),
    joint_units,
    assignee: args.assignee === undefined ? null : named(ticket, args.assignee, names),
    assistants: same ? ticket.assistants : [],
    assigned_at: op.at,
    reply: null,
    return_request: null,
    suggestion: null,
  }
}

function assign(ticket: TicketDoc, op: PendingOp, _me: Me, names: Names): Partial<TicketDoc> {
  if (!is(op, 'ticket.assign')) return {}
  const { assignee } = op.args
  return { assignee: named(ticket, assignee, names), assistants: ticket.assistants.filter((one) => one.id !== assignee) }
}

function flagUrgent(ticket: TicketDoc, op: PendingOp): Partial<TicketDoc> {
  if (ticket.urgent) return {}
  const { category, received_at } = ticket
  // Only the two clocks that need no calendar; the server tells the result's new due time.
  const made = compute({ category, urgent: true, received_at, urgent_flagged_at: op.at }, { days: {}, years: [] })
  const added = made
    .filter((one) => one.kind === 'arrival' || one.kind === 'handling')
    .map((one) => ({ ...one, met_at: null, state: 'open' as const }))
  const kept = ticket.deadlines.filter((one) => one.kind !== 'arrival' && one.kind !== 'handling')
  const result = kept.filter((one) => one.kind === 'result')
  const deadlines = [...kept.filter((one) => one.kind !== 'result'), ...added, ...result]
  return { urgent: true, urgent_flagged_at: op.at, deadlines }
}

function unflagUrgent(ticket: TicketDoc, op: PendingOp): Partial<TicketDoc> {
  const over = ticket.deadlines.filter((one) => (one.kind !== 'arrival' && one.kind !== 'handling') || one.due_at < op.at)
  return { urgent: false, urgent_flagged_at: null, deadlines: over }
}

function confirm(ticket: TicketDoc, op: PendingOp): Partial<TicketDoc> {
  if (!is(op, 'ticket.confirm')) return {}
  const { accepted, occurred_at, reason } = op.args
  const timeline = ticket.timeline.map((e) =>
    e.id === op.args.op
      ? { ...e, occurred_at: occurred_at ?? e.occurred_at, confirmed: { accepted, by: op.author, at: op.at, reason, claimed_at: e.occurred_at } }
      : e,
  )
  return { timeline }
}

const EFFECTS: Record<string, Effect | undefined> = {
  'ticket.accept': accept,
  'ticket.depart': onTheWay,
  'ticket.arrive': onTheWay,
  'ticket.on_site_done': onTheWay,
  'ticket.callback': callback,
  'ticket.retract': retract,
  'ticket.reply': reply,
  'ticket.approve': approve,
  'ticket.reject': reject,
  'ticket.return': giveBack,
  'ticket.decide_return': decideReturn,
  'ticket.dispatch': dispatch,
  'ticket.determine': dispatch,
  'ticket.assign': assign,
  'ticket.flag_urgent': flagUrgent,
  'ticket.unflag_urgent': unflagUrgent,
  'ticket.confirm': confirm,
  'ticket.set_confidential': (_ticket, op) => (is(op, 'ticket.set_confidential') ? { confidential: op.args.confidential } : {}),
  'ticket.recategorise': (_ticket, op) => (is(op, 'ticket.recategorise') ? { category: op.args.category } : {}),
  'ticket.merge': (_ticket, op) => (is(op, 'ticket.merge') ? { state: 'merged', merged_into: op.args.into } : {}),
  'ticket.unmerge': () => ({ merged_into: null }),
  'ticket.close': (_ticket, op) => ({ state: 'closed', closed_at: op.at }),
}

/** Facts that say something even when the state has moved on; their state change then does not happen. */
const ALWAYS: readonly string[] = ['ticket.callback', 'ticket.retract']

/** The ticket after an operation; unchanged where its state does not fit, as the server would keep or refuse it. */
export function applied(ticket: TicketDoc, op: PendingOp, me: Me, names: Names): TicketDoc {
  const rule = ruleOf(op.name)
  const effect = EFFECTS[op.name]
  if (!rule || !effect) return ticket
  if (!rule.from.includes(ticket.state) && !ALWAYS.includes(op.name)) return ticket
  return { ...ticket, ...effect(ticket, op, me, names) }
}
