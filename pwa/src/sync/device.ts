/**
 * The device's place in the server's count of operations: its id, the epoch it knows, the highest `n` the server
 * has (`lastN`), and what to do when the two disagree (SYNC.md "Client rules"). Ids make sending again harmless.
 */
import { uuid7 } from '../lib/ids'
import { getValue, setValue, type OutboxDb, type OutboxOp, type SentOp } from '../local/db'
import type { SyncContext } from './context'

export interface Standing {
  device: string
  epoch: string | null
  lastN: number
}

/** The device id is made with the first use of the outbox, and with it the count starts. */
export async function standing(outbox: OutboxDb): Promise<Standing> {
  return outbox.transaction('rw', outbox.meta, async () => {
    let device = await getValue<string>(outbox.meta, 'device')
    if (device === undefined) {
      device = uuid7()
      await setValue(outbox.meta, 'device', device)
    }
    const epoch = (await getValue<string>(outbox.meta, 'epoch')) ?? null
    const lastN = (await getValue<number>(outbox.meta, 'lastN')) ?? 0
    return { device, epoch, lastN }
  })
}

/** The first answer tells the epoch; a later change comes only through `adoptEpoch`. */
export async function learnEpoch(outbox: OutboxDb, epoch: string): Promise<void> {
  await outbox.transaction('rw', outbox.meta, async () => {
    if ((await getValue<string>(outbox.meta, 'epoch')) === undefined) await setValue(outbox.meta, 'epoch', epoch)
  })
}

/** Within an epoch the count never goes back (I5). */
export async function raiseLastN(outbox: OutboxDb, n: number): Promise<void> {
  const before = (await getValue<number>(outbox.meta, 'lastN')) ?? 0
  if (n > before) await setValue(outbox.meta, 'lastN', n)
}

/**
 * The server was restored from a backup: take its epoch and send again everything after its `last_n`, from the
 * outbox and from the sent log. What was sent under an earlier device id of this phone goes again too, under new
 * numbers: nobody knows how much of it the server forgot.
 */
export async function adoptEpoch(ctx: SyncContext, epoch: string, lastN: number): Promise<void> {
  const { outbox } = ctx
  await outbox.transaction('rw', outbox.tables, async () => {
    const device = await getValue<string>(outbox.meta, 'device')
    const sent = (await outbox.sent.toArray()).sort(bySending)
    await setValue(outbox.meta, 'epoch', epoch)
    await setValue(outbox.meta, 'lastN', lastN)
    await forgetAnswers(outbox, lastN)
    await putBack(outbox, sent.filter((op) => op.device === device && op.n > lastN))
    const older = sent.filter((op) => op.device !== device && op.name !== 'void')
    let n = Math.max((await getValue<number>(outbox.meta, 'n')) ?? 0, lastN)
    await putBack(outbox, older.map((op) => ({ ...op, n: (n += 1) })))
    await setValue(outbox.meta, 'n', n)
    await outbox.photos.where('state').equals('done').modify({ state: 'waiting', tries: 0, nextTryAt: 0 })
    await healHole(outbox, lastN)
  })
}

/** `409 gap`: go on from `expectedN` if that is still here in one piece, else start a new count. */
export async function fillGap(ctx: SyncContext, expectedN: number): Promise<void> {
  const { outbox } = ctx
  await outbox.transaction('rw', outbox.tables, async () => {
    const device = await getValue<string>(outbox.meta, 'device')
    const sent = await outbox.sent.filter((op) => op.device === device && op.n >= expectedN).toArray()
    await putBack(outbox, sent)
    await setValue(outbox.meta, 'lastN', expectedN - 1)
    await forgetAnswers(outbox, expectedN - 1)
    await healHole(outbox, expectedN - 1)
  })
}

/** `device_forked`, `device_taken`, or a hole that nothing fills: a new device id, and a count from 1. */
export async function renumber(outbox: OutboxDb): Promise<void> {
  await outbox.transaction('rw', outbox.tables, async () => {
    const ops = await outbox.ops.orderBy('n').toArray()
    await outbox.ops.clear()
    // A void only held a place in the old count.
    const kept = ops.filter((op) => op.name !== 'void' || op.secret)
    await outbox.ops.bulkAdd(kept.map((op, place) => unanswered({ ...op, n: place + 1 })))
    await setValue(outbox.meta, 'device', uuid7())
    await setValue(outbox.meta, 'n', kept.length)
    await setValue(outbox.meta, 'lastN', 0)
  })
}

/** Give an operation's place in the count to nothing, so that the next one can pass. */
export async function voidOp(outbox: OutboxDb, op: OutboxOp, code: string, id: string = uuid7()): Promise<void> {
  const { n, subject, at, storedAt } = op
  await outbox.ops.put({ id, n, name: 'void', v: 1, subject, base: null, at, args: { code }, storedAt, label: {} })
}

async function healHole(outbox: OutboxDb, lastN: number): Promise<void> {
  const waiting = await outbox.ops.where('n').above(lastN).primaryKeys()
  const highest = (await getValue<number>(outbox.meta, 'n')) ?? 0
  const whole = waiting.length === Math.max(0, highest - lastN) && waiting.every((n, place) => n === lastN + 1 + place)
  if (!whole || highest < lastN) await renumber(outbox)
}

async function putBack(outbox: OutboxDb, sent: SentOp[]): Promise<void> {
  for (const { device: _device, settledAt: _settledAt, receipt, ...op } of sent) {
    // What was refused has been told to its author, who may have acted on it: it keeps its number and says nothing.
    if (receipt.outcome === 'refused') await voidOp(outbox, op, 'refused_before')
    else await outbox.ops.put(op)
  }
  await outbox.sent.bulkDelete(sent.map((op) => op.id))
}

async function forgetAnswers(outbox: OutboxDb, lastN: number): Promise<void> {
  await outbox.ops
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
