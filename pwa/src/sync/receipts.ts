/**
 * Tidying the outbox after a pull. The receipts lie in the base since the transaction that brought their rows; the
 * view has left their operations out since then. Here each operation moves to the sent log (or also to 待处理), and
 * its receipt is forgotten some time later. A crash between the two databases repeats this, with the same end.
 */
import { write, type BaseReceipt, type OutboxOp, type OutboxStores, type Outcome, type Problem, type SentOp } from '../local/db'
import type { SyncContext } from './context'
import { confidentialSubjects, erase, ERASED } from './erase'
import { forgetSecret } from './secrets'
import type { PushResult } from './wire'

/** A screen that has just read the outbox still has to find the receipt in the base (local/tickets.ts). */
const READ_MS_MAX = 10_000
const PULLS_WITHOUT_MAX = 2

export async function settle(ctx: SyncContext): Promise<void> {
  const { base } = ctx
  const nowMs = ctx.tap().wallMs
  const receipts = await base.receipts.toArray()
  const fresh = receipts.filter((receipt) => receipt.settledAt === undefined)
  const erased = await confidentialSubjects(ctx, fresh)
  for (const receipt of fresh) await settleOne(ctx, receipt, erased)
  await erase(ctx.outbox, erased)
  if (receipts.length === 0) return
  await base.receipts.bulkPut(fresh.map((receipt) => ({ ...receipt, settledAt: nowMs })))
  const old = receipts.filter(({ settledAt }) => settledAt !== undefined && Math.abs(nowMs - settledAt) > READ_MS_MAX)
  await base.receipts.bulkDelete(old.map((receipt) => receipt.id))
}

/**
 * Operations that the server has answered, but for which complete pulls brought no receipt (a base that was lost in
 * between): their answer is forgotten, so that the next push asks about them again. A known one is answered
 * `duplicate` with its first outcome, which settles it; of an unknown one (the server forgot, a copy of this phone
 * took its number) the push makes a new count.
 */
export async function askAgain(ctx: SyncContext): Promise<void> {
  const settled = await write(ctx.outbox, async (tx) => {
    const late = await tx.ops.filter((op) => op.answer !== undefined).toArray()
    const told: BaseReceipt[] = []
    for (const op of late) {
      const pullsWithout = (op.pullsWithout ?? 0) + 1
      const receipt = pullsWithout > PULLS_WITHOUT_MAX ? answerAsReceipt(op) : undefined
      if (receipt) told.push(receipt)
      if (pullsWithout > PULLS_WITHOUT_MAX && !receipt) delete op.answer
      await tx.ops.put({ ...op, pullsWithout })
    }
    return told
  })
  if (settled.length === 0) return
  const erased = await confidentialSubjects(ctx, settled)
  for (const receipt of settled) await settleOne(ctx, receipt, erased)
}

/** An answer that stands for a receipt, since none will come: of what was known, or known as something else. */
function answerAsReceipt({ id, n, answer }: OutboxOp): BaseReceipt | undefined {
  const known = answer?.outcome === 'duplicate' && answer.first !== undefined
  if (!answer || (!known && answer.code !== 'op_mismatch')) return undefined
  const { at: _at, ...told } = answer
  return { id, n, ...told }
}

async function settleOne(ctx: SyncContext, receipt: BaseReceipt, erased: Set<string>): Promise<void> {
  const { outbox } = ctx
  const settledAt = ctx.tap().wallMs
  await write(outbox, async (tx) => {
    const op = await tx.ops.where('id').equals(receipt.id).first()
    if (!op) return
    const device = String((await tx.meta.get('device'))?.value)
    const kept = op.secret || erased.has(op.subject) ? blank(op) : op
    await conclude(tx, sentOf(kept, receipt, device, settledAt), op.name, settledAt)
    await tx.ops.delete(op.n)
  })
  forgetSecret(receipt.id)
}

/**
 * The restored server's word on sent work. It may have come to another end there, for a copy of this phone may have
 * sent it again before: its author is told as of any other end.
 */
export async function settleAsked(ctx: SyncContext, asked: SentOp[], results: PushResult[]): Promise<void> {
  const atMs = ctx.tap().wallMs
  const told = new Map(results.map((result) => [result.id, result]))
  await write(ctx.outbox, async (tx) => {
    for (const { id } of asked) {
      const [op, result] = [await tx.sent.get(id), told.get(id)]
      if (!op || result?.outcome !== 'duplicate' || !result.first || result.first === op.receipt.outcome) continue
      const { id: _id, n: _n, first, ...rest } = result
      await conclude(tx, { ...op, receipt: { ...rest, outcome: first } }, op.name, atMs)
    }
  })
  await erase(ctx.outbox, await confidentialSubjects(ctx, results))
}

/** Into the sent log; and to its author's notice, by the name it had, what did not simply go well. */
async function conclude(tx: OutboxStores, sent: SentOp, name: string, notedAt: number): Promise<void> {
  const { outcome, code } = sent.receipt
  await tx.sent.put(sent)
  // A 收到 to an alarm that was over by then is on record, and nothing for its author to deal with.
  const recorded = outcome === 'kept' && name === 'alert.ack'
  if (outcome !== 'applied' && name !== 'void' && !recorded) await tx.problems.put(problemOf(sent, notedAt))
  if (outcome === 'refused') {
    const patch = { state: 'failed' as const, code: code ?? 'refused' }
    await tx.photos.where('op').equals(sent.id).modify(patch)
  }
}

/** A duplicate ended as its first coming did. */
function finalOf(receipt: BaseReceipt): Exclude<Outcome, 'duplicate'> {
  return receipt.outcome === 'duplicate' ? (receipt.first ?? 'applied') : receipt.outcome
}

function blank(op: OutboxOp): OutboxOp {
  return { ...op, ...ERASED }
}

function sentOf(op: OutboxOp, receipt: BaseReceipt, device: string, settledAt: number): SentOp {
  const { answer: _answer, pullsWithout: _pulls, secret: _secret, ...rest } = op
  const { id: _id, n: _n, first: _first, settledAt: _settled, ...told } = receipt
  return { ...rest, device, settledAt, receipt: { ...told, outcome: finalOf(receipt) } }
}

function problemOf(sent: SentOp, notedAt: number): Problem {
  const { id, name, subject, label, at, args, receipt } = sent
  const problem: Problem = {
    ...{ id, name, subject, label, at, args },
    kind: receipt.outcome === 'kept' ? 'kept' : 'refused',
    notedAt,
  }
  if (receipt.code !== undefined) problem.code = receipt.code
  if (receipt.message !== undefined) problem.message = receipt.message
  return problem
}
