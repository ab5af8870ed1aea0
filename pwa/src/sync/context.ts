/** What every step of a sync works on. */
import { tapNow, type Sample, type Tap } from '../lib/clock'
import { getValue, setValue, type BaseDb, type OutboxDb, type SyncStatus, write } from '../local/db'
import type { Transport } from './transport'

export interface SyncContext {
  user: string
  base: BaseDb
  outbox: OutboxDb
  net: Transport
  /** The device's clocks. */
  tap: () => Tap
  /** 0 ≤ x < 1, for jitter. */
  random: () => number
}

export function contextOf(base: BaseDb, outbox: OutboxDb, net: Transport): SyncContext {
  return { user: base.user, base, outbox, net, tap: tapNow, random: Math.random }
}

/** Change some of the status that screens read. */
export async function report(ctx: SyncContext, patch: Partial<SyncStatus>): Promise<void> {
  const { base } = ctx
  await write(base, async (tx) => {
    const before = (await getValue<SyncStatus>(tx.meta, 'status')) ?? { online: false }
    await setValue(tx.meta, 'status', { ...before, ...patch })
  })
}

export function readSample(ctx: SyncContext): Promise<Sample | undefined> {
  return getValue<Sample>(ctx.base.meta, 'sample')
}
