/** A ladder being edited, and its sentence. Pure. */
import type { LadderRung } from '@/actions/emergencyWire'

type T = (key: string, named?: Record<string, unknown>) => string

export const LADDER_MAX = 8

/** Rungs in the order of their minutes; the first is at once. */
export function tidy(rungs: readonly LadderRung[]): LadderRung[] {
  const sorted = [...rungs].sort((a, b) => a.after_min - b.after_min)
  return sorted.map((rung, index) => (index === 0 ? { ...rung, after_min: 0 } : rung))
}

/** A rung more, five minutes after the last. */
export function withRung(rungs: readonly LadderRung[]): LadderRung[] {
  const last = rungs[rungs.length - 1]
  return [...rungs, { after_min: (last?.after_min ?? -5) + 5, posts: [], informs: [], channels: null }]
}

/** Swaps what two neighbours do; the minutes stay where they are. */
export function moved(rungs: readonly LadderRung[], index: number, by: -1 | 1): LadderRung[] {
  const [here, there] = [rungs[index], rungs[index + by]]
  if (!here || !there) return [...rungs]
  const next = [...rungs]
  next[index] = { ...there, after_min: here.after_min }
  next[index + by] = { ...here, after_min: there.after_min }
  return next
}

/** Why it cannot be saved: no rung, or a rung that alarms nobody, or two at one minute. */
export function faultOf(rungs: readonly LadderRung[]): 'empty' | 'nobody' | 'order' | undefined {
  if (rungs.length === 0) return 'empty'
  if (rungs.some((rung) => rung.posts.length === 0)) return 'nobody'
  const minutes = rungs.map((rung) => rung.after_min)
  return minutes.some((one, index) => index > 0 && one <= (minutes[index - 1] as number)) ? 'order' : undefined
}

/** “5 分钟无人收到 → 再提醒负责人和备勤” */
export function sentence(t: T, rung: LadderRung, before: readonly LadderRung[]): string {
  const name = (post: string) => t(`duty.post.${post}`)
  const posts = rung.posts.map(name).join(t('duty.ladder.and'))
  const again = before.length > 0 && rung.posts.every((post) => before.some((one) => one.posts.includes(post)))
  const first = rung.after_min === 0
  const key = first ? 'first' : again ? 'again' : 'then'
  const told = rung.informs.length > 0 ? t('duty.ladder.informs', { posts: rung.informs.map(name).join(t('duty.ladder.and')) }) : ''
  return t(`duty.ladder.${key}`, { minutes: rung.after_min, posts: posts || t('duty.ladder.nobody') }) + told
}
