/**
 * The device's place in the server's count of operations: its id, the epoch it knows, the highest `n` the server
 * has (`lastN`), and what to do when the two disagree (SYNC.md "Client rules"). Ids make sending again harmless.
 */
import { uuid7 } from '../lib/ids'
import { getValue, setValue, write, type OutboxDb, type OutboxOp, type OutboxStores, type SentOp } from '../local/db'
import type { SyncContext } from './context'

export interface Standing {
  device: string
  epoch: string | null
  lastN: number
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
    const lastN = (await getValue<number>(tx.meta, 'lastN')) ?? 0
    return { device, epoch, lastN }
  })
}

/** The first answer tells the epoch; a later change comes only through `adoptEpoch`. */
export async function learnEpoch(outbox: OutboxDb, epoch: string): Promise<void> {
  await write(outbox, async (tx) => {
    if ((await getValue<string>(tx.meta, 'epoch')) === undefined) await setValue(tx.meta, 'epoch', epoch)
  })
}

/** Within an epoch the count never goes back (I5). */
export async function raiseLastN(tx: OutboxStores, n: number): Promise<void> {
  const before = (await getValue<number>(tx.meta, 'lastN')) ?? 0
  if (n > before) await setValue(tx.meta, 'lastN', n)
}

/**
 * The server was restored from a backup: take its epoch and send again everything after its `last_n`, from the
 * outbox and from the sent log. What was sent under an earlier device id of this phone goes again too, under new
 * numbers: nobody knows how much of it the server forgot.
 */
export async function adoptEpoch(ctx: SyncContext, epoch: string, lastN: number): Promise<void> {
  const { outbox } = ctx
  await write(outbox, async (tx) => {
    const device = await getValue<string>(tx.meta, 'device')
    const sent = (await tx.sent.toArray()).sort(bySending)
    await setValue(tx.meta, 'epoch', epoch)
    await setValue(tx.meta, 'lastN', lastN)
    await forgetAnswers(tx, lastN)
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
    await setValue(tx.meta, 'lastN', expectedN - 1)
    await forgetAnswers(tx, expectedN - 1)
    await healHole(tx, expectedN - 1)
  })
}

/** `device_forked`, `device_taken`, or a hole that nothing fills: a new device id, and a count from 1. */
export function renumber(outbox: OutboxDb): Promise<void> {
  return write(outbox, countAnew)
}

async function countAnew(tx: OutboxStores): Promise<void> {
  const ops = await tx.ops.orderBy('n').toArray()
  await tx.ops.clear()
  // A void only held a place in the old count.
  const kept = ops.filter((op) => op.name !== 'void' || op.secret)
  await tx.ops.bulkAdd(kept.map((op, place) => unanswered({ ...op, n: place + 1 })))
  await setValue(tx.meta, 'device', uuid7())
  await setValue(tx.meta, 'n', kept.length)
  await setValue(tx.meta, 'lastN', 0)
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
  for (const { device: _device, settledAt: _settledAt, receipt, ...op } of sent) {
    // What was refused has been told to its author, who may have acted on it: it keeps its number and says nothing.
    if (receipt.outcome === 'refused') await voidOp(tx, op, 'refused_before')
    else await tx.ops.put(op)
  }
  await tx.sent.bulkDelete(sent.map((op) => op.id))
}

async function forgetAnswers(tx: OutboxStores, lastN: number): Promise<void> {
  await tx.ops
    .where('n')
    .above(lastN)
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
