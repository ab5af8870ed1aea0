/**
 * Drawing on the page, for engines whose workers have no canvas (Safari before 16.4). Decoding and encoding are
 * asynchronous there too; the scaling in between is done in bands, so that no task holds the screen for long.
 */
import type { MadePhoto } from './messages'
import { burn, fitted, SIDE_MAX, THUMB_SIDE, turn, type Size } from './paint'
import { factsOf, PhotoError, type ReadPhoto } from './read'

const BANDS = 12

type Picture = ImageBitmap | HTMLImageElement

export async function makeOnPage(read: ReadPhoto, hash: (bytes: ArrayBuffer) => Promise<string>): Promise<MadePhoto> {
  const { picture, stored, release } = await decode(new Blob([read.data], { type: read.type }))
  const size = fitted(stored, read.orientation, SIDE_MAX)
  const { canvas, context } = surface(size)
  const drawn = turn(context, size, read.orientation)
  for (let band = 0; band < BANDS; band += 1) {
    const top = Math.floor((drawn.height * band) / BANDS)
    const bottom = Math.floor((drawn.height * (band + 1)) / BANDS)
    context.save()
    context.beginPath()
    context.rect(0, top, drawn.width, bottom - top)
    context.clip()
    context.drawImage(picture, 0, 0, drawn.width, drawn.height)
    context.restore()
    await breath()
  }
  release()
  const small = fitted(size, 1, THUMB_SIDE)
  const thumb = surface(small)
  thumb.context.drawImage(canvas, 0, 0, small.width, small.height)
  burn(context, size, read.lines)
  const blob = await jpeg(canvas, 0.8)
  const thumbBlob = await jpeg(thumb.canvas, 0.7)
  const [data, thumbData] = await Promise.all([blob.arrayBuffer(), thumbBlob.arrayBuffer()])
  return { blob, thumb: thumbBlob, data, thumbData, sha256: await hash(data), ...size, read: factsOf(read) }
}

async function decode(blob: Blob): Promise<{ picture: Picture; stored: Size; release: () => void }> {
  try {
    const bitmap = await createImageBitmap(blob)
    return {
      picture: bitmap,
      stored: bitmap,
      release: () => {
        bitmap.close()
      },
    }
  } catch {
    const url = URL.createObjectURL(blob)
    const image = new Image()
    image.src = url
    try {
      await image.decode()
    } catch {
      URL.revokeObjectURL(url)
      throw new PhotoError('not_an_image')
    }
    const stored = { width: image.naturalWidth, height: image.naturalHeight }
    return {
      picture: image,
      stored,
      release: () => {
        URL.revokeObjectURL(url)
      },
    }
  }
}

function surface(size: Size): { canvas: HTMLCanvasElement; context: CanvasRenderingContext2D } {
  const canvas = document.createElement('canvas')
  canvas.width = size.width
  canvas.height = size.height
  const context = canvas.getContext('2d', { alpha: false })
  if (!context) throw new PhotoError('not_an_image')
  return { canvas, context }
}

function jpeg(canvas: HTMLCanvasElement, quality: number): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => {
        if (blob) resolve(blob)
        else reject(new PhotoError('not_an_image'))
      },
      'image/jpeg',
      quality,
    )
  })
}

function breath(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}
