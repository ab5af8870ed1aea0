/** What the office's own endpoints take and answer, under the names that the office's screens use. */
import type { components } from '../contract/api'
import type { Query } from './calls'

type Schemas = components['schemas']

export type Directory = Schemas['DirectoryAnswer']
export type DirectoryUnit = Schemas['UnitShape']

export type TicketRow = Schemas['TicketRow']
export type TicketQuery = Schemas['Paged']
export type TicketFilters = Schemas['Filters']

/** Every list is told by the page. */
export type Page<Row> = Omit<Schemas['TicketPage'], 'items'> & { items: Row[] }

export type ArrivalReport = Schemas['ArrivalAnswer']
/** Arrivals that took from `from_s` up to `to_s` seconds (null: no end). */
export type Bin = Schemas['Bin']
export type Figures = Schemas['Figures']
export type RateRow = Schemas['IndicatorRow']
export type ArrivalTicket = Schemas['BehindShape']
export type ArrivalQuery = Query<'GET', '/indicators/arrival/tickets'>
export type By = NonNullable<ArrivalQuery['by']>
export type ArrivalPart = NonNullable<ArrivalQuery['part']>

export type OfficeItem = Schemas['ItemAnswer']
export type ItemQuery = Query<'GET', '/items'>

export type ImportResult = Schemas['ImportAnswer']
export type ImportRow = Schemas['RowAnswer']
export type OutboxResult = Schemas['OutboxAnswer']

export type PersonRow = Schemas['Person']
export type PeopleQuery = Query<'GET', '/people'>
export type NewPerson = Schemas['NewPerson']
export type DeviceRow = Schemas['Device']

export type CalendarYear = Schemas['Year']
export type CalendarDay = Pick<Schemas['Day'], 'date' | 'is_work' | 'name'>
