import { describe, expect, it } from 'vitest'
import { type Page, PAGE, PAGES_MAX, ticketsBehind } from '@/components/office/drill'

/** A server with so many tickets behind a number; the n-th took n seconds. */
function server(total: number) {
  const asked: number[] = []
  const ask = (page: number): Promise<Page> => {
    asked.push(page)
    const from = (page - 1) * PAGE
    const items = Array.from({ length: Math.max(0, Math.min(PAGE, total - from)) }, (_, n) => ({ id: String(from + n), seconds: from + n }))
    return Promise.resolve({ items: items as unknown as Page['items'], total, hidden: 3 })
  }
  return { ask, asked }
}

describe('the tickets behind a number', () => {
  it('come from every page, so that sorting sorts all of them', async () => {
    const { ask, asked } = server(2 * PAGE + 1)
    const found = await ticketsBehind({}, ask)
    expect([found.items.length, found.looked, found.total, found.hidden]).toEqual([401, 401, 401, 3])
    expect(asked).toEqual([1, 2, 3])
  })

  it('of one bar are found beyond the first page, too', async () => {
    const found = await ticketsBehind({ seconds: [250, 260] }, server(300).ask)
    expect(found.items.map(({ seconds }) => seconds)).toEqual([250, 251, 252, 253, 254, 255, 256, 257, 258, 259])
  })

  it('of the last bar have no longest, and no arrival has no bar', async () => {
    const ask = () => Promise.resolve({ items: [{ seconds: null }, { seconds: 9_999 }] as unknown as Page['items'], total: 2, hidden: 0 })
    expect((await ticketsBehind({ seconds: [5_400, null] }, ask)).items).toEqual([{ seconds: 9_999 }])
  })

  it('are not fetched without end: how many were searched is told', async () => {
    const { ask, asked } = server(10_000)
    const found = await ticketsBehind({}, ask)
    expect([asked.length, found.looked, found.total]).toEqual([PAGES_MAX, PAGE * PAGES_MAX, 10_000])
  })

  it('need no second question where the first had all', async () => {
    const { ask, asked } = server(0)
    expect((await ticketsBehind({}, ask)).items).toEqual([])
    expect(asked).toEqual([1])
  })
})
