/** What only the office asks of the server: lists, indicators, imports, people. All of it needs the network. */
import type { TicketDoc } from '../domain/types'
import { request } from './api'
import type {
  ArrivalPart,
  ArrivalReport,
  ArrivalTicket,
  By,
  CalendarDay,
  CalendarYear,
  DeviceRow,
  Directory,
  ImportResult,
  OfficeItem,
  OutboxResult,
  Page,
  PersonRow,
  TicketRow,
} from './officeWire'

export type ImportKind = 'tickets' | 'town' | 'outbox'

const IMPORT_LIMIT_MS = 120_000
const DOWNLOAD_LIMIT_MS = 60_000

export type Query = Record<string, string | number | boolean | undefined>

export type ArrivalQuery = {
  from: string
  to: string
  by: By
  key?: string
  part: ArrivalPart
  page?: number
  page_size?: number
}

export const officeApi = {
  directory: () => request<Directory>('GET', '/directory'),

  tickets: (query: Query) => request<Page<TicketRow>>('GET', '/tickets', { query }),
  /** The whole ticket: full timeline, kept facts, content of a confidential one. Never stored. */
  ticket: (id: string) => request<TicketDoc>('GET', `/tickets/${id}`),
  revealContact: (id: string, purpose: string) =>
    request<{ name: string | null; phone: string | null }>('POST', `/tickets/${id}/contact`, { body: { purpose } }),
  packet: (id: string) => request<Record<string, unknown>>('GET', `/tickets/${id}/packet`),

  arrival: (query: { from: string; to: string; by: By }) =>
    request<ArrivalReport>('GET', '/indicators/arrival', { query }),
  arrivalTickets: (query: ArrivalQuery) =>
    request<Page<ArrivalTicket> & { hidden: number }>('GET', '/indicators/arrival/tickets', { query }),

  items: (query: Query = {}) => request<{ items: OfficeItem[] }>('GET', '/items', { query: { open: true, ...query } }),
  itemDone: (id: string, note: string) => request<void>('POST', `/items/${id}/done`, { body: { note } }),

  /** A dry run changes nothing and reports every row. */
  importFile: (kind: ImportKind, file: File, dryRun: boolean) => {
    const form = new FormData()
    form.append('file', file)
    form.append('dry_run', String(dryRun))
    return request<ImportResult>('POST', `/imports/${kind}`, { form, limitMs: IMPORT_LIMIT_MS })
  },
  importOutbox: (file: File) => {
    const form = new FormData()
    form.append('file', file)
    return request<OutboxResult>('POST', '/imports/outbox', { form, limitMs: IMPORT_LIMIT_MS })
  },

  people: (query: Query) => request<Page<PersonRow>>('GET', '/people', { query }),
  createPerson: (body: Record<string, unknown>) =>
    request<{ person: PersonRow; password: string }>('POST', '/people', { body }),
  resetPassword: (id: string) => request<{ password: string }>('POST', `/people/${id}/password`),
  revokePerson: (id: string) => request<void>('POST', `/people/${id}/revoke`),
  restorePerson: (id: string) => request<void>('POST', `/people/${id}/restore`),
  devices: (id: string) => request<{ items: DeviceRow[] }>('GET', `/people/${id}/devices`),
  revokeDevice: (device: string) => request<void>('POST', `/devices/${device}/revoke`),

  calendar: (year: number) => request<CalendarYear>('GET', '/calendar', { query: { year } }),
  setDay: (day: CalendarDay) =>
    request<CalendarDay>('PUT', `/calendar/${day.date}`, { body: { is_work: day.is_work, name: day.name } }),
  clearDay: (date: string) => request<void>('DELETE', `/calendar/${date}`),
}

/** Fetches a file and hands it to the browser's downloads. Throws `ApiError` or `NetworkError` like any call. */
export async function download(path: string, query: Query, filename: string): Promise<void> {
  save(await request<Blob>('GET', path, { query, blob: true, limitMs: DOWNLOAD_LIMIT_MS }), filename)
}

/** Offers a blob as a download. */
export function save(blob: Blob, filename: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = filename
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
