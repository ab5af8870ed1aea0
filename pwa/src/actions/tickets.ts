/**
 * What a person does to a ticket. Every call stamps the clock at once, then stores the operation durably on the
 * phone; it resolves when it is on the disk, long before it is sent. The server decides; the screen shows the
 * guess until then.
 */
import type { OpArgs, OpName, TicketView } from '../domain/types'
import { rfc3339, tapNow } from '../lib/clock'
import { uuid7 } from '../lib/ids'
import { forgetSecretDraft } from '../local/drafts'
import type { OpLabel } from '../local/records'
import { userId } from '../local/session'
import { append, type AppendOptions, type NewOp } from '../sync/outbox'
import type { PreparedPhoto } from './photos'

export interface ActOptions {
  photos?: PreparedPhoto[]
  /** The draft that this operation makes superfluous (`useDraft`'s key); removed in the same transaction. */
  draft?: string
}

export interface Done {
  opId: string
}

/** The few fields of a ticket that an operation needs. */
export type Subject = { id: string; rev: number | null } & Partial<Pick<TicketView, 'external_no' | 'title' | 'confidential'>>

/** Why nothing was stored; what was typed is still in its draft. */
export class ActError extends Error {
  constructor(readonly code: 'storage_full' | 'storage_failed' | 'confidential_online_only') {
    super(code)
    this.name = 'ActError'
  }
}

/**
 * Store one operation; resolves when it is on the disk. Throws `ActError`. Work on a confidential ticket is not
 * written down: it is told to the tab that syncs and needs the network now.
 */
export function act<N extends OpName>(
  ticket: Subject,
  name: N,
  args: Omit<OpArgs[N], 'photos'>,
  options: ActOptions | PreparedPhoto[] = {},
): Promise<Done> {
  return store(ticket, name, args, options)
}

/** The same for an operation on anything: a ticket, an incident (incidents.ts). */
export async function store(ticket: Subject, name: string, args: object, options: ActOptions | PreparedPhoto[] = {}): Promise<Done> {
  const tap = tapNow()
  const { photos = [], draft } = Array.isArray(options) ? { photos: options } : options
  const secret = ticket.confidential === true
  if (secret && !navigator.onLine) throw new ActError('confidential_online_only')
  const op: NewOp = {
    id: uuid7(tap.wallMs),
    name,
    v: 1,
    subject: ticket.id,
    base: ticket.rev,
    at: rfc3339(tap.wallMs),
    args: plain(photos.length > 0 ? { ...args, photos: photos.map(named) } : args),
  }
  const label: OpLabel = {}
  if (!secret && ticket.external_no !== undefined) label.ticketNo = ticket.external_no
  if (!secret && ticket.title !== undefined) label.title = ticket.title
  try {
    const carried = secret ? { secretPhotos: await inMemory(photos, tap.wallMs) } : { photos: photos.map((photo) => photo.id) }
    await append(userId(), op, tap, { label, draft, secret, ...carried })
    if (draft !== undefined) forgetSecretDraft(userId(), draft)
  } catch (error) {
    const { name: kind, inner } = error as { name?: string; inner?: { name?: string } }
    const full = kind === 'QuotaExceededError' || inner?.name === 'QuotaExceededError'
    throw Object.assign(new ActError(full ? 'storage_full' : 'storage_failed'), { cause: error })
  }
  return { opId: op.id }
}

/** Vue hands out proxies, which no database can store. */
function plain(args: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(args)) as Record<string, unknown>
}

/** A confidential ticket's photos: bytes for the tab that syncs, and records that say nothing of the place. */
function inMemory(photos: PreparedPhoto[], storedAt: number): Promise<NonNullable<AppendOptions['secretPhotos']>> {
  const each = photos.map(async ({ id, sha256, bytes, width, height, taken_at, blob }) => ({
    photo: {
      ...{ id, op: null, ticket: null, draft: null, state: 'waiting' as const, sha256, bytes, width, height, taken_at, storedAt },
      ...{ mime: 'image/jpeg', offset: 0, tries: 0, nextTryAt: 0 },
    },
    bytes: await blob.arrayBuffer(),
  }))
  return Promise.all(each)
}

function named(photo: PreparedPhoto): Record<string, unknown> {
  const { id, sha256, bytes, width, height, taken_at, lat, lng } = photo
  return { id, sha256, bytes, width, height, taken_at, ...(lat === undefined || lng === undefined ? {} : { lat, lng }) }
}

export const accept = (ticket: Subject, args: OpArgs['ticket.accept'] = {}, options?: ActOptions) =>
  act(ticket, 'ticket.accept', args, options)
export const giveBack = (ticket: Subject, args: OpArgs['ticket.return'], options?: ActOptions) =>
  act(ticket, 'ticket.return', args, options)
export const decideReturn = (ticket: Subject, args: OpArgs['ticket.decide_return']) =>
  act(ticket, 'ticket.decide_return', args)
export const depart = (ticket: Subject) => act(ticket, 'ticket.depart', {})
export const arrive = (ticket: Subject, args: OpArgs['ticket.arrive'], options?: ActOptions) =>
  act(ticket, 'ticket.arrive', args, options)
export const note = (ticket: Subject, args: OpArgs['ticket.note'], options?: ActOptions) =>
  act(ticket, 'ticket.note', args, options)
export const onSiteDone = (ticket: Subject, args: OpArgs['ticket.on_site_done'], options?: ActOptions) =>
  act(ticket, 'ticket.on_site_done', args, options)
export const callback = (ticket: Subject, args: OpArgs['ticket.callback'], options?: ActOptions) =>
  act(ticket, 'ticket.callback', args, options)
export const retract = (ticket: Subject, args: OpArgs['ticket.retract']) => act(ticket, 'ticket.retract', args)
export const reply = (ticket: Subject, args: OpArgs['ticket.reply'], options?: ActOptions) =>
  act(ticket, 'ticket.reply', args, options)
export const approve = (ticket: Subject, args: OpArgs['ticket.approve']) => act(ticket, 'ticket.approve', args)
export const reject = (ticket: Subject, args: OpArgs['ticket.reject'], options?: ActOptions) =>
  act(ticket, 'ticket.reject', args, options)
export const dispatch = (ticket: Subject, args: OpArgs['ticket.dispatch']) => act(ticket, 'ticket.dispatch', args)
export const assign = (ticket: Subject, args: OpArgs['ticket.assign']) => act(ticket, 'ticket.assign', args)
export const flagUrgent = (ticket: Subject, args: OpArgs['ticket.flag_urgent']) => act(ticket, 'ticket.flag_urgent', args)
export const unflagUrgent = (ticket: Subject, args: OpArgs['ticket.unflag_urgent']) =>
  act(ticket, 'ticket.unflag_urgent', args)
export const setConfidential = (ticket: Subject, args: OpArgs['ticket.set_confidential']) =>
  act(ticket, 'ticket.set_confidential', args)
export const recategorise = (ticket: Subject, args: OpArgs['ticket.recategorise']) =>
  act(ticket, 'ticket.recategorise', args)
export const merge = (ticket: Subject, args: OpArgs['ticket.merge']) => act(ticket, 'ticket.merge', args)
export const unmerge = (ticket: Subject, args: OpArgs['ticket.unmerge']) => act(ticket, 'ticket.unmerge', args)
export const confirm = (ticket: Subject, args: OpArgs['ticket.confirm']) => act(ticket, 'ticket.confirm', args)
export const close = (ticket: Subject) => act(ticket, 'ticket.close', {})
