/**
 * What pages and the service worker do alike for alerts: 收到 goes into the outbox of the alert's user, whoever is
 * signed in; whether an alert reached this device is told over HTTP, kept until it got through.
 */
import { rfc3339, type Tap } from '../lib/clock'
import { uuid7 } from '../lib/ids'
import { getValue, openApp, openBase, openOutbox, setValue, type KeyValue, type Session } from '../local/db'
import { append } from './outbox'
import { Failure, Transport, type Ask } from './transport'

export const ACK = 'alert.ack'
const ALERT = 'alert'
const RECEIPTS = 'alertReceipts'
const RECEIPTS_AT_ONCE = 50
const RECEIPTS_KEPT_MS = 24 * 3_600_000
const RECEIPTS_LIMIT_MS = 8_000

/**
 * Where somebody's 收到 is: `waiting` is on this phone only; `there` with the moment the server had it (device ms,
 * or the server's word for it as RFC 3339).
 */
export type AckState = { is: 'none' } | { is: 'waiting' } | { is: 'refused' } | { is: 'there'; at: number }

/**
 * Store 收到, once for an alert; resolves when it is on the disk. The clock is stamped as of `tap`, whatever life of
 * page or worker that was.
 */
export async function acknowledge(user: string, alert: string, tap: Tap): Promise<AckState> {
  const before = await ackState(user, alert)
  if (before.is === 'waiting' || before.is === 'there') return before
  const op = { id: uuid7(tap.wallMs), name: ACK, v: 1, subject: alert, base: null, at: rfc3339(tap.wallMs), args: {} }
  // Without the title: its ticket may turn confidential, and the log of sent work outlives the row.
  await append(user, op, tap, { label: {} })
  return { is: 'waiting' }
}

/** Read from the row, the outbox and the sent log. */
export async function ackState(user: string, alert: string): Promise<AckState> {
  const outbox = openOutbox(user)
  const row = await openBase(user).rows.get([ALERT, alert])
  const doc = row?.doc as { acked_at?: string | null; ack_received_at?: string | null } | undefined
  if (doc?.acked_at) return { is: 'there', at: Date.parse(doc.ack_received_at ?? doc.acked_at) }
  const op = await outbox.ops.where('subject').equals(alert).filter(isAck).last()
  if (op) {
    if (!op.answer) return { is: 'waiting' }
    const { outcome, first, at } = op.answer
    return (outcome === 'duplicate' ? first : outcome) === 'refused' ? { is: 'refused' } : { is: 'there', at }
  }
  const sent = await outbox.sent.filter((each) => each.subject === alert && isAck(each)).last()
  if (!sent) return { is: 'none' }
  if (sent.receipt.outcome === 'refused') return { is: 'refused' }
  return { is: 'there', at: sent.receipt.received_at ? Date.parse(sent.receipt.received_at) : sent.settledAt }
}

function isAck(op: { name: string }): boolean {
  return op.name === ACK
}

/** What reached this device: `delivered`, then `seen`; by `push` or in the open `app`. */
export interface AlertReceipt {
  user: string
  alert: string
  channel: 'push' | 'app'
  state: 'delivered' | 'seen'
  /** Device ms. */
  at: number
}

/** Keep a receipt until it got through; the same one is kept once. */
export function noteReceipt(receipt: AlertReceipt): Promise<void> {
  return changeReceipts((kept) => (kept.some((each) => sameReceipt(each, receipt)) ? kept : [...kept, receipt]))
}

export async function keptReceipts(): Promise<AlertReceipt[]> {
  return (await getValue<AlertReceipt[]>(openApp().kv, RECEIPTS)) ?? []
}

/**
 * Tell what is kept for this user; never throws for what the network or the server does. What the server does not
 * take (4xx) is dropped: nothing waits for it.
 */
export async function sendReceipts(net: Pick<Transport, 'ask'>, user: string, nowMs: number): Promise<void> {
  const kept = await keptReceipts()
  const mine = kept.filter((receipt) => receipt.user === user).slice(0, RECEIPTS_AT_ONCE)
  if (mine.length === 0) return
  const device = await getValue<string>(openOutbox(user).meta, 'device')
  if (device === undefined) return
  const receipts = mine.map(({ alert, channel, state, at }) => ({ alert, channel, state, age_ms: Math.max(0, nowMs - at) }))
  try {
    await net.ask({ method: 'POST', path: '/alerts/receipts', json: { device, receipts }, limitMs: RECEIPTS_LIMIT_MS })
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const final = error.kind === 'server' && error.status < 500 && ![401, 403, 409, 429].includes(error.status)
    if (!final) return dropReceipts((receipt) => nowMs - receipt.at > RECEIPTS_KEPT_MS)
  }
  await dropReceipts((receipt) => mine.some((each) => sameReceipt(each, receipt)))
}

function dropReceipts(told: (receipt: AlertReceipt) => boolean): Promise<void> {
  return changeReceipts((kept) => kept.filter((receipt) => !told(receipt)))
}

/** Read and written in one transaction, through its own store (local/db.ts says why). */
async function changeReceipts(change: (kept: AlertReceipt[]) => AlertReceipt[]): Promise<void> {
  const app = openApp()
  await app.transaction('rw', app.kv, async (tx) => {
    const kv = tx.table<KeyValue, string>('kv')
    const kept = (await getValue<AlertReceipt[]>(kv, RECEIPTS)) ?? []
    const next = change(kept)
    if (next !== kept) await setValue(kv, RECEIPTS, next)
  })
}

function sameReceipt(a: AlertReceipt, b: AlertReceipt): boolean {
  return a.user === b.user && a.alert === b.alert && a.channel === b.channel && a.state === b.state
}

/** The device's id in the sync of this user; undefined before his first sign-in here. */
export function deviceOf(user: string): Promise<string | undefined> {
  return getValue<string>(openOutbox(user).meta, 'device')
}

/** A request as this user; throws `Failure` also when somebody else is signed in on this browser. */
export async function askAs(user: string, fetcher: typeof fetch, ask: Ask): Promise<unknown> {
  const session = await getValue<Session>(openApp().kv, 'session')
  if (session?.user.id !== user || session.state !== 'live') throw new Failure('server', 401, 'signed_out', '')
  return (await new Transport({ fetch: fetcher }, user).ask(ask)).body
}

/** Send the receipts at once, from a page or the worker. */
export async function sendReceiptsNow(user: string, fetcher: typeof fetch): Promise<void> {
  const session = await getValue<Session>(openApp().kv, 'session')
  if (session?.user.id === user && session.state === 'live') {
    await sendReceipts(new Transport({ fetch: fetcher }, user), user, Date.now())
  }
}
