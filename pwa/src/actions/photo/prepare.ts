/** From a picture as taken to a picture as sent: read, shrunk to 1920 px, watermarked, hashed. */
import { uuid7 } from '../../lib/ids'
import type { FromWorker, MadePhoto, ToWorker } from './messages'
import { makeOnPage } from './onPage'
import { PhotoError, type WatermarkText } from './read'

export { PhotoError } from './read'

export interface Prepared {
  id: string
  sha256: string
  bytes: number
  width: number
  height: number
  taken_at: string
  lat?: number
  lng?: number
  blob: Blob
  thumb: Blob
  data: ArrayBuffer
  thumbData: ArrayBuffer
}

/** One picture at a time: two decoded at once are too much for an old phone. */
let queue: Promise<unknown> = Promise.resolve()

/** Throws `PhotoError` (`not_an_image`, `too_many_pixels`). */
export function prepare(file: Blob, watermark: WatermarkText): Promise<Prepared> {
  const turn = queue.then(() => make(file, watermark))
  queue = turn.catch(() => undefined)
  return turn.then(preparedOf)
}

async function make(file: Blob, watermark: WatermarkText): Promise<MadePhoto> {
  const answer = await askWorker({ file, watermark })
  if ('made' in answer) return answer.made
  if ('draw' in answer) return makeOnPage(answer.draw, hashInWorker)
  throw new PhotoError('error' in answer ? answer.error : 'not_an_image')
}

async function hashInWorker(hash: ArrayBuffer): Promise<string> {
  const answer = await askWorker({ hash })
  if ('sha256' in answer) return answer.sha256
  throw new PhotoError('not_an_image')
}

function preparedOf(made: MadePhoto): Prepared {
  const { blob, thumb, data, thumbData, sha256, width, height, read } = made
  const { takenAtMs, lat, lng } = read
  const taken_at = new Date(takenAtMs).toISOString()
  const facts = { id: uuid7(), sha256, bytes: blob.size, width, height, taken_at, blob, thumb, data, thumbData }
  return lat === undefined || lng === undefined ? facts : { ...facts, lat, lng }
}

type Question = ToWorker extends infer Ask ? (Ask extends { job: number } ? Omit<Ask, 'job'> : never) : never

let worker: Worker | undefined
let jobs = 0
const waiting = new Map<number, { resolve: (answer: FromWorker) => void; reject: (error: unknown) => void }>()

function askWorker(question: Question): Promise<FromWorker> {
  worker = worker ?? start()
  const job = (jobs += 1)
  const answered = new Promise<FromWorker>((resolve, reject) => {
    waiting.set(job, { resolve, reject })
  })
  worker.postMessage({ ...question, job })
  return answered
}

function start(): Worker {
  const made = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  made.addEventListener('message', (event: MessageEvent<FromWorker>) => {
    waiting.get(event.data.job)?.resolve(event.data)
    waiting.delete(event.data.job)
  })
  made.addEventListener('error', (event) => {
    // Out of memory, most likely. The next picture gets a new worker.
    for (const { reject } of waiting.values()) reject(new PhotoError('not_an_image'))
    waiting.clear()
    if (worker === made) worker = undefined
    made.terminate()
    console.error('the photo worker died', event.message)
  })
  return made
}
