import { describe, expect, it } from 'vitest'
import { mergeCandidates } from '../../src/components/office/mergeCandidates'
import { periodOf } from '../../src/components/office/period'
import { minutes, percent, rebin } from '../../src/components/office/rates'
import { nextSort, sortRows } from '../../src/components/office/table'
import { readFilters, toQuery, toRequest } from '../../src/components/office/ticketQuery'
import { fromWallTime, wallTime } from '../../src/components/office/wallTime'
import { ticket } from './ticket'

describe('figures', () => {
  it.each([
    [1, '100%'],
    [0.9996, '99.9%'],
    [0.964, '96.4%'],
    [0.57, '57%'],
    [0, '0%'],
  ])('%d reads %s, never rounded up', (rate, words) => {
    expect(percent(rate)).toBe(words)
  })

  it('says short times to the tenth of a minute and long ones whole', () => {
    expect([minutes(null), minutes(90), minutes(3_600), minutes(1_441)]).toEqual(['—', '1.5', '60', '24'])
  })

  it('keeps every arrival when bins are poured together', () => {
    const bins = rebin([
      { from_s: 0, to_s: 300, n: 2 },
      { from_s: 3_300, to_s: 3_600, n: 3 },
      { from_s: 3_600, to_s: 3_900, n: 1 },
      { from_s: 9_000, to_s: null, n: 4 },
    ])
    expect(bins.filter((bin) => bin.n > 0).map((bin) => [bin.from_s, bin.n])).toEqual([
      [0, 2],
      [3_300, 3],
      [3_600, 1],
      [5_400, 4],
    ])
  })
})

describe('periods are Shanghai days', () => {
  // 2026-11-30 23:30 in Shanghai is still the 30th; half an hour later it is December.
  const before = Date.parse('2026-11-30T15:30:00Z')
  const after = Date.parse('2026-11-30T16:00:00Z')

  it.each([
    ['today', before, '2026-11-30', '2026-11-30'],
    ['today', after, '2026-12-01', '2026-12-01'],
    ['week', after, '2026-11-25', '2026-12-01'],
    ['month', before, '2026-11-01', '2026-11-30'],
    ['month', after, '2026-12-01', '2026-12-01'],
    ['lastMonth', after, '2026-11-01', '2026-11-30'],
    ['lastMonth', Date.parse('2027-01-15T04:00:00Z'), '2026-12-01', '2026-12-31'],
  ] as const)('%s', (name, now, from, to) => {
    expect(periodOf(name, now)).toEqual({ from, to })
  })
})

it('the clock on the wall is Shanghai’s, there and back', () => {
  expect(wallTime(Date.parse('2026-11-21T16:05:09Z'))).toBe('2026-11-22 00:05:09')
  expect(fromWallTime('2026-11-22 00:05:09')).toBe('2026-11-21T16:05:09.000Z')
})

describe('tables', () => {
  const columns = [
    { key: 'name', label: '' },
    { key: 'n', label: '', sortable: true, value: (row: { n?: number }) => row.n },
  ]
  const rows = [{ name: 'b', n: 2 }, { name: 'c' }, { name: 'a', n: 10 }]

  it('sorts numbers by size and leaves the missing last, both ways', () => {
    expect(sortRows(rows, columns, { key: 'n', dir: 'asc' }).map((row) => row.name)).toEqual(['b', 'a', 'c'])
    expect(sortRows(rows, columns, { key: 'n', dir: 'desc' }).map((row) => row.name)).toEqual(['a', 'b', 'c'])
  })

  it('turns ascending, descending, and back to how it came', () => {
    const one = nextSort(undefined, 'n')
    const two = nextSort(one, 'n')
    expect([one?.dir, two?.dir, nextSort(two, 'n')]).toEqual(['asc', 'desc', undefined])
  })
})

describe('the address of a list', () => {
  it('keeps what was chosen and nothing else', () => {
    const query = { state: 'assigned,handling', urgent: 'true', page: '3' }
    expect(toQuery(readFilters(query, ''))).toEqual(query)
  })

  it('never holds the words searched for, which the server is asked in the body', () => {
    const filters = readFilters({ state: 'closed', q: '旧书签' }, '陈大文家')
    expect(toQuery(filters)).toEqual({ state: 'closed' })
    expect(toRequest(filters)).toEqual({ q: '陈大文家', state: 'closed', sort: 'due', page: 1, page_size: 50 })
  })

  it('survives whatever somebody typed into it', () => {
    const filters = readFilters({ page: '-7', page_size: '9999', sort: 'drop table', urgent: 'maybe' }, '')
    expect(toRequest(filters)).toEqual({ sort: 'due', page: 1, page_size: 50 })
  })
})

describe('merge candidates', () => {
  const mine = ticket({ title: '工地夜间施工噪音', content: '夜里一直打桩' })

  it('are alike in words and near in place', () => {
    const same = ticket({ title: '同一工地夜间施工', content: '打桩到半夜' })
    const far = ticket({ title: '工地夜间施工噪音', place: { village: '南城村', address: '', lat: 22.9, lng: 113.6, crs: 'WGS84' } })
    const other = ticket({ title: '流浪狗扰民', content: '' })
    const likely = mergeCandidates(mine, [far, other, same]).filter((one) => one.likely)
    expect(likely.map((one) => one.ticket.id)).toEqual([same.id])
  })

  it('are never confidential, closed, or the ticket itself', () => {
    const secret = ticket({ title: mine.title, confidential: true })
    const closed = ticket({ title: mine.title, state: 'closed' })
    expect(mergeCandidates(mine, [mine, secret, closed])).toEqual([])
  })
})
