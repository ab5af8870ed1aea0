/** A picture read before it is drawn: what it says of itself, and the words that will be burnt into it. */
import { readExif, withoutExif } from './exif'
import type { Size } from './paint'

/** Decoded, a picture of this many pixels takes 400 MB; phones die of less. */
const PIXELS_MAX = 100_000_000
const DAY_MS = 86_400_000

export interface WatermarkText {
  ticketNo: string
  place: string
  name: string
  /** ms UTC; printed when the picture does not say when it was taken. */
  at: number
}

/** When and where it was taken, as far as that is known. */
export interface PhotoFacts {
  /** ms UTC. */
  takenAtMs: number
  lat?: number
  lng?: number
}

export interface ReadPhoto extends PhotoFacts {
  /** To be decoded: without EXIF, so that no engine turns it. */
  data: Uint8Array<ArrayBuffer>
  type: string
  orientation: number
  /** Size as stored, where the picture says it: only of a JPEG. */
  stored?: Size
  lines: string[]
}

export class PhotoError extends Error {
  constructor(readonly code: 'not_an_image' | 'too_many_pixels') {
    super(code)
    this.name = 'PhotoError'
  }
}

export function readPhoto(data: ArrayBuffer, type: string, watermark: WatermarkText): ReadPhoto {
  const facts = readExif(data)
  if (facts.width * facts.height > PIXELS_MAX) throw new PhotoError('too_many_pixels')
  const isJpeg = facts.width > 0
  // A camera's clock that runs ahead of the phone's is wrong; one that never was set says 2000.
  const believed = facts.takenAtMs !== undefined && facts.takenAtMs <= watermark.at + DAY_MS
  const takenAtMs = believed && facts.takenAtMs !== undefined ? facts.takenAtMs : watermark.at
  const lines = linesOf(watermark, takenAtMs)
  const { lat, lng } = facts
  const where = lat === undefined || lng === undefined ? {} : { lat, lng }
  if (!isJpeg) return { data: new Uint8Array(data), type, orientation: 1, takenAtMs, lines, ...where }
  const { orientation, width, height } = facts
  const stored = { width, height }
  return { data: withoutExif(data, facts), type: 'image/jpeg', orientation, stored, takenAtMs, lines, ...where }
}

/** Without the bytes. */
export function factsOf({ takenAtMs, lat, lng }: ReadPhoto): PhotoFacts {
  return lat === undefined || lng === undefined ? { takenAtMs } : { takenAtMs, lat, lng }
}

/** Ticket number and time, place, name; times as people in this town read them. */
export function linesOf(watermark: WatermarkText, takenAtMs: number): string[] {
  const { ticketNo, place, name } = watermark
  return [`${ticketNo}  ${townTime(takenAtMs)}`, place, name].map((line) => line.trim()).filter(Boolean)
}

/** Asia/Shanghai, UTC+8 without summer time since 1991. */
function townTime(ms: number): string {
  const local = new Date(ms + 8 * 3_600_000).toISOString()
  return `${local.slice(0, 10)} ${local.slice(11, 19)}`
}
