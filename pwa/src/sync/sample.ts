/** The latest comparison with the server's clock, kept at hand: a tap is not to wait for the disk to hear of it. */
import { liveQuery } from 'dexie'
import type { Sample } from '../lib/clock'
import { getValue, openBase } from '../local/db'

const known = new Map<string, Sample | undefined>()

function read(user: string): Promise<Sample | undefined> {
  return getValue<Sample>(openBase(user).meta, 'sample')
}

/** Follow what any tab or the worker learns. Returns the way to stop. */
export function followSample(user: string, told: (sample: Sample | undefined) => void): () => void {
  const running = liveQuery(() => read(user)).subscribe((sample) => {
    known.set(user, sample)
    told(sample)
  })
  return () => {
    running.unsubscribe()
    known.delete(user)
  }
}

/** From memory where it is followed, else from the base. */
export async function latestSample(user: string): Promise<Sample | undefined> {
  return known.has(user) ? known.get(user) : read(user)
}
