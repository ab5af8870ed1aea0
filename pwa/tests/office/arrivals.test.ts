import { describe, expect, it } from 'vitest'
import { arrivalRow, arrivalRows, totals } from '../../src/components/office/arrivals'
import type { TicketView } from '../../src/domain/types'
import { at, deadline, entry, NOW, ticket } from './ticket'

function urgent(startMin: number, more: Partial<TicketView> = {}, metMin?: number): TicketView {
  const deadlines = [deadline('arrival', startMin, startMin + 60, metMin), deadline('acceptance', startMin, 600)]
  return ticket({ urgent: true, state: 'assigned', assigned_at: at(startMin + 1), deadlines, ...more })
}

describe('a row of the arrival board', () => {
  it('is absent where no arrival is asked for', () => {
    expect(arrivalRow(ticket({ urgent: true }), NOW)).toBeUndefined()
  })

  it.each([
    ['undispatched', urgent(-5, { state: 'received', assigned_at: null })],
    ['undispatched', urgent(-5, { state: 'returning' })],
    ['unaccepted', urgent(-5)],
    ['accepted', urgent(-5, { state: 'accepted' })],
    ['departed', urgent(-5, { state: 'handling', timeline: [entry('ticket.depart', -2)] })],
    ['late', urgent(-61)],
    ['arrived', urgent(-30, { state: 'handling', timeline: [entry('ticket.arrive', -5)] }, -5)],
    ['arrived', urgent(-60, { state: 'handling', timeline: [entry('ticket.arrive', 0)] }, 0)],
    ['arrived_late', urgent(-70, { state: 'handling', timeline: [entry('ticket.arrive', -5)] }, -5)],
    ['unverified', urgent(-70, { state: 'handling', timeline: [entry('ticket.arrive', -30, { trust: 'unverified' })] })],
  ])('says %s', (phase, one) => {
    expect(arrivalRow(one, NOW)?.phase).toBe(phase)
  })

  it('does not count a departure that was taken back, or that belongs to an earlier cycle', () => {
    const taken = urgent(-5, { state: 'accepted', timeline: [entry('ticket.depart', -2, { retracted_by: 'x' })] })
    const old = urgent(-5, { state: 'accepted', cycle: 2, timeline: [entry('ticket.depart', -2)] })
    expect([arrivalRow(taken, NOW)?.phase, arrivalRow(old, NOW)?.phase]).toEqual(['accepted', 'accepted'])
  })

  it('names who arrived before who is assigned', () => {
    const timeline = [entry('ticket.arrive', -5, { actor: { id: 'p2', name: '陈静' } })]
    const row = arrivalRow(urgent(-30, { assignee: { id: 'p1', name: '李伟' }, timeline }, -5), NOW)
    expect(row?.who).toBe('陈静')
  })

  it('shows the arrival that counts, not an earlier one whose clock is doubted', () => {
    const doubted = entry('ticket.arrive', -20, { trust: 'unverified' })
    const sure = entry('ticket.arrive', -5)
    expect(arrivalRow(urgent(-30, { timeline: [doubted, sure] }, -5), NOW)?.arrival).toBe(sure)
  })
})

describe('the order of the board', () => {
  it('is late, waiting, on the way by time left, then who has arrived, the newest first', () => {
    const late = urgent(-90)
    const soon = urgent(-50, { state: 'handling', timeline: [entry('ticket.depart', -40)] })
    const fresh = urgent(-5)
    const old = urgent(-50, { timeline: [entry('ticket.arrive', -40)] }, -40)
    const recent = urgent(-50, { timeline: [entry('ticket.arrive', -20)] }, -20)
    const rows = arrivalRows([old, fresh, recent, soon, late], NOW)
    expect(rows.map((row) => row.ticket.id)).toEqual([late, soon, fresh, recent, old].map((one) => one.id))
  })

  it('leaves out what is closed, merged or not urgent', () => {
    const rows = arrivalRows([urgent(-5, { state: 'closed' }), urgent(-5, { state: 'merged' }), urgent(-5, { urgent: false })], NOW)
    expect(rows).toEqual([])
  })

  it('counts each ticket in one tile', () => {
    const rows = arrivalRows([urgent(-90), urgent(-5), urgent(-5, { state: 'accepted' }), urgent(-5, { state: 'received' })], NOW)
    const { late, onTheWay, unaccepted, unverified } = totals(rows)
    expect([late, onTheWay, unaccepted, unverified].map((tile) => tile.length)).toEqual([1, 1, 2, 0])
  })
})
