import { describe, expect, it } from 'vitest'
import type { Callback, Me, TicketView, TimelineEntry } from '@/domain/types'
import { nextStep, stepsOf } from '@/views/field/steps'

const NOW = Date.parse('2026-11-22T04:30:00Z')
const WORKER: Me = {
  id: 'w1', username: 'worker', name: '李伟', role: 'grid_worker',
  unit: { id: 'u1', name: '闸口村' }, villages: ['闸口村'], grid: 'g1',
}

function ticket(changes: Partial<TicketView>): TicketView {
  return {
    id: 't1', external_no: 'DG1', rev: 3, state: 'accepted', cycle: 1, category: 'complaint', urgent: true,
    confidential: false, title: '主干道井盖缺失', content: '', contact: null,
    place: { village: '闸口村', address: null, lat: null, lng: null, crs: null },
    lead_unit: { id: 'u1', name: '闸口村' }, joint_units: [], assignee: { id: 'w1', name: '李伟' }, assistants: [],
    grid: 'g1', received_at: '2026-11-22T04:00:00.000Z', assigned_at: '2026-11-22T04:05:00.000Z', external_due_at: null,
    deadlines: [], reply: null, callbacks: [], timeline: [], urgent_flagged_at: null, suggestion: null, merged: [],
    merged_into: null, return_request: null, evaluation: null, flags: [], tags: [], supplements: [], replied_at: null,
    closed_at: null, pending: [], ...changes,
  }
}

function entry(name: TimelineEntry['name'], changes: Partial<TimelineEntry> = {}): TimelineEntry {
  return {
    id: name, name, actor: { id: 'w1', name: '李伟' }, occurred_at: '2026-11-22T04:20:00.000Z', trust: 'proven',
    outcome: 'applied', received_at: '2026-11-22T04:20:01.000Z', cycle: 1, text: null, photos: [], ...changes,
  }
}

const connected = {
  id: 'c1', actor: { id: 'w1', name: '李伟' }, occurred_at: '2026-11-22T04:25:00.000Z',
  called_at: '2026-11-22T04:25:00.000Z', outcome: 'connected', resolved: true, satisfaction: null, summary: '好',
  cycle: 1, effective: true, retracted: false,
} satisfies Callback

const done = [entry('ticket.arrive'), entry('ticket.on_site_done')]

describe('the next step', () => {
  it('goes accept, arrive, work done, callback, reply', () => {
    expect(nextStep(ticket({ urgent: false, state: 'assigned' }))).toBe('ticket.accept')
    expect(nextStep(ticket({ urgent: false }))).toBe('ticket.arrive')
    expect(nextStep(ticket({ timeline: [entry('ticket.arrive')] }))).toBe('ticket.on_site_done')
    expect(nextStep(ticket({ timeline: done }))).toBe('ticket.callback')
    expect(nextStep(ticket({ timeline: done, callbacks: [connected] }))).toBe('ticket.reply')
  })

  it('starts again at the scene in a new cycle, and after an arrival was taken back', () => {
    expect(nextStep(ticket({ urgent: false, cycle: 2, timeline: done }))).toBe('ticket.arrive')
    expect(nextStep(ticket({ urgent: false, timeline: [entry('ticket.arrive', { retracted_by: 'x' })] }))).toBe('ticket.arrive')
  })

  it('of an emergency is to set out, then to arrive, then to have done the work', () => {
    expect(nextStep(ticket({ state: 'assigned' }))).toBe('ticket.depart')
    expect(nextStep(ticket({}))).toBe('ticket.depart')
    expect(nextStep(ticket({ state: 'handling', timeline: [entry('ticket.depart')] }))).toBe('ticket.arrive')
    expect(nextStep(ticket({ state: 'handling', timeline: [entry('ticket.arrive')] }))).toBe('ticket.on_site_done')
    const { main, beside } = stepsOf(ticket({ state: 'assigned' }), WORKER, NOW)
    expect([main, ...beside].map((button) => button?.op)).toEqual(['ticket.depart', 'ticket.arrive', 'ticket.accept'])
  })

  it('asks nobody to the scene for a question, and no callback of a confidential ticket', () => {
    expect(nextStep(ticket({ urgent: false, category: 'consult' }))).toBe('ticket.callback')
    expect(nextStep(ticket({ confidential: true, timeline: done }))).toBe('ticket.reply')
  })

  it('is nobody’s while the head reads', () => {
    expect(nextStep(ticket({ state: 'reply_review' }))).toBeUndefined()
    expect(stepsOf(ticket({ state: 'reply_review' }), WORKER, NOW).main).toBeUndefined()
  })
})

describe('the buttons', () => {
  it('offer only what the shared table allows this person', () => {
    const outsider: Me = { ...WORKER, id: 'w9', unit: { id: 'u9', name: '南城村' } }
    const { main, beside, more } = stepsOf(ticket({ state: 'assigned' }), outsider, NOW)
    expect([main, ...beside, ...more].map((button) => button?.op)).not.toContain('ticket.accept')
  })

  it('show each step once', () => {
    const { main, beside, more } = stepsOf(ticket({}), WORKER, NOW)
    const all = [main, ...beside, ...more].map((button) => button?.op)
    expect(new Set(all).size).toBe(all.length)
    expect(beside.length).toBeLessThanOrEqual(2)
  })

  it('no longer offer to set out once set out or arrived', () => {
    const ops = (timeline: TimelineEntry[]) => {
      const { main, beside, more } = stepsOf(ticket({ timeline }), WORKER, NOW)
      return [main, ...beside, ...more].map((button) => button?.op)
    }
    expect(ops([])).toContain('ticket.depart')
    expect(ops([entry('ticket.depart')])).not.toContain('ticket.depart')
    expect(ops([entry('ticket.arrive')])).not.toContain('ticket.depart')
  })
})
