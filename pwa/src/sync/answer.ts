/** What every `/sync/*` answer tells besides its content: the time, the epoch, that we were heard. */
import { betterSample, sampleOf } from '../lib/clock'
import { setValue, write } from '../local/db'
import { readSample, type SyncContext } from './context'
import { learnEpoch } from './device'
import type { Answer } from './transport'
import type { ServerTime } from './wire'

export async function learn(ctx: SyncContext, answer: Answer, time: ServerTime): Promise<void> {
  await learnEpoch(ctx.outbox, answer.epoch)
  const fresh = sampleOf(time, answer.before, answer.after)
  if (!fresh) return
  const { base } = ctx
  await write(base, async (tx) => {
    const old = await readSample(ctx)
    const better = betterSample(old, fresh)
    if (better !== old) await setValue(tx.meta, 'sample', better)
  })
}
