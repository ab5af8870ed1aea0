/**
 * The filters of 全部工单: what the address says, what the server is asked. The words searched for may be a resident's
 * name or street, so they are never in the address; the entry of the history remembers them.
 */
import type { LocationQuery } from 'vue-router'
import type { TicketQuery } from '@/actions/officeWire'

export type TicketSort = NonNullable<TicketQuery['sort']>

export interface Filters {
  q: string
  state: string[]
  category: string[]
  village: string
  unit: string
  urgent: boolean
  overdue: boolean
  sort: TicketSort
  page: number
  page_size: number
}

export const PAGE_SIZES = [20, 50, 100, 200]
const SORTS: readonly TicketSort[] = ['due', '-due', 'received', '-received', 'external_no', '-external_no', 'state', '-state']

function text(value: LocationQuery[string] | undefined): string {
  const one = Array.isArray(value) ? value[0] : value
  return one ?? ''
}

function list(value: LocationQuery[string] | undefined): string[] {
  return text(value).split(',').filter(Boolean)
}

/** Whatever somebody typed into the address, as filters that the server understands, and the words searched for. */
export function readFilters(query: LocationQuery, words: string): Filters {
  const sort = text(query.sort)
  const size = Number(text(query.page_size))
  return {
    q: words.slice(0, 100),
    state: list(query.state),
    category: list(query.category),
    village: text(query.village),
    unit: text(query.unit),
    urgent: text(query.urgent) === 'true',
    overdue: text(query.overdue) === 'true',
    sort: SORTS.find((one) => one === sort) ?? 'due',
    page: Math.max(1, Math.floor(Number(text(query.page)) || 1)),
    page_size: PAGE_SIZES.includes(size) ? size : 50,
  }
}

/** Only what differs from nothing, so that addresses stay short; without the words. */
export function toQuery(filters: Filters): Record<string, string> {
  const { state, category, village, unit, urgent, overdue, sort, page, page_size } = filters
  const all: Record<string, string> = {
    state: state.join(','),
    category: category.join(','),
    village,
    unit,
    urgent: urgent ? 'true' : '',
    overdue: overdue ? 'true' : '',
    sort: sort === 'due' ? '' : sort,
    page: page > 1 ? String(page) : '',
    page_size: page_size === 50 ? '' : String(page_size),
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
}

/** The body of `POST /tickets/search`. */
export function toRequest(filters: Filters): TicketQuery {
  const { q, urgent, overdue, page, page_size, sort } = filters
  return { ...toQuery(filters), ...(q && { q }), ...(urgent && { urgent }), ...(overdue && { overdue }), sort, page, page_size }
}

/** The words that this entry of the history was searched for. */
export function keptWords(): string {
  const { words } = (history.state ?? {}) as { words?: unknown }
  return typeof words === 'string' ? words : ''
}

/** Remembers them there: a reload and a step back find them again, an address sent on does not tell them. */
export function keepWords(words: string): void {
  history.replaceState({ ...history.state, words }, '')
}
