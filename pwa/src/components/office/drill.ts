import type { ArrivalPart, ArrivalTicket, By } from '@/actions/officeWire'
import type { Sort } from './table'

/** A number of the board, as the question for the tickets behind it. */
export interface Drill {
  title: string
  from: string
  to: string
  by: By
  key?: string
  part: ArrivalPart
  /** Only arrivals that took so long (seconds). */
  seconds?: [number, number | null]
  /** How the list is sorted at first. */
  sort?: Sort
}

export interface Page {
  items: ArrivalTicket[]
  total: number
  hidden: number
}

export const PAGE = 200
/** A drawer is read by a person: so many pages are fetched, beyond them it says what is missing. */
export const PAGES_MAX = 5

/**
 * The tickets behind a number, page after page: the list is sorted, and cut to a bar of the distribution, here.
 *
 * @param ask fetches page `n`, from 1
 * @returns the tickets that belong to the number, how many the server has behind the whole question (`total`), how many
 *   of them were looked through (`looked`), and how many the reader may not see (`hidden`)
 */
export async function ticketsBehind(
  drill: Pick<Drill, 'seconds'>,
  ask: (n: number) => Promise<Page>,
): Promise<Page & { looked: number }> {
  const first = await ask(1)
  const items = [...first.items]
  const pages = Math.min(PAGES_MAX, Math.ceil(first.total / PAGE))
  for (let n = 2; n <= pages; n += 1) items.push(...(await ask(n)).items)
  return { ...first, looked: items.length, items: items.filter((one) => took(one, drill.seconds)) }
}

function took(one: ArrivalTicket, range: Drill['seconds']): boolean {
  if (!range) return true
  const [least, most] = range
  return one.seconds !== null && one.seconds >= least && (most === null || one.seconds < most)
}
