/**
 * Tidying the outbox after a pull. The receipts lie in the base since the transaction that brought their rows; the
 * view has left their operations out since then. Here each operation moves to the sent log (or also to 待处理), and
 * its receipt is forgotten some time later. A crash between the two databases repeats this, with the same end.
 */
import { write, type BaseReceipt, type OutboxOp, type Outcome, type Problem, type SentOp } from '../local/db'
import type { SyncContext } from './context'
import { raiseLastN, standing } from './device'
import { confidentialSubjects, erase, ERASED } from './erase'
import { sendBatch } from './push'
import { forgetSecret } from './secrets'

/** A screen that has just read the outbox still has to find the receipt in the base (local/tickets.ts). */
const READ_MS_MAX = 10_000
const PULLS_WITHOUT_MAX = 2
const ASK_AGAIN_MAX = 100

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
 * Operations that the server has, but for which complete pulls brought no receipt (a base that was lost in
 * between): ask about them again. A known id is answered `duplicate` with its first outcome, which settles it;
 * an unknown one shows that the server forgot, and the push sorts that out.
 */
export async function askAgain(ctx: SyncContext): Promise<void> {
  const { outbox } = ctx
  const stand = await standing(outbox)
  const late = await outbox.ops.where('n').belowOrEqual(stand.lastN).limit(ASK_AGAIN_MAX).sortBy('n')
  if (late.length === 0) return
  await outbox.ops
    .where('n')
    .anyOf(late.map((op) => op.n))
    .modify((op) => {
      op.pullsWithout = (op.pullsWithout ?? 0) + 1
    })
  const overdue = late.filter((op) => (op.pullsWithout ?? 0) + 1 > PULLS_WITHOUT_MAX)
  if (overdue.length === 0) return
  await sendBatch(ctx, stand, overdue)
  for (const { n } of overdue) {
    const op = await outbox.ops.get(n)
    const answer = op?.answer
    if (!op || answer?.outcome !== 'duplicate' || !answer.first) continue
    const { first, code, message, details, rev } = answer
    const receipt: BaseReceipt = { id: op.id, n, outcome: 'duplicate', first }
    if (code !== undefined) receipt.code = code
    if (message !== undefined) receipt.message = message
    if (details !== undefined) receipt.details = details
    if (rev !== undefined) receipt.rev = rev
    await settleOne(ctx, receipt, await confidentialSubjects(ctx, [receipt]))
  }
}

async function settleOne(ctx: SyncContext, receipt: BaseReceipt, erased: Set<string>): Promise<void> {
  const { outbox } = ctx
  const settledAt = ctx.tap().wallMs
  await write(outbox, async (tx) => {
    const op = await tx.ops.where('id').equals(receipt.id).first()
    if (!op) return
    await raiseLastN(tx, op.n === receipt.n ? op.n : 0)
    const device = String((await tx.meta.get('device'))?.value)
    const kept = op.secret || erased.has(op.subject) ? blank(op) : op
    await tx.sent.put(sentOf(kept, receipt, device, settledAt))
    const outcome = finalOf(receipt)
    // A 收到 to an alarm that was over by then is on record, and nothing for its author to deal with.
    const recorded = outcome === 'kept' && op.name === 'alert.ack'
    if (outcome !== 'applied' && op.name !== 'void' && !recorded) {
      await tx.problems.put(problemOf(kept, receipt, settledAt))
    }
    if (outcome === 'refused') {
      const patch = { state: 'failed' as const, code: receipt.code ?? 'refused' }
      await tx.photos.where('op').equals(op.id).modify(patch)
    }
    await tx.ops.delete(op.n)
  })
  forgetSecret(receipt.id)
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

function problemOf(op: OutboxOp, receipt: BaseReceipt, notedAt: number): Problem {
  const { id, name, subject, label, at, args } = op
  const problem: Problem = {
    ...{ id, name, subject, label, at, args },
    kind: finalOf(receipt) === 'kept' ? 'kept' : 'refused',
    notedAt,
  }
  if (receipt.code !== undefined) problem.code = receipt.code
  if (receipt.message !== undefined) problem.message = receipt.message
  return problem
}
