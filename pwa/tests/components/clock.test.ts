import { describe, expect, it } from 'vitest'
import { byDue, inWorkersOrder } from '@/components/clock'
import { navigationUrl, placePoint, placeWords } from '@/components/place'
import type { Deadline, TicketDoc } from '@/domain/types'

function due(at: string, kind: Deadline['kind'] = 'result'): Deadline {
  return {
    kind, start_at: '2026-11-22T00:00:00.000Z', due_at: at, met_at: null, provisional: false, state: 'open',
    why: { rule: 'result_working_days', from: '2026-11-22T00:00:00.000Z', days: 5, skipped: [] },
  }
}

function ticket(id: string, changes: Partial<TicketDoc>): TicketDoc {
  return { id, state: 'accepted', urgent: false, deadlines: [], received_at: '2026-11-22T00:00:00.000Z', ...changes } as TicketDoc
}

const soon = ticket('soon', { deadlines: [due('2026-11-22T08:00:00.000Z')] })
const later = ticket('later', { deadlines: [due('2026-11-25T08:00:00.000Z')] })
const urgent = ticket('urgent', { urgent: true, deadlines: [due('2026-11-24T08:00:00.000Z')] })
const review = ticket('review', { state: 'reply_review', urgent: true, deadlines: [due('2026-11-22T01:00:00.000Z')] })
const closed = ticket('closed', { state: 'closed' })
const ids = (tickets: TicketDoc[]) => tickets.map((one) => one.id)

describe('the order of the list', () => {
  it('has emergencies on top, then what is due next, then what waits for others, then finished work', () => {
    const all = [closed, review, later, urgent, soon]
    expect(ids(inWorkersOrder(all))).toEqual(['urgent', 'soon', 'later', 'review', 'closed'])
  })

  it('has for a head what is due first on top, emergencies before', () => {
    expect(ids([later, soon, review].sort(byDue))).toEqual(['review', 'soon', 'later'])
  })

  it('goes by the first deadline that is still open', () => {
    const met = { ...due('2026-11-22T02:00:00.000Z', 'acceptance'), met_at: '2026-11-22T01:00:00.000Z' }
    const half = ticket('half', { deadlines: [met, due('2026-11-23T08:00:00.000Z')] })
    expect(ids(inWorkersOrder([later, half, soon]))).toEqual(['soon', 'half', 'later'])
  })
})

describe('places', () => {
  const place = { village: '闸口村', address: '闸口村沿河路', lat: 23.0, lng: 113.68, crs: 'WGS84' as const }

  it('do not say the village twice', () => {
    expect(placeWords(place)).toBe('闸口村沿河路')
    expect(placeWords({ ...place, address: '沿河路 12 号' })).toBe('闸口村 沿河路 12 号')
    expect(placeWords({ ...place, address: null })).toBe('闸口村')
  })

  it('from a Chinese map are moved to the system that phones use, some hundred metres', () => {
    const moved = placePoint({ ...place, crs: 'GCJ02' })
    expect(Math.abs((moved?.lat ?? 0) - place.lat)).toBeGreaterThan(0.001)
    expect(Math.abs((moved?.lat ?? 0) - place.lat)).toBeLessThan(0.01)
    expect(placePoint({ ...place, lat: null })).toBeUndefined()
  })

  it('are handed to the phone’s own map without a word about the ticket', () => {
    expect(navigationUrl(place)).toMatch(/^(geo|maps):[^闸]*$/)
  })
})
