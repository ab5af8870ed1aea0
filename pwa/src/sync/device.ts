/**
 * The device's place in the server's count of operations: its id, the epoch it knows, and what to do when the two
 * disagree (SYNC.md "Client rules"). What the server has answered is noted on each operation, not counted here: a
 * copy of this phone may count along. Ids make sending again harmless.
 */
import { uuid7 } from '../lib/ids'
import { getValue, setValue, write, type OutboxDb, type OutboxOp, type OutboxStores, type SentOp } from '../local/db'
import type { SyncContext } from './context'

const UNASKED = 'unasked'

export interface Standing {
  device: string
  epoch: string | null
  unasked?: Unasked
}

/**
 * Numbers (`after` < n ≤ `upTo`) that a restored server has counted: by our work that the backup held, or by that of
 * a copy of this phone that came first. So it is asked whether it knows what we had sent under them.
 */
interface Unasked {
  after: number
  upTo: number
}

/** The device id is made with the first use of the outbox, and with it the count starts. */
export async function standing(outbox: OutboxDb): Promise<Standing> {
  return write(outbox, async (tx) => {
    let device = await getValue<string>(tx.meta, 'device')
    if (device === undefined) {
      device = uuid7()
      await setValue(tx.meta, 'device', device)
    }
    const epoch = (await getValue<string>(tx.meta, 'epoch')) ?? null
    const unasked = await getValue<Unasked>(tx.meta, UNASKED)
    return { device, epoch, ...(unasked ? { unasked } : {}) }
  })
}

/** The first answer tells the epoch; a later change comes only through `adoptEpoch`. */
export async function learnEpoch(outbox: OutboxDb, epoch: string): Promise<void> {
  await write(outbox, async (tx) => {
    if ((await getValue<string>(tx.meta, 'epoch')) === undefined) await setValue(tx.meta, 'epoch', epoch)
  })
}

/**
 * The server was restored from a backup: take its epoch and send again everything after its `last_n`, from the
 * outbox and from the sent log; what was sent under numbers up to there is asked about first (`Unasked`). What was
 * sent under an earlier device id of this phone goes again too, under new numbers: nobody knows how much of it the
 * server forgot.
 */
export async function adoptEpoch(ctx: SyncContext, epoch: string, lastN: number): Promise<void> {
  const { outbox } = ctx
  await write(outbox, async (tx) => {
    const device = await getValue<string>(tx.meta, 'device')
    const sent = (await tx.sent.toArray()).sort(bySending)
    await setValue(tx.meta, 'epoch', epoch)
    await setValue(tx.meta, UNASKED, { after: 0, upTo: lastN })
    await forgetAnswers(tx, 0)
    await putBack(tx, sent.filter((op) => op.device === device && op.n > lastN))
    const older = sent.filter((op) => op.device !== device && op.name !== 'void')
    let n = Math.max((await getValue<number>(tx.meta, 'n')) ?? 0, lastN)
    await putBack(tx, older.map((op) => ({ ...op, n: (n += 1) })))
    await setValue(tx.meta, 'n', n)
    await tx.photos.where('state').equals('done').modify({ state: 'waiting', tries: 0, nextTryAt: 0 })
    await healHole(tx, lastN)
  })
}

/** `409 gap`: go on from `expectedN` if that is still here in one piece, else start a new count. */
export async function fillGap(ctx: SyncContext, expectedN: number): Promise<void> {
  const { outbox } = ctx
  await write(outbox, async (tx) => {
    const device = await getValue<string>(tx.meta, 'device')
    const sent = await tx.sent.filter((op) => op.device === device && op.n >= expectedN).toArray()
    await putBack(tx, sent)
    await forgetAnswers(tx, expectedN - 1)
    await healHole(tx, expectedN - 1)
  })
}

/** `device_forked`, `device_taken`, or a hole that nothing fills: a new device id, and a count from 1. */
export function renumber(outbox: OutboxDb): Promise<void> {
  return write(outbox, countAnew)
}

async function countAnew(tx: OutboxStores): Promise<void> {
  const device = (await getValue<string>(tx.meta, 'device')) ?? ''
  const unasked = await getValue<Unasked>(tx.meta, UNASKED)
  // Under these numbers the server has a copy's work, and nobody can say which of ours it has.
  const doubtful = unasked ? await sentWithin(tx, device, unasked) : []
  await tx.sent.bulkDelete(doubtful.map((op) => op.id))
  const ops = [...doubtful.map(outOfSent), ...(await tx.ops.toArray())].sort((a, b) => a.n - b.n)
  await tx.ops.clear()
  // A void only held a place in the old count.
  const kept = ops.filter((op) => op.name !== 'void' || op.secret)
  await tx.ops.bulkAdd(kept.map((op, place) => unanswered({ ...op, n: place + 1 })))
  await setValue(tx.meta, 'device', uuid7())
  await setValue(tx.meta, 'n', kept.length)
  await tx.meta.delete(UNASKED)
}

/** The next sent work to ask the restored server about, in the order of its numbers. */
export async function nextUnasked(outbox: OutboxDb, { device, unasked }: Standing): Promise<SentOp[]> {
  return unasked ? sentWithin(outbox, device, unasked) : []
}

/** Everything up to `n` has been asked about; null: there was nothing left. Inside the caller's transaction. */
export async function noteAsked(tx: OutboxStores, { device, epoch }: Standing, n: number | null): Promise<void> {
  const unasked = await getValue<Unasked>(tx.meta, UNASKED)
  // Another tab may have learnt of yet another epoch, or become another device.
  const same = (await getValue(tx.meta, 'device')) === device && ((await getValue(tx.meta, 'epoch')) ?? null) === epoch
  if (!unasked || !same) return
  if (n === null) await tx.meta.delete(UNASKED)
  else if (n > unasked.after) await setValue(tx.meta, UNASKED, { ...unasked, after: n })
}

/** What was refused has been told and is not sent again; a void says nothing. */
async function sentWithin(tx: OutboxStores, device: string, { after, upTo }: Unasked): Promise<SentOp[]> {
  const own = await tx.sent.where('n').between(after, upTo, false, true).sortBy('n')
  return own.filter((op) => op.device === device && op.name !== 'void' && op.receipt.outcome !== 'refused')
}

/** Give an operation's place in the count to nothing, so that the next one can pass. */
export async function voidOp(tx: OutboxStores, op: OutboxOp, code: string, id: string = uuid7()): Promise<void> {
  const { n, subject, at, storedAt } = op
  await tx.ops.put({ id, n, name: 'void', v: 1, subject, base: null, at, args: { code }, storedAt, label: {} })
}

async function healHole(tx: OutboxStores, lastN: number): Promise<void> {
  const waiting = await tx.ops.where('n').above(lastN).primaryKeys()
  const highest = (await getValue<number>(tx.meta, 'n')) ?? 0
  const whole = waiting.length === Math.max(0, highest - lastN) && waiting.every((n, place) => n === lastN + 1 + place)
  if (!whole || highest < lastN) await countAnew(tx)
}

async function putBack(tx: OutboxStores, sent: SentOp[]): Promise<void> {
  for (const one of sent) {
    const op = outOfSent(one)
    // What was refused has been told to its author, who may have acted on it: it keeps its number and says nothing.
    if (one.receipt.outcome === 'refused') await voidOp(tx, op, 'refused_before')
    else await tx.ops.put(op)
  }
  await tx.sent.bulkDelete(sent.map((op) => op.id))
}

function outOfSent({ device: _device, settledAt: _settledAt, receipt: _receipt, ...op }: SentOp): OutboxOp {
  return op
}

async function forgetAnswers(tx: OutboxStores, afterN: number): Promise<void> {
  await tx.ops
    .where('n')
    .above(afterN)
    .modify((op) => {
      delete op.answer
      delete op.pullsWithout
    })
}

function unanswered(op: OutboxOp): OutboxOp {
  const { answer: _answer, pullsWithout: _pulls, ...rest } = op
  return rest
}

function bySending(a: SentOp, b: SentOp): number {
  return a.settledAt - b.settledAt || a.n - b.n
}
