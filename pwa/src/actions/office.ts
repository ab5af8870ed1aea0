/** What only the office asks of the server: lists, indicators, imports, people. All of it needs the network. */
import { request } from './api'
import type { FilePath, Options } from './calls'
import type { ArrivalQuery, By, CalendarDay, ItemQuery, NewPerson, PeopleQuery, TicketFilters, TicketQuery } from './officeWire'

export type ImportKind = 'tickets' | 'town' | 'outbox'

const IMPORT_LIMIT_MS = 120_000
const DOWNLOAD_LIMIT_MS = 60_000

const ofTicket = (id: string) => ({ path: { ticket_id: id } })
const ofPerson = (id: string) => ({ path: { person_id: id } })

export const officeApi = {
  directory: () => request('GET', '/directory'),

  /** What is searched for may be somebody's name or street: it travels in the body, never in an address. */
  tickets: (body: TicketQuery) => request('POST', '/tickets/search', { body }),
  exportTickets: async (body: TicketFilters, filename: string) =>
    save(await request('POST', '/tickets/search.xlsx', { body, blob: true, limitMs: DOWNLOAD_LIMIT_MS }), filename),
  /** The whole ticket: full timeline, kept facts, content of a confidential one. Never stored. */
  ticket: (id: string) => request('GET', '/tickets/{ticket_id}', ofTicket(id)),
  revealContact: (id: string, purpose: string) =>
    request('POST', '/tickets/{ticket_id}/contact', { ...ofTicket(id), body: { purpose } }),
  packet: (id: string) => request('GET', '/tickets/{ticket_id}/packet', ofTicket(id)),

  arrival: (query: { from: string; to: string; by: By }) => request('GET', '/indicators/arrival', { query }),
  arrivalTickets: (query: ArrivalQuery) => request('GET', '/indicators/arrival/tickets', { query }),

  items: (query: ItemQuery = {}) => request('GET', '/items', { query: { open: true, ...query } }),
  itemDone: (id: string, note: string) => request('POST', '/items/{item_id}/done', { path: { item_id: id }, body: { note } }),

  /** A dry run changes nothing and reports every row. */
  importFile: (kind: 'tickets' | 'town', file: File, dryRun: boolean) => {
    const form = new FormData()
    form.append('file', file)
    form.append('dry_run', String(dryRun))
    return request('POST', `/imports/${kind}`, { form, limitMs: IMPORT_LIMIT_MS })
  },
  importOutbox: (file: File) => {
    const form = new FormData()
    form.append('file', file)
    return request('POST', '/imports/outbox', { form, limitMs: IMPORT_LIMIT_MS })
  },

  people: (query: PeopleQuery) => request('GET', '/people', { query }),
  createPerson: (body: NewPerson) => request('POST', '/people', { body }),
  resetPassword: (id: string) => request('POST', '/people/{person_id}/password', ofPerson(id)),
  revokePerson: (id: string) => request('POST', '/people/{person_id}/revoke', ofPerson(id)),
  restorePerson: (id: string) => request('POST', '/people/{person_id}/restore', ofPerson(id)),
  devices: (id: string) => request('GET', '/people/{person_id}/devices', ofPerson(id)),
  revokeDevice: (device: string) => request('POST', '/devices/{device_id}/revoke', { path: { device_id: device } }),

  calendar: (year: number) => request('GET', '/calendar', { query: { year } }),
  setDay: ({ date, is_work, name }: CalendarDay) => request('PUT', '/calendar/{date}', { path: { date }, body: { is_work, name } }),
  clearDay: (date: string) => request('DELETE', '/calendar/{date}', { path: { date } }),
}

/** Fetches a file and hands it to the browser's downloads. Throws `ApiError` or `NetworkError` like any call. */
export async function download<P extends FilePath>(
  path: P,
  asked: Omit<Options<'GET', P>, 'blob' | 'limitMs'>,
  filename: string,
): Promise<void> {
  const options = { ...asked, blob: true, limitMs: DOWNLOAD_LIMIT_MS } as unknown as Options<'GET', P>
  save((await request('GET', path, options)) as Blob, filename)
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
