/**
 * Decoding in the worker, no larger than needed: a JPEG can be decoded at eighths of its size, for a part of the time
 * and of the memory. Only `ImageDecoder` (Chromium) offers that; elsewhere the whole picture is decoded.
 */
import { fitted, SIDE_MAX, type Size } from './paint'
import type { ReadPhoto } from './read'

/** A picture to draw from; `close` gives its memory back. */
export interface Decoded {
  image: CanvasImageSource
  /** As stored: upright only after turning, before any shrinking. */
  stored: Size
  close: () => void
}

const EIGHTHS = 8

/** The smallest size in eighths that is not below what will be drawn; undefined when only the whole picture will do. */
export function decodeSize(stored: Size): Size | undefined {
  const drawn = fitted(stored, 1, SIDE_MAX)
  for (let part = 1; part < EIGHTHS; part += 1) {
    const width = Math.ceil((stored.width * part) / EIGHTHS)
    const height = Math.ceil((stored.height * part) / EIGHTHS)
    if (width >= drawn.width && height >= drawn.height) return { width, height }
  }
  return undefined
}

/** Throws what the engine throws for a file that is no picture. */
export async function decode(read: ReadPhoto): Promise<Decoded> {
  return (await decodeSmall(read)) ?? decodeWhole(new Blob([read.data], { type: read.type }))
}

async function decodeSmall({ data, type, stored }: ReadPhoto): Promise<Decoded | undefined> {
  const { ImageDecoder: Decoder } = globalThis as { ImageDecoder?: typeof ImageDecoder }
  const size = stored && decodeSize(stored)
  if (!Decoder || !stored || !size) return undefined
  const decoder = new Decoder({ data, type, desiredWidth: size.width, desiredHeight: size.height })
  try {
    const { image } = await decoder.decode()
    const close = (): void => {
      image.close()
    }
    // What it gives is its own choice; a picture smaller than asked for would be blown up again.
    if (image.displayWidth >= size.width && image.displayHeight >= size.height) return { image, stored, close }
    close()
  } catch {
    // Whatever it cannot read, the other way may.
  } finally {
    decoder.close()
  }
  return undefined
}

async function decodeWhole(blob: Blob): Promise<Decoded> {
  const image = await createImageBitmap(blob)
  const close = (): void => {
    image.close()
  }
  return { image, stored: image, close }
}
