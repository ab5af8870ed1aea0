import { describe, expect, it } from 'vitest'
import { actionsNow } from '../../src/domain/actions'
import { fold } from '../../src/domain/fold'
import { worksOffline } from '../../src/domain/lifecycle'
import type { Me, OpName, PendingOp, TicketDoc, TicketView } from '../../src/domain/types'
import { vectors } from './vectors'

interface LifecycleVectors {
  people: Record<string, Me>
  cases: { name: string; now: string; doc: TicketDoc; may: Record<string, OpName[]> }[]
}

describe('what a person is offered', () => {
  const { people, cases } = vectors<LifecycleVectors>('lifecycle')
  const all = cases.flatMap(({ name, now, doc, may }) =>
    Object.entries(may).map(([who, wanted]) => ({ name, who, now, doc, wanted })),
  )
  it.each(all)('$name: $who', ({ who, now, doc, wanted }) => {
    expect([...actionsNow(doc, people[who]!, Date.parse(now))].sort()).toEqual(wanted)
  })

  it('says which steps may wait in the outbox', () => {
    expect(['ticket.accept', 'ticket.arrive', 'ticket.approve'].every((name) => worksOffline(name as OpName))).toBe(true)
    expect(['ticket.dispatch', 'ticket.merge', 'ticket.assign'].some((name) => worksOffline(name as OpName))).toBe(false)
  })
})

type Op = Pick<PendingOp, 'id' | 'n' | 'name' | 'base' | 'at' | 'args'>
interface FoldVectors {
  cases: { name: string; me: Me; doc: TicketDoc; ops: Op[]; expect: Record<string, unknown> }[]
}

function pending(op: Op, me: Me, doc: TicketDoc, status: PendingOp['status'] = 'stored'): PendingOp {
  return { ...op, subject: doc.id, author: { id: me.id, name: me.name }, status }
}

/** The same view of a ticket as tests/vectors/make.py takes of the server's. */
function shown(view: TicketView): Record<string, unknown> {
  const last = view.timeline[view.timeline.length - 1]!
  const pick = (of: object, keys: string[]) => Object.fromEntries(keys.map((key) => [key, (of as Record<string, unknown>)[key] ?? null]))
  return {
    state: view.state,
    urgent: view.urgent,
    cycle: view.cycle,
    lead_unit: view.lead_unit?.id ?? null,
    joint_units: view.joint_units.map((unit) => unit.id),
    assignee: view.assignee?.id ?? null,
    assistants: view.assistants.map((one) => one.id),
    met: Object.fromEntries(view.deadlines.map((d) => [d.kind, d.met_at])),
    arrival_due: view.deadlines.find((d) => d.kind === 'arrival')?.due_at ?? null,
    callbacks: view.callbacks.map((call) => pick(call, ['id', 'outcome', 'called_at', 'effective', 'retracted'])),
    reply: view.reply && pick(view.reply, ['id', 'version', 'text', 'approved_at', 'rejected', 'outdated']),
    returning: view.return_request?.head_approved ?? null,
    retracted: view.timeline.filter((entry) => entry.retracted_by).map((entry) => entry.id),
    entry: pick(last, ['id', 'name', 'text', 'flags', 'reason', 'distance_m', 'retracts', 'cycle']),
    photos: last.photos.map((photo) => photo.state),
  }
}

describe('the ticket as the phone shows it before the server has told', () => {
  const { cases } = vectors<FoldVectors>('fold')

  it.each(cases)('$name', ({ me, doc, ops, expect: wanted }) => {
    const view = fold(doc, ops.map((op) => pending(op, me, doc)), me)
    expect(shown(view)).toEqual(wanted)
  })

  const visit = cases.find((one) => one.name === 'a whole visit')!

  it('marks local entries with where they stand and leaves the base row alone', () => {
    const { me, doc, ops } = visit
    const before = JSON.stringify(doc)
    const view = fold(doc, ops.map((op) => pending(op, me, doc, 'sending')), me)
    expect(view.timeline.slice(-ops.length).every((entry) => entry.local?.status === 'sending')).toBe(true)
    expect(view.pending).toHaveLength(ops.length)
    expect(JSON.stringify(doc)).toBe(before)
  })

  it('changes nothing for an operation that the row contains already', () => {
    const { me, doc, ops } = visit
    const own = ops.map((op) => pending(op, me, doc))
    const once = fold(doc, own, me)
    const again = fold(once, own, me)
    expect(again.timeline).toEqual(once.timeline)
    expect(again.state).toBe(once.state)
  })

  it('shows a refused operation without effect', () => {
    const { me, doc, ops } = visit
    const refused = { ...pending(ops[0]!, me, doc, 'refused'), code: 'already_accepted', message: '已先签收' }
    const view = fold(doc, [refused], me)
    expect(view.state).toBe(doc.state)
    expect(view.deadlines).toEqual(doc.deadlines)
    expect(view.timeline[view.timeline.length - 1]).toMatchObject({ outcome: 'refused', local: { message: '已先签收' } })
  })

  it('ignores the state change of a step that no longer fits, and of names it does not know', () => {
    const { me, doc, ops } = visit
    const closed: TicketDoc = { ...doc, state: 'closed' }
    expect(fold(closed, [pending(ops[0]!, me, doc)], me).state).toBe('closed')
    const strange = { ...pending(ops[0]!, me, doc), name: 'ticket.of_tomorrow' as OpName }
    expect(fold(doc, [strange], me).state).toBe(doc.state)
  })
})
