// A pending operation as a timeline entry, and what the entries of a cycle meet (server: clocks.py, field.py).
import { distanceM } from './geo'
import { isFact } from './lifecycle'
import type { Deadline, OpArgs, OpName, PendingOp, PhotoArg, TicketDoc, TimelineEntry } from './types'

const RADIUS_M = 300
const ON_SITE: readonly string[] = ['ticket.depart', 'ticket.arrive', 'ticket.on_site_done']
const ACCEPTING: readonly string[] = ['ticket.accept', 'ticket.return', ...ON_SITE]
const WITH_REASON: readonly string[] = [
  'ticket.return', 'ticket.reject', 'ticket.retract', 'ticket.flag_urgent', 'ticket.unflag_urgent', 'ticket.merge',
  'ticket.unmerge', 'ticket.recategorise', 'ticket.set_confidential', 'ticket.confirm', 'ticket.decide_return',
]

export function is<N extends OpName>(op: PendingOp, name: N): op is PendingOp<N> {
  return op.name === name
}

function textOf(op: PendingOp): string | null {
  if (is(op, 'ticket.accept')) return op.args.opinion ?? null
  if (is(op, 'ticket.note') || is(op, 'ticket.reply')) return op.args.text
  if (is(op, 'ticket.on_site_done')) return op.args.result
  if (is(op, 'ticket.callback')) return op.args.summary
  if (is(op, 'ticket.determine')) return op.args.basis
  return WITH_REASON.includes(op.name) ? ((op.args as { reason?: string }).reason ?? null) : null
}

function photosOf(op: PendingOp): TimelineEntry['photos'] {
  const photos = (op.args as { photos?: PhotoArg[] }).photos ?? []
  return photos.map(({ id, sha256, width, height, taken_at, lat, lng }) => ({
    ...{ id, sha256, width, height, taken_at, state: 'awaited' as const },
    ...(lat === undefined ? {} : { lat }),
    ...(lng === undefined ? {} : { lng }),
  }))
}

interface Missing {
  flag: string
  reason: string | undefined
}

/** Flags for evidence that is missing, and the reasons given, as the server will set them. */
function flagged(missing: Missing[]): Partial<TimelineEntry> {
  const flags: string[] = []
  for (const { flag, reason } of missing) {
    flags.push(flag)
    if (reason === undefined && !flags.includes('no_reason')) flags.push('no_reason')
  }
  const reasons = [...new Set(missing.map((one) => one.reason).filter((one) => one !== undefined))]
  return { ...(flags.length ? { flags } : {}), ...(reasons.length ? { reason: reasons.join('；') } : {}) }
}

function noPhoto(args: { photos?: PhotoArg[]; no_photo_reason?: string }): Missing[] {
  return args.photos?.length ? [] : [{ flag: 'no_photo', reason: args.no_photo_reason }]
}

function arrivalOf(args: OpArgs['ticket.arrive'], ticket: TicketDoc): Partial<TimelineEntry> {
  const distance = args.point && ticket.place ? distanceM(args.point, ticket.place) : null
  const place = !args.point ? 'no_fix' : distance !== null && distance > RADIUS_M ? 'far' : null
  const missing = [...(place ? [{ flag: place, reason: args.no_fix_reason }] : []), ...noPhoto(args)]
  return {
    ...(args.point ? { point: args.point } : {}),
    ...(distance === null ? {} : { distance_m: distance }),
    ...flagged(missing),
  }
}

function detailsOf(op: PendingOp, ticket: TicketDoc): Partial<TimelineEntry> {
  if (is(op, 'ticket.arrive')) return arrivalOf(op.args, ticket)
  if (is(op, 'ticket.on_site_done')) return flagged(noPhoto(op.args))
  if (is(op, 'ticket.retract')) return { retracts: op.args.op }
  if (is(op, 'ticket.callback')) {
    const { outcome, called_at, resolved, satisfaction } = op.args
    const call = { outcome, called_at: called_at ?? op.at, resolved: resolved ?? null, satisfaction: satisfaction ?? null }
    return { callback: call }
  }
  return {}
}

/** The entry of an operation that the server has not told of yet; `local` says where it stands. */
export function entryOf(op: PendingOp, ticket: TicketDoc): TimelineEntry {
  const local: TimelineEntry['local'] = {
    status: op.status,
    at: op.status_at ?? op.at,
    ...(op.code === undefined ? {} : { code: op.code }),
    ...(op.message === undefined ? {} : { message: op.message }),
  }
  return {
    id: op.id,
    name: op.name,
    actor: op.author,
    occurred_at: op.at,
    trust: 'probable',
    outcome: op.status === 'refused' ? 'refused' : 'applied',
    received_at: op.at,
    cycle: ticket.cycle,
    text: textOf(op),
    photos: photosOf(op),
    ...detailsOf(op, ticket),
    local,
  }
}

/** Whether an entry's time counts: certain or confirmed, and not retracted. */
export function isCertain(entry: TimelineEntry): boolean {
  if (entry.retracted_by !== undefined) return false
  return entry.confirmed ? entry.confirmed.accepted : entry.trust !== 'unverified'
}

export function isBefore(a: TimelineEntry, b: TimelineEntry): boolean {
  return a.occurred_at === b.occurred_at ? a.id < b.id : a.occurred_at < b.occurred_at
}

function first(entries: TimelineEntry[]): TimelineEntry | undefined {
  let found: TimelineEntry | undefined
  for (const entry of entries) if (!found || isBefore(entry, found)) found = entry
  return found
}

/** The first valid arrival of a cycle, by (occurred_at, id), whatever the order in which they came (I10). */
export function firstArrival(timeline: readonly TimelineEntry[], cycle: number): TimelineEntry | undefined {
  return first(timeline.filter((e) => e.name === 'ticket.arrive' && e.cycle === cycle && isCertain(e)))
}

/** When a step counts: an uncertain clock counts at its latest. */
function countedAt(entry: TimelineEntry): string {
  if (entry.trust === 'unverified' && !entry.confirmed && entry.bounds) return entry.bounds[1]
  return entry.occurred_at
}

/** Neither retracted by its author, nor rejected by the office, nor refused here. */
function stands(entry: TimelineEntry): boolean {
  return entry.retracted_by === undefined && entry.confirmed?.accepted !== false && !isRefusedHere(entry)
}

function metAt(kind: Deadline['kind'], timeline: readonly TimelineEntry[], cycle: number): string | null {
  const counted = timeline.filter((e) => e.cycle === cycle && stands(e))
  if (kind === 'arrival') return firstArrival(counted, cycle)?.occurred_at ?? null
  if (kind === 'handling') {
    return first(counted.filter((e) => e.name === 'ticket.on_site_done' && isCertain(e)))?.occurred_at ?? null
  }
  const names = kind === 'acceptance' ? ACCEPTING : ['ticket.approve']
  const times = counted.filter((e) => names.includes(e.name)).map(countedAt).sort()
  return times[0] ?? null
}

/** Refused by the push, its receipt still to come: shown, without effect. */
export function isRefusedHere(entry: TimelineEntry): boolean {
  return entry.local?.status === 'refused'
}

/** The deadlines with `met_at` as the timeline says; what the server knew beyond a cut timeline stays. */
export function meet(ticket: TicketDoc, touched: readonly TimelineEntry[]): Deadline[] {
  if (!touched.some((e) => isFact(e.name) || ACCEPTING.includes(e.name) || e.name === 'ticket.approve')) return ticket.deadlines
  return ticket.deadlines.map((one) => {
    const found = metAt(one.kind, ticket.timeline, ticket.cycle)
    const gone = touched.some((e) => e.retracts !== undefined)
    const met_at = one.met_at && !gone ? (found && found < one.met_at ? found : one.met_at) : found
    if (met_at === one.met_at) return one
    return { ...one, met_at, state: met_at === null ? 'open' : met_at <= one.due_at ? 'met' : 'missed' }
  })
}
