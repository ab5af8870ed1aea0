import { effectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { joined } from '../../src/components/office/joined'
import { HOLD_MS, usePendingDispatch } from '../../src/components/office/usePendingDispatch'
import { entry, ticket } from './ticket'

const sent: unknown[] = []
vi.mock('@/actions/tickets', () => ({
  act: (subject: { id: string }, name: string, args: unknown) => {
    sent.push([subject.id, name, args])
    return Promise.resolve({ opId: 'x' })
  },
}))

describe('a dispatch is held for a moment', () => {
  beforeEach(() => {
    sent.length = 0
    vi.useFakeTimers()
  })
  afterEach(() => vi.useRealTimers())

  function desk() {
    const scope = effectScope()
    const undo = scope.run(() => usePendingDispatch())!
    const one = ticket()
    const hold = (unit = 'u1', subject = one) =>
      undo.hold({ ticket: subject, unitName: unit, name: 'ticket.dispatch', args: { unit } })
    return { scope, undo, one, hold }
  }

  it('then stored', async () => {
    const { hold, one } = desk()
    await hold()
    expect(sent).toEqual([])
    await vi.advanceTimersByTimeAsync(HOLD_MS)
    expect(sent).toEqual([[one.id, 'ticket.dispatch', { unit: 'u1' }]])
  })

  it('and leaves no trace when taken back', async () => {
    const { hold, undo } = desk()
    await hold()
    undo.takeBack()
    await vi.advanceTimersByTimeAsync(HOLD_MS * 2)
    expect([sent, undo.pending.value]).toEqual([[], undefined])
  })

  it('the next dispatch lets it go at once, in order', async () => {
    const { hold, one } = desk()
    const next = ticket()
    await hold('u1')
    await hold('u2', next)
    expect(sent).toEqual([[one.id, 'ticket.dispatch', { unit: 'u1' }]])
    await vi.advanceTimersByTimeAsync(HOLD_MS)
    expect(sent).toHaveLength(2)
  })

  it('closing the page lets it go, once', async () => {
    const { hold, scope } = desk()
    await hold()
    window.dispatchEvent(new Event('pagehide'))
    scope.stop()
    await vi.advanceTimersByTimeAsync(HOLD_MS)
    expect(sent).toHaveLength(1)
  })
})

describe('the whole ticket', () => {
  const known = entry('ticket.arrive', -5)
  const old = entry('ticket.accept', -9)

  it('takes the full timeline from the server and where pending work stands from here', () => {
    const mine = { ...known, local: { status: 'sending' as const, at: known.occurred_at } }
    const local = ticket({ rev: 3, timeline: [mine], pending: [{ id: known.id }] as never })
    const whole = joined(local, { ...local, timeline: [old, known] })
    expect(whole.timeline).toEqual([old, mine])
  })

  it('never shows an older state of the server over a newer one here', () => {
    const local = ticket({ rev: 5, state: 'handling', timeline: [known] })
    const whole = joined(local, { ...local, rev: 4, state: 'assigned', timeline: [old] })
    expect([whole.state, whole.timeline]).toEqual(['handling', [old, known]])
  })

  it('gives a confidential stub its content, in memory', () => {
    const stub = ticket({ rev: 2, confidential: true, title: '保密单', content: '', pending: [{ id: 'x' }] as never })
    const whole = joined(stub, { ...stub, title: '真实标题', content: '内容' })
    expect([whole.title, whole.content]).toEqual(['真实标题', '内容'])
  })

  it('ignores the answer about another ticket', () => {
    const local = ticket()
    expect(joined(local, ticket())).toBe(local)
  })
})
