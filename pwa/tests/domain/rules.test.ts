import { describe, expect, it } from 'vitest'
import { callbackState, effectiveCallback } from '../../src/domain/callbacks'
import { type Case, compute, DEFAULT_RULES, type DeadlineRules, levelOf, nextDeadline, stateOf } from '../../src/domain/deadlines'
import { firstArrival } from '../../src/domain/entries'
import { distanceM, toGcj02 } from '../../src/domain/geo'
import type { Callback, Deadline, TimelineEntry } from '../../src/domain/types'
import type { Calendar } from '../../src/domain/workdays'
import { vectors } from './vectors'

interface DeadlineVectors {
  calendar: { years: number[]; days: { date: string; work: boolean; name: string }[] }
  cases: {
    name: string
    case: Case
    rules?: Partial<DeadlineRules>
    expect: { kind: string; due_at: string; provisional: boolean; rule?: string; skipped?: string[] }[]
  }[]
}

describe('deadlines', () => {
  const { calendar: given, cases } = vectors<DeadlineVectors>('deadlines')
  const days = Object.fromEntries(given.days.map((day) => [day.date, { work: day.work, name: day.name }]))
  const calendar: Calendar = { days, years: given.years }

  it.each(cases)('$name', ({ case: one, rules, expect: expected }) => {
    const found = compute(one, calendar, { ...DEFAULT_RULES, ...rules })
    expect(found.map((d) => [d.kind, d.due_at, d.provisional])).toEqual(expected.map((d) => [d.kind, d.due_at, d.provisional]))
    for (const [i, wanted] of expected.entries()) {
      const { why } = found[i]!
      if (wanted.rule) expect(why.rule).toBe(wanted.rule)
      if (wanted.skipped) expect(why.skipped.map((day) => day.date)).toEqual(wanted.skipped)
    }
  })
})

describe('how urgent a deadline looks', () => {
  const start_at = '2026-11-18T04:00:00.000Z'
  const due_at = '2026-11-18T05:00:00.000Z'
  const at = (minute: number) => Date.parse(start_at) + minute * 60_000
  const open = { start_at, due_at, met_at: null }

  it('is calm, then amber in the last quarter, then red once late', () => {
    expect([0, 44, 45, 60].map((minute) => levelOf(open, at(minute)))).toEqual(['calm', 'calm', 'amber', 'amber'])
    expect(levelOf(open, at(60) + 1)).toBe('red')
  })

  it('is green when met in time and red when met late, whatever the clock says', () => {
    expect(levelOf({ ...open, met_at: due_at }, at(600))).toBe('green')
    expect(levelOf({ ...open, met_at: '2026-11-18T05:00:00.001Z' }, at(0))).toBe('red')
    expect(stateOf({ due_at, met_at: '2026-11-18T05:00:00.001Z' }, at(0))).toBe('missed')
  })

  it('shows what is due next and leaves out what only waits for the office', () => {
    const make = (kind: Deadline['kind'], due: string, more: Partial<Deadline> = {}): Deadline => ({
      ...{ kind, start_at, due_at: due, met_at: null, provisional: false, state: 'open' },
      ...{ why: { rule: '', from: start_at, days: 0, skipped: [] }, ...more },
    })
    const arrival = make('arrival', due_at, { unverified: true })
    const result = make('result', '2026-11-20T16:00:00.000Z')
    expect(nextDeadline({ deadlines: [result, arrival] })?.kind).toBe('result')
    expect(nextDeadline({ deadlines: [result, make('arrival', due_at)] })?.kind).toBe('arrival')
  })
})

interface CallVectors {
  cases: {
    name: string
    cycle: number
    calls: (Partial<Callback> & Pick<Callback, 'id' | 'outcome' | 'occurred_at' | 'called_at'>)[]
    expect: { effective: string | null; enough: boolean; unreachable: number; half_days: number }
  }[]
}

describe('callbacks', () => {
  it.each(vectors<CallVectors>('callbacks').cases)('$name', ({ cycle, calls, expect: wanted }) => {
    const callbacks = calls.map((call): Callback => ({
      ...{ actor: { id: 'w', name: 'w' }, resolved: null, satisfaction: null, summary: '', cycle: 1 },
      ...{ effective: false, retracted: false, ...call },
    }))
    const state = callbackState({ callbacks, cycle, merged: [] })
    expect(effectiveCallback(callbacks, cycle)?.id ?? null).toBe(wanted.effective)
    expect(state).toMatchObject({ enough: wanted.enough, unreachable: wanted.unreachable, halfDays: wanted.half_days })
  })

  it('waits for the callers of merged tickets too', () => {
    const call: Callback = {
      ...{ id: 'c', actor: { id: 'w', name: 'w' }, occurred_at: '', called_at: '', outcome: 'connected', resolved: null },
      ...{ satisfaction: null, summary: '', cycle: 1, effective: true, retracted: false },
    }
    const merged = { id: 't2', external_no: 'n', contact: null, callback: false }
    expect(callbackState({ callbacks: [call], cycle: 1, merged: [merged] }).enough).toBe(false)
    expect(callbackState({ callbacks: [call], cycle: 1, merged: [{ ...merged, callback: true }] }).enough).toBe(true)
  })
})

interface ArrivalVectors {
  cases: { name: string; cycle: number; entries: Partial<TimelineEntry>[]; expect: { first: string | null } }[]
}

describe('the first valid arrival', () => {
  it.each(vectors<ArrivalVectors>('arrival').cases)('$name', ({ cycle, entries, expect: wanted }) => {
    const timeline = entries.map((entry) => ({ name: 'ticket.arrive', cycle: 1, photos: [], ...entry }) as unknown as TimelineEntry)
    expect(firstArrival(timeline, cycle)?.id ?? null).toBe(wanted.first)
  })
})

describe('distance', () => {
  const place = { lat: 22.99, lng: 113.67, crs: 'GCJ02' as const }

  it('takes the two coordinate systems into account', () => {
    const shifted = distanceM({ ...place, crs: 'WGS84' }, place)!
    expect(shifted).toBeGreaterThan(300)
    expect(shifted).toBeLessThan(900)
    expect(distanceM(place, place)).toBe(0)
    expect(distanceM({ ...place, crs: 'WGS84' }, { ...place, crs: null })).toBe(0)
    expect(distanceM(place, { lat: null, lng: null, crs: null })).toBeNull()
  })

  it('leaves points outside China alone', () => {
    expect(toGcj02({ lat: 48, lng: 11 })).toEqual({ lat: 48, lng: 11 })
  })
})
