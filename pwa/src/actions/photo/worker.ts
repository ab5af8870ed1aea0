/** The photo's worker: reads, shrinks, watermarks, encodes and hashes away from the screen's thread. */
import { sha256Of } from '../../lib/sha256'
import type { FromWorker, MadePhoto, ToWorker } from './messages'
import { decode } from './decode'
import { burn, fitted, SIDE_MAX, THUMB_SIDE, turn, type Size } from './paint'
import { factsOf, PhotoError, readPhoto, type ReadPhoto } from './read'

interface Scope {
  addEventListener(type: 'message', listener: (event: MessageEvent<ToWorker>) => void): void
  postMessage(message: FromWorker, given: Transferable[]): void
}
const scope = globalThis as unknown as Scope

scope.addEventListener('message', (event) => {
  const { job } = event.data
  answer(event.data).then(
    (message) => {
      scope.postMessage(message, handedOver(message))
    },
    (error: unknown) => {
      scope.postMessage({ job, error: error instanceof PhotoError ? error.code : 'not_an_image' }, [])
    },
  )
})

async function answer(ask: ToWorker): Promise<FromWorker> {
  const { job } = ask
  if ('hash' in ask) return { job, sha256: await sha256Of(ask.hash) }
  const read = readPhoto(await ask.file.arrayBuffer(), ask.file.type, ask.watermark)
  // Safari before 16.4 draws only on the page.
  if (typeof OffscreenCanvas === 'undefined' || !('convertToBlob' in OffscreenCanvas.prototype)) return { job, draw: read }
  return { job, made: await make(read) }
}

/** Given away rather than copied. */
function handedOver(message: FromWorker): Transferable[] {
  if ('made' in message) return [message.made.data, message.made.thumbData]
  return 'draw' in message ? [message.draw.data.buffer] : []
}

async function make(read: ReadPhoto): Promise<MadePhoto> {
  const { image, stored, close } = await decode(read)
  const size = fitted(stored, read.orientation, SIDE_MAX)
  const { canvas, context } = surface(size)
  context.imageSmoothingQuality = 'medium'
  const drawn = turn(context, size, read.orientation)
  context.drawImage(image, 0, 0, drawn.width, drawn.height)
  close()
  const thumb = shrink(canvas, size)
  burn(context, size, read.lines)
  const [blob, small] = await Promise.all([jpeg(canvas, 0.8), jpeg(thumb, 0.7)])
  const [data, thumbData] = await Promise.all([blob.arrayBuffer(), small.arrayBuffer()])
  return { blob, thumb: small, data, thumbData, sha256: await sha256Of(data), ...size, read: factsOf(read) }
}

function shrink(source: OffscreenCanvas, size: Size): OffscreenCanvas {
  const small = fitted(size, 1, THUMB_SIDE)
  const { canvas, context } = surface(small)
  context.drawImage(source, 0, 0, small.width, small.height)
  return canvas
}

function surface(size: Size): { canvas: OffscreenCanvas; context: OffscreenCanvasRenderingContext2D } {
  // eslint-disable-next-line compat/compat -- `answer` has asked for it
  const canvas = new OffscreenCanvas(size.width, size.height)
  const context = canvas.getContext('2d', { alpha: false })
  if (!context) throw new Error('no canvas')
  return { canvas, context }
}

function jpeg(canvas: OffscreenCanvas, quality: number): Promise<Blob> {
  return canvas.convertToBlob({ type: 'image/jpeg', quality })
}
