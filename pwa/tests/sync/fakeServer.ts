/**
 * A server that speaks SYNC.md's wire in memory, and a network that fails on command. The only fake of these
 * tests: everything of ours above `fetch` is real, on a real (in-memory) IndexedDB.
 */
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import type { BaseReceipt, WireOp } from '../../src/local/records'
import type { PullRequest, PushRequest, PushResult } from '../../src/sync/wire'

type Doc = Record<string, unknown> & { timeline: { id: string; name: string; actor: { id: string; name: string } }[] }
interface ServerRow {
  type: string
  id: string
  rev: number
  seq: number
  buckets: string[]
  doc: Doc
}
interface Departure {
  type: string
  id: string
  seq: number
  gone: 'moved' | 'closed' | 'merged'
}
interface Upload {
  length: number
  bytes: Uint8Array
  sha256: string
}
export interface Seen {
  method: string
  path: string
  headers: Headers
  body: unknown
  bytes: number
}
interface AlertReceipt {
  alert: string
  channel: string
  state: string
  age_ms: number
}
/** One request's fate; undefined lets it pass. */
export type Fault = (request: Seen, pass: () => Promise<Response>) => Promise<Response>

const BLANK = {
  ...{ state: 'handling', cycle: 1, category: 'help', urgent: false, confidential: false, content: '', place: null },
  ...{ contact: null, lead_unit: null, joint_units: [], assignee: null, assistants: [], grid: null, deadlines: [] },
  ...{ reply: null, callbacks: [], merged: [], flags: [], tags: [], supplements: [], received_at: '2026-11-22T04:05:00.000Z' },
}

export class FakeServer {
  epoch = 'epoch-1'
  seq = 0
  restores = 0
  user = 'u1'
  csrf = 'token-1'
  signedIn = true
  rows = new Map<string, ServerRow>()
  departures: Departure[] = []
  devices = new Map<string, { user: string; lastN: number }>()
  ops = new Map<string, { op: WireOp; outcome: BaseReceipt['outcome']; code?: string }>()
  receipts: (BaseReceipt & { seq: number; device: string })[] = []
  uploads = new Map<string, Upload>()
  /** Tickets turned confidential, for an author who lost them with that. */
  erased = new Set<string>()
  /** Applied to the next requests, in order. */
  faults: (Fault | undefined)[] = []
  seen: Seen[] = []
  alertsTold: AlertReceipt[] = []
  bytesMax = 1 << 20
  offsetMs = 0
  /** Cut each photo piece after so many bytes. */
  cutPhotosAt = Infinity

  fetch = (async (input: string, init: RequestInit = {}): Promise<Response> => {
    const request = await seenOf(input, init)
    this.seen.push(request)
    const fault = this.faults.shift()
    const pass = (): Promise<Response> => Promise.resolve(this.answer(request))
    return fault ? fault(request, pass) : pass()
  }) as unknown as typeof fetch

  count(path: string): number {
    return this.seen.filter((request) => request.path.startsWith(path)).length
  }

  /** Ids of the operations that a ticket contains. */
  timeline(ticket: string): string[] {
    return (this.rows.get(ticket)?.doc.timeline ?? []).map(({ id }) => id)
  }

  put(id: string, doc: Record<string, unknown> = {}, buckets: string[] = ['person:u1']): ServerRow {
    const before = this.rows.get(id)
    const timeline = before?.doc.timeline ?? []
    const row = {
      ...{ type: before?.type ?? 'ticket', id, rev: (before?.rev ?? 0) + 1, seq: (this.seq += 1), buckets },
      doc: { ...BLANK, id, external_no: `NO-${id}`, title: `title ${id}`, timeline, ...doc } as Doc,
    }
    row.doc.rev = row.rev
    this.rows.set(id, row)
    return row
  }

  /** One person's alert. */
  putAlert(id: string, doc: Record<string, unknown> = {}, user = this.user): void {
    const raised_at = new Date(Date.now() + this.offsetMs).toISOString()
    const blank = { alarm: 'a1', kind: 'urgent_ticket', drill: false, subject: { type: 'ticket', id: 't1' }, raised_at, acked_at: null, ack_received_at: null }
    const rest = { rung: 0, title: '井盖缺失', village: '闸口村', informed: false, life_at_risk: false, numbers: [], state: 'open', ended_at: null, end_why: null }
    const before = this.rows.get(id)
    const row = { type: 'alert', id, rev: (before?.rev ?? 0) + 1, seq: (this.seq += 1), buckets: [`person:${user}`] }
    const told = before?.type === 'alert' ? before.doc : {}
    this.rows.set(id, { ...row, doc: { ...blank, ...rest, climbed_meanwhile: false, ...told, id, rev: row.rev, timeline: [], ...doc } })
  }

  remove(id: string, gone: Departure['gone'] = 'moved'): void {
    this.rows.delete(id)
    this.departures.push({ type: 'ticket', id, seq: (this.seq += 1), gone })
  }

  /** A restore from a backup taken when the head was at `seq`. */
  restoreTo(seq: number): void {
    this.restores += 1
    this.epoch = `epoch-${this.restores}-restored`
    const forgotten = this.receipts.filter((receipt) => receipt.seq > seq)
    this.receipts = this.receipts.filter((receipt) => receipt.seq <= seq)
    for (const { id } of forgotten) if (!this.receipts.some((receipt) => receipt.id === id)) this.ops.delete(id)
    for (const [device, state] of this.devices) {
      const own = this.receipts.filter((receipt) => receipt.device === device)
      state.lastN = Math.max(0, ...own.map((receipt) => receipt.n))
    }
    for (const row of this.rows.values()) {
      row.doc = { ...row.doc, timeline: row.doc.timeline.filter(({ id }) => this.ops.has(id)) }
    }
    this.seq = seq
  }

  digest(): Record<string, { count: number; checksum: string }> {
    const sums: Record<string, { count: number; sum: bigint }> = {}
    for (const row of this.rows.values()) {
      const hash = createHash('sha256').update(`${row.type}|${row.id}|${row.rev}`).digest()
      for (const bucket of row.buckets) {
        const sum = (sums[bucket] ??= { count: 0, sum: 0n })
        sum.count += 1
        sum.sum = BigInt.asUintN(64, sum.sum + hash.readBigUInt64BE(0))
      }
    }
    return Object.fromEntries(
      Object.entries(sums).map(([name, { count, sum }]) => [name, { count, checksum: sum.toString(16).padStart(16, '0') }]),
    )
  }

  private answer(request: Seen): Response {
    if (!this.signedIn) return this.error(401, 'unauthenticated')
    if (request.path === '/session') return this.json({ user: { id: this.user }, csrf: this.csrf })
    if (request.method !== 'HEAD' && request.headers.get('X-CSRF-Token') !== this.csrf) return this.error(403, 'csrf')
    if (request.bytes > this.bytesMax) return this.error(413, 'too_large')
    if (request.path === '/sync/push') return this.push(request.body as PushRequest)
    if (request.path === '/sync/pull') return this.pull(request.body as PullRequest)
    if (request.path.startsWith('/photos')) return this.photo(request)
    if (request.path === '/alerts/receipts') return this.alertReceipts(request.body as { receipts: AlertReceipt[] })
    return this.error(404, 'not_found')
  }

  private alertReceipts({ receipts }: { receipts: AlertReceipt[] }): Response {
    this.alertsTold.push(...receipts)
    return this.empty(204)
  }

  private push(request: PushRequest): Response {
    if (request.user !== this.user) return this.error(409, 'wrong_user')
    const device = this.devices.get(request.device) ?? { user: request.user, lastN: 0 }
    if (device.user !== request.user) return this.error(409, 'device_taken')
    if (request.epoch !== null && request.epoch !== this.epoch) {
      return this.error(409, 'epoch', { epoch: this.epoch, last_n: device.lastN })
    }
    const results: PushResult[] = []
    for (const op of request.ops) {
      const known = this.ops.get(op.id)
      if (known && content(known.op) !== content(op)) {
        results.push({ id: op.id, n: op.n, outcome: 'refused', code: 'op_mismatch' })
        // It takes no number, so the rest waits for the phone to void it.
        if (op.n > device.lastN) break
        continue
      }
      if (!known && op.n <= device.lastN) return this.error(409, 'device_forked')
      if (op.n > device.lastN + 1) return this.error(409, 'gap', { expected_n: device.lastN + 1 })
      if (op.n > device.lastN) device.lastN = op.n
      results.push(this.take(op, request.device, known))
    }
    this.devices.set(request.device, device)
    return this.json({ time: this.time(), last_n: device.lastN, results })
  }

  private take(op: WireOp, device: string, known?: { outcome: BaseReceipt['outcome']; code?: string }): PushResult {
    const told = known ?? this.decide(op)
    const first = told.outcome as Exclude<BaseReceipt['outcome'], 'duplicate'>
    const had = this.receipts.some((receipt) => receipt.id === op.id && receipt.device === device)
    if (!had) {
      const outcome = known ? { outcome: 'duplicate' as const, first } : { outcome: first }
      const code = told.code ? { code: told.code, message: `because ${told.code}` } : {}
      const details = this.erased.has(op.subject) ? { details: { erase: true } } : {}
      this.receipts.push({ id: op.id, n: op.n, ...outcome, ...code, ...details, seq: (this.seq += 1), device })
    }
    if (known) return { id: op.id, n: op.n, outcome: 'duplicate', first, ...(told.code ? { code: told.code } : {}) }
    this.ops.set(op.id, { op, ...told })
    return { id: op.id, n: op.n, ...told }
  }

  private decide(op: WireOp): { outcome: BaseReceipt['outcome']; code?: string } {
    if (typeof op.args.refuse === 'string') return { outcome: 'refused', code: op.args.refuse }
    const row = this.rows.get(op.subject)
    if (op.name === 'void') return { outcome: 'applied' }
    if (!row) return { outcome: 'kept', code: 'moved_on' }
    if (op.name === 'alert.ack') {
      this.putAlert(op.subject, { acked_at: op.at, ack_received_at: this.time().server_at, state: 'acked' })
      return { outcome: 'applied' }
    }
    this.put(op.subject, { ...row.doc, timeline: [...row.doc.timeline, { id: op.id, name: op.name, actor: { id: 'u1', name: '' } }] }, row.buckets)
    return { outcome: 'applied' }
  }

  private pull(request: PullRequest): Response {
    if (request.user !== this.user) return this.error(409, 'wrong_user')
    let from = 0
    let reset: null | 'all' | string[] = null
    let receiptsFrom = 0
    if (request.cursor !== null) {
      const [device, epoch, seq, receipts] = JSON.parse(request.cursor) as [string, string, number, number]
      if (device !== request.device) return this.error(400, 'bad_cursor')
      if (epoch === this.epoch) {
        from = seq
        receiptsFrom = receipts
      } else reset = 'all'
    }
    if (request.refill && reset === null) {
      reset = request.refill
      from = 0
    }
    const live = [...this.rows.values()].map((row) => ({ seq: row.seq, change: { ...row, seq: undefined } }))
    const left = this.departures.map(({ type, id, seq, gone }) => ({ seq, change: { type, id, gone } }))
    const due = [...live, ...left].filter(({ seq }) => seq > from).sort((a, b) => a.seq - b.seq)
    const page = due.slice(0, request.limit)
    const more = due.length > page.length
    const to = more ? (page[page.length - 1]?.seq ?? from) : this.seq
    const own = this.receipts.filter((receipt) => receipt.device === request.device && receipt.seq > receiptsFrom)
    return this.json({
      ...{ time: this.time(), epoch: this.epoch, more, reset },
      cursor: JSON.stringify([request.device, this.epoch, to, more ? receiptsFrom : this.seq]),
      changes: page.map(({ change }) => change),
      receipts: more ? [] : own.map(({ seq: _seq, device: _device, ...receipt }) => receipt),
      ...(request.digest && !more ? { digest: this.digest() } : {}),
    })
  }

  private photo(request: Seen): Response {
    const id = request.path.split('/')[2] ?? ''
    if (request.method === 'POST') {
      const meta = new Map(
        (request.headers.get('Upload-Metadata') ?? '').split(',').map((pair): [string, string] => {
          const [key = '', value = ''] = pair.split(' ')
          return [key, atob(value)]
        }),
      )
      const length = Number(request.headers.get('Upload-Length'))
      const upload = this.uploads.get(meta.get('id') ?? '') ?? { length, bytes: new Uint8Array(0), sha256: meta.get('sha256') ?? '' }
      this.uploads.set(meta.get('id') ?? '', upload)
      return this.empty(201, { 'Upload-Offset': String(upload.bytes.length) })
    }
    const upload = this.uploads.get(id)
    if (!upload) return request.method === 'HEAD' ? this.empty(404) : this.error(404, 'not_found')
    if (request.method === 'HEAD') return this.empty(200, { 'Upload-Offset': String(upload.bytes.length) })
    if (Number(request.headers.get('Upload-Offset')) !== upload.bytes.length) return this.error(409, 'offset_mismatch')
    const piece = new Uint8Array(request.body as ArrayBuffer).slice(0, this.cutPhotosAt)
    upload.bytes = new Uint8Array([...upload.bytes, ...piece])
    if (piece.length < (request.body as ArrayBuffer).byteLength) throw new TypeError('cut')
    return this.empty(204, { 'Upload-Offset': String(upload.bytes.length) })
  }

  private time(): { server_at: string; anchor: string } {
    return { server_at: new Date(Date.now() + this.offsetMs).toISOString(), anchor: `anchor-${this.seq}` }
  }

  json(body: unknown, status = 200): Response {
    return new Response(JSON.stringify(body), { status, headers: { ...this.head(), 'Content-Type': 'application/json' } })
  }

  error(status: number, code: string, details: Record<string, unknown> = {}, headers: Record<string, string> = {}): Response {
    const body = JSON.stringify({ error: { code, message: `${code} in words`, details } })
    return new Response(body, { status, headers: { ...this.head(), 'Content-Type': 'application/json', ...headers } })
  }

  private empty(status: number, headers: Record<string, string> = {}): Response {
    return new Response(null, { status, headers: { ...this.head(), ...headers } })
  }

  private head(): Record<string, string> {
    return { 'X-Jiban-Time': new Date(Date.now() + this.offsetMs).toISOString(), 'X-Jiban-Epoch': this.epoch }
  }
}

export const lost: Fault = () => Promise.reject(new TypeError('Failed to fetch'))
export const answerLost: Fault = async (_request, pass) => {
  await pass()
  throw new TypeError('Failed to fetch')
}
export const hanging: Fault = () => new Promise(() => undefined)
export const portal: Fault = () =>
  Promise.resolve(new Response('<html>welcome</html>', { status: 200, headers: { 'Content-Type': 'text/html' } }))
export const portalJson: Fault = () => Promise.resolve(new Response('{"ok":true}', { status: 200 }))
export const portal401: Fault = () => Promise.resolve(new Response('{"error":{"code":"x"}}', { status: 401 }))
export const cutBody: Fault = async (_request, pass) => {
  const answer = await pass()
  return new Response((await answer.text()).slice(0, -7), { status: answer.status, headers: answer.headers })
}
export const twice: Fault = async (_request, pass) => {
  await pass()
  return pass()
}
export const proxy =
  (status: number, headers: Record<string, string> = {}): Fault =>
  () =>
    Promise.resolve(new Response('<html>nginx</html>', { status, headers }))

function content(op: WireOp): string {
  return JSON.stringify([op.name, op.v, op.subject, op.base, op.at, op.args])
}

async function seenOf(input: string, init: RequestInit): Promise<Seen> {
  const headers = new Headers(init.headers)
  const path = input.replace(/^\/api\/v1/, '')
  const method = init.method ?? 'GET'
  const raw = init.body as string | ArrayBuffer | null | undefined
  const bytes = raw == null ? 0 : typeof raw === 'string' ? raw.length : raw.byteLength
  if (path.startsWith('/photos') || raw == null) return { method, path, headers, body: raw, bytes }
  const text =
    headers.get('Content-Encoding') === 'gzip' ? gunzipSync(new Uint8Array(raw as ArrayBuffer)).toString() : (raw as string)
  await Promise.resolve()
  return { method, path, headers, body: JSON.parse(text) as unknown, bytes: text.length }
}
