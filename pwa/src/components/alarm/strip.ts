/** What the strip at the top shows. Pure. */
import type { AlarmQueue } from '@/domain/alerts'

/**
 * How a page minds alarms itself (`meta.watchesAlarms`). `cards`: it shows every alarm with its 收到. `strip`: its
 * dialogs must not be covered, so what calls this person stands in the strip.
 */
export type Watch = 'cards' | 'strip' | undefined

export function watchOf(meta: Readonly<Record<string, unknown>>): Watch {
  const { watchesAlarms: watch } = meta
  return watch === 'cards' || watch === 'strip' ? watch : undefined
}

/** @param screenMissing the file of the whole screen is not to be had: the strip calls instead */
export function stripOf(queue: AlarmQueue, watch: Watch, screenMissing: boolean, path: string): AlarmQueue {
  const { screen, banner, unsent, taken } = queue
  if (watch === 'cards') return { ...queue, banner: [], taken: [] }
  return {
    screen,
    // The alert's own page says it, too.
    unsent: unsent.filter(({ id }) => path !== `/alerts/${id}`),
    banner: screenMissing || watch === 'strip' ? [...screen, ...banner] : banner,
    // One thing at a time: there is a call to be made.
    taken: unsent.length ? [] : taken,
  }
}
