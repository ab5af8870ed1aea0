import { describe, expect, it } from 'vitest'
import type { IncidentDoc } from '@/domain/emergency'
import { calledOf, deedsOf, deliveryOf, foldIncident, inOrder, isMine, lifeFirst, PATIENCE_MS, tasksInOrder } from '@/domain/incidents'
import type { IncidentView, Matter, PendingIncidentOp, Task } from '@/domain/incidentTypes'
import type { Me } from '@/domain/types'

const ME: Me = {
  id: 'w1', username: 'worker', name: '李伟', role: 'grid_worker', unit: { id: 'u1', name: '闸口村' }, villages: ['闸口村'], grid: 'g1',
}
const MATTERS: Matter[] = [
  { code: 'wages', zh: '群体欠薪讨薪', en: 'Unpaid wages', life_at_risk: false, numbers: [] },
  { code: 'fire', zh: '火灾', en: 'Fire', life_at_risk: true, numbers: ['119', '120'] },
]

function task(changes: Partial<Task>): Task {
  return {
    id: 'k1', kind: 'handle', text: '疏散群众', person: { id: 'w1', name: '李伟' }, unit: null, due_at: null,
    given_at: '2026-11-22T04:00:00.000Z', acked_at: null, done_at: null, alarm: null, ...changes,
  }
}

function incident(changes: Partial<IncidentDoc> = {}): IncidentDoc {
  return {
    id: 'i1', rev: 4, state: 'open', level: 4, matter: { code: 'fire', name: '火灾' }, drill: false, text: '起火', place: null,
    village: '闸口村', reporter: { id: 'w1', name: '李伟' }, reported_at: '2026-11-22T04:00:00.000Z', closed_at: null,
    merged_into: null, merged: [], ticket: null, units: [], members: [], tasks: [], summary: null, life_at_risk: true,
    numbers: ['119'], timeline: [], ...changes,
  }
}

let n = 0
function op(name: string, args: Record<string, unknown> = {}, changes: Partial<PendingIncidentOp> = {}): PendingIncidentOp {
  n += 1
  return {
    id: `op${n}`, n, name, subject: 'i1', at: '2026-11-22T04:10:00.000Z', args, author: { id: 'w1', name: '李伟' }, status: 'stored', ...changes,
  }
}

const folded = (doc: IncidentDoc | null, ...ops: PendingIncidentOp[]): IncidentView => {
  const view = foldIncident(doc, ops, MATTERS)
  if (!view) throw new Error('nothing to show')
  return view
}

describe('an incident on the phone', () => {
  it('is there from the tap on, before any server has heard of it', () => {
    const view = folded(null, op('incident.report', { matter: 'fire', text: '仓库起火', place: { village: '闸口村' }, drill: true }))
    expect(view).toMatchObject({
      id: 'i1', matter: { code: 'fire', name: '火灾' }, text: '仓库起火', village: '闸口村', drill: true, life_at_risk: true,
      numbers: ['119', '120'], reporter: { id: 'w1' }, rev: 0,
    })
    expect(view.timeline).toMatchObject([{ name: 'incident.report', text: '仓库起火', local: { status: 'stored' } }])
  })

  it('does not exist without a row or a report of it', () => {
    expect(foldIncident(null, [op('incident.note', { text: '还在烧' })], MATTERS)).toBeNull()
  })

  it('shows an operation once, in its row or as pending', () => {
    const note = op('incident.note', { text: '还在烧' })
    const entry = { id: note.id, name: note.name, actor: note.author, occurred_at: note.at, text: '还在烧' }
    expect(folded(incident({ timeline: [entry] }), note).timeline).toEqual([entry])
    expect(folded(incident(), note).timeline).toMatchObject([{ id: note.id, local: { status: 'stored' }, photos: [] }])
  })

  it('marks a task acknowledged and done, and leaves it alone where the server refused', () => {
    const doc = incident({ tasks: [task({}), task({ id: 'k2' })] })
    const acked = folded(doc, op('incident.task_ack', { task: 'k1' }))
    expect(acked.tasks.map((one) => one.acked_at)).toEqual(['2026-11-22T04:10:00.000Z', null])
    const done = folded(doc, op('incident.task_done', { task: 'k2', text: '已疏散' }))
    expect(done.tasks[1]).toMatchObject({ acked_at: '2026-11-22T04:10:00.000Z', done_at: '2026-11-22T04:10:00.000Z' })
    const refused = folded(doc, op('incident.task_ack', { task: 'k1' }, { status: 'refused', message: '任务已撤销' }))
    expect(refused.tasks[0]?.acked_at).toBeNull()
    expect(refused.timeline).toMatchObject([{ outcome: 'refused', local: { status: 'refused', message: '任务已撤销' } }])
  })

  it('keeps the time that the server knows of an acknowledgement', () => {
    const doc = incident({ tasks: [task({ acked_at: '2026-11-22T04:02:00.000Z' })] })
    expect(folded(doc, op('incident.task_ack', { task: 'k1' })).tasks[0]?.acked_at).toBe('2026-11-22T04:02:00.000Z')
  })
})

describe('what can be done about it', () => {
  const member = { members: [{ person: { id: 'w1', name: '李伟' }, seat: 'worker', acked_at: null }] }

  it('is to set out, to arrive and to say something for who takes part, a word alone for who is told', () => {
    expect(deedsOf(folded(incident(member)), ME)).toEqual(['depart', 'arrive', 'note'])
    expect(deedsOf(folded(incident({ units: [{ id: 'u1', name: '闸口村' }] })), ME)).toEqual(['depart', 'arrive', 'note'])
    expect(deedsOf(folded(incident()), ME)).toEqual(['note'])
  })

  it('does not offer what is done, also when it waits on this phone', () => {
    expect(deedsOf(folded(incident(member), op('incident.depart')), ME)).toEqual(['arrive', 'note'])
    expect(deedsOf(folded(incident(member), op('incident.arrive')), ME)).toEqual(['note'])
    expect(deedsOf(folded(incident(member), op('incident.depart', {}, { status: 'refused' })), ME)).toContain('depart')
  })

  it('is nothing once it is closed or merged', () => {
    expect(deedsOf(folded(incident({ ...member, closed_at: '2026-11-22T05:00:00.000Z' })), ME)).toEqual([])
    expect(deedsOf(folded(incident({ ...member, merged_into: 'i2' })), ME)).toEqual([])
  })
})

describe('the order', () => {
  it('puts life at risk first and keeps the town’s own order within', () => {
    const more = [...MATTERS, { ...(MATTERS[1] as Matter), code: 'gas' }]
    expect(lifeFirst(more).map((one) => one.code)).toEqual(['fire', 'gas', 'wages'])
  })

  it('puts unacknowledged tasks on top, own before others’, done ones last', () => {
    const other = { person: { id: 'w2', name: '陈静' } }
    const tasks = [
      task({ id: 'done', acked_at: 'x', done_at: 'x' }), task({ id: 'acked', acked_at: 'x' }),
      task({ id: 'theirs', ...other }), task({ id: 'mine' }), task({ id: 'unit', person: null, unit: { id: 'u1', name: '闸口村' } }),
    ]
    expect(tasksInOrder(tasks, ME).map((one) => one.id)).toEqual(['mine', 'unit', 'theirs', 'acked', 'done'])
    expect(isMine(task({ ...other, unit: { id: 'u1', name: '闸口村' } }), ME)).toBe(false)
  })

  it('puts open incidents before closed ones, the latest first', () => {
    const list = [
      incident({ id: 'old' }), incident({ id: 'over', closed_at: 'x', reported_at: '2026-11-22T06:00:00.000Z' }),
      incident({ id: 'new', reported_at: '2026-11-22T05:00:00.000Z' }),
    ]
    expect(inOrder(list).map((one) => one.id)).toEqual(['new', 'old', 'over'])
  })

  it('names who has not acknowledged first, and last whom it only told', () => {
    const called = [
      { person: { id: 'd', name: '何强', role: 'duty_room' }, acked_at: '2026-11-22T04:01:00.000Z' },
      { person: { id: 'h', name: '卢国强', role: 'unit_head' }, acked_at: null, informed: true },
      { person: { id: 'l', name: '黄敏', role: 'town_leader' }, acked_at: null, informed: false },
    ]
    expect(calledOf({ ...folded(incident()), called }).map((one) => one.person.id)).toEqual(['l', 'd', 'h'])
    const ack = { id: 'a', name: 'alert.ack', actor: { id: 'd', name: '何强' }, role: 'duty_room', occurred_at: '2026-11-22T04:01:00.000Z' }
    expect(calledOf(folded(incident({ timeline: [ack] })))).toMatchObject([{ person: { id: 'd', role: 'duty_room' } }])
  })
})

describe('what the reporter is told', () => {
  it('is “sending” for a few seconds at most, then that it has not arrived', () => {
    expect(deliveryOf('stored', 0, true)).toBe('sending')
    expect(deliveryOf('sending', PATIENCE_MS - 1, true)).toBe('sending')
    expect(deliveryOf('sending', PATIENCE_MS, true)).toBe('unsent')
    expect(deliveryOf('stored', 0, false)).toBe('unsent')
  })

  it('is “delivered” only on the server’s word', () => {
    expect(deliveryOf('delivered', 0, false)).toBe('delivered')
    expect(deliveryOf('refused', 0, true)).toBe('refused')
  })
})
