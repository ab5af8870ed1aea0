/** Send what the server has not seen: in order, in bounded batches, until nothing is left or somebody says no. */
import { rfc3339, hasStepped, type Sample } from '../lib/clock'
import { type OutboxStores, type OutboxOp, type SentOp, type WireOp, write } from '../local/db'
import { learn } from './answer'
import { readSample, report, type SyncContext } from './context'
import { adoptEpoch, fillGap, nextUnasked, noteAsked, renumber, standing, voidOp, type Standing } from './device'
import { settleAsked } from './receipts'
import { readSecret } from './secrets'
import { Failure } from './transport'
import { BODY_BYTES_MAX, isPushAnswer, OPS_MAX, SCHEMA, type PushAnswer, type PushRequest, type PushResult } from './wire'

const CONFLICTS_MAX = 5
const FRESH_SAMPLE_MS = 10 * 60_000
const LIMIT_MS = 30_000

export interface Pushed {
  /** Operations the server answered in this round. */
  sent: number
}

/**
 * @param probe ask even with nothing to send: the answer tells whether the server is still the one we know
 * Throws `Failure` when the round cannot go on; what was answered before is recorded.
 */
export async function push(ctx: SyncContext, probe = false): Promise<Pushed> {
  let most = OPS_MAX
  let sent = 0
  let conflicts = 0
  let ask = probe
  for (;;) {
    const stand = await standing(ctx.outbox)
    const batch = await nextBatch(ctx, stand, most)
    if (batch.ops.length === 0 && !ask) return { sent }
    try {
      sent += await batch.send()
      ask = false
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      if (error.status === 413 && batch.ops.length > 1) {
        most = Math.ceil(batch.ops.length / 2)
      } else if (error.status === 413 && error.kind === 'server' && batch.ops.length === 1) {
        await batch.giveUp()
        most = OPS_MAX
      } else {
        conflicts += 1
        if (conflicts > CONFLICTS_MAX || !(await reconcile(ctx, error))) throw error
      }
    }
  }
}

/** Operations that the server has not answered. */
export function countUnsent(ctx: SyncContext): Promise<number> {
  return ctx.outbox.ops.filter(isUnsent).count()
}

function isUnsent(op: OutboxOp): boolean {
  return op.answer === undefined
}

/** The server and we disagree about the count: false when that cannot be settled here. */
async function reconcile(ctx: SyncContext, failure: Failure): Promise<boolean> {
  const { code, details, status } = failure
  if (status !== 409) return false
  if (code === 'epoch' && typeof details.epoch === 'string' && Number.isInteger(details.last_n)) {
    await adoptEpoch(ctx, details.epoch, details.last_n as number)
  } else if (code === 'gap' && Number.isInteger(details.expected_n)) {
    await fillGap(ctx, details.expected_n as number)
  } else if (code === 'device_forked' || code === 'device_taken') {
    await renumber(ctx.outbox)
  } else {
    return false
  }
  return true
}

interface Batch {
  ops: (OutboxOp | SentOp)[]
  /** How many of the outbox were sent. Throws `Failure`. */
  send: () => Promise<number>
  /** The only operation of it is too large. */
  giveUp: () => Promise<void>
}

/** First what a restored server has to be asked about, so that what it forgot goes before what was done after it. */
async function nextBatch(ctx: SyncContext, stand: Standing, most: number): Promise<Batch> {
  if (stand.unasked) {
    const asked = bounded(await nextUnasked(ctx.outbox, stand), most)
    const upTo = asked[asked.length - 1]?.n ?? null
    const note = (): Promise<void> => write(ctx.outbox, (tx) => noteAsked(tx, stand, upTo))
    if (upTo !== null) return { ops: asked, send: () => askAbout(ctx, stand, asked).then(note).then(() => 0), giveUp: note }
    await note()
  }
  const ops = bounded(await ctx.outbox.ops.orderBy('n').filter(isUnsent).limit(most).toArray(), most)
  const [first] = ops
  return {
    ops,
    send: () => sendBatch(ctx, stand, ops).then(() => ops.length),
    giveUp: () => (first ? giveUpTooLarge(ctx, first) : Promise.resolve()),
  }
}

/** As many as fit into one request. */
function bounded<Op extends WireOp>(ops: Op[], most: number): Op[] {
  const batch: Op[] = []
  let bytes = 0
  for (const op of ops.slice(0, most)) {
    // At worst each character takes three bytes.
    bytes += JSON.stringify(op.args).length * 3 + 600
    if (batch.length > 0 && bytes > BODY_BYTES_MAX) break
    batch.push(op)
  }
  return batch
}

/** Does the server know these? What it does not know it answers `device_forked`, since it has counted their numbers. */
async function askAbout(ctx: SyncContext, stand: Standing, asked: SentOp[]): Promise<void> {
  const { results } = await post(ctx, stand, asked)
  await settleAsked(ctx, asked, results)
}

async function sendBatch(ctx: SyncContext, stand: Standing, batch: OutboxOp[]): Promise<void> {
  const first = batch[0]
  const last = batch[batch.length - 1]
  if (first && last) await report(ctx, { pushing: { from: first.n, to: last.n } })
  try {
    await record(ctx, batch, await post(ctx, stand, batch))
  } finally {
    if (first) await report(ctx, { pushing: undefined })
  }
}

async function post(ctx: SyncContext, stand: Standing, ops: (OutboxOp | SentOp)[]): Promise<PushAnswer> {
  const request: PushRequest = {
    user: ctx.user,
    device: stand.device,
    epoch: stand.epoch,
    schema: SCHEMA,
    ...(await clockNow(ctx)),
    ops: ops.map(wireOf),
  }
  const answer = await ctx.net.ask({ method: 'POST', path: '/sync/push', json: request, limitMs: LIMIT_MS })
  if (!isPushAnswer(answer.body)) throw new Failure('offline', answer.status, 'not_ours', '')
  await learn(ctx, answer, answer.body.time)
  return answer.body
}

/** `sent_at`, and the offset only while the sample still speaks of this clock. */
async function clockNow(
  ctx: SyncContext,
): Promise<Pick<PushRequest, 'sent_at' | 'offset_ms' | 'offset_uncertainty_ms'>> {
  const tap = ctx.tap()
  const sample: Sample | undefined = await readSample(ctx)
  const fresh =
    sample?.origin === tap.origin && tap.monoMs - sample.monoMs < FRESH_SAMPLE_MS && !hasStepped(sample, tap)
  return {
    sent_at: rfc3339(tap.wallMs),
    offset_ms: fresh && sample ? Math.round(sample.offsetMs) : null,
    offset_uncertainty_ms: fresh && sample ? Math.ceil(sample.uncertaintyMs) : null,
  }
}

function wireOf(op: OutboxOp | SentOp): WireOp {
  const { id, n, name, v, subject, base, at, clock, args } = op
  if ('secret' in op && op.secret) {
    const content = readSecret(id)
    return content ? { id, n, ...content } : { id, n, name: 'void', v: 1, subject, base: null, at, args: { code: 'forgotten' } }
  }
  return { id, n, name, v, subject, base, at, ...(clock ? { clock } : {}), args }
}

async function record(ctx: SyncContext, batch: OutboxOp[], answer: PushAnswer): Promise<void> {
  const { outbox } = ctx
  const at = ctx.tap().wallMs
  const results = new Map(answer.results.map((result) => [result.id, result]))
  // An answer that says nothing of what was sent is not one: sending the same again at once would go on for ever.
  if (batch.length > 0 && !batch.some(({ id }) => results.has(id))) throw new Failure('offline', 200, 'not_ours', '')
  await write(outbox, async (tx) => {
    for (const sent of batch) {
      const result = results.get(sent.id)
      const op = await tx.ops.get(sent.n)
      if (!result || op?.id !== sent.id) continue
      // A mismatch consumes no number: unless the server has this one already, nothing must stand there.
      if (result.code === 'op_mismatch' && answer.last_n < op.n) await giveUp(tx, op, result, at)
      else await tx.ops.put({ ...op, answer: { ...answerOf(result), at } })
    }
  })
}

function answerOf(result: PushResult): Omit<PushResult, 'id' | 'n'> {
  const { id: _id, n: _n, ...rest } = result
  return rest
}

async function giveUpTooLarge(ctx: SyncContext, op: OutboxOp): Promise<void> {
  const { outbox } = ctx
  await write(outbox, (tx) => giveUp(tx, op, { code: 'too_large' }, ctx.tap().wallMs),
  )
}

/** What cannot go up keeps its text in 待处理 and leaves its number to nothing. Inside the caller's transaction. */
async function giveUp(tx: OutboxStores, op: OutboxOp, told: { code?: string; message?: string }, at: number): Promise<void> {
  const { id, name, subject, label, args } = op
  const { code = 'refused', message } = told
  if (name !== 'void') {
    await tx.problems.put({
      ...{ id, name, subject, label, at: op.at, args, code },
      ...(message === undefined ? {} : { message }),
      kind: code === 'too_large' ? 'too_large' : 'refused',
      notedAt: at,
    })
  }
  await tx.photos.where('op').equals(id).modify({ state: 'failed', code })
  await voidOp(tx, op, code)
}
