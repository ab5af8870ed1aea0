/** What the page and the photo worker say to each other. */
import type { PhotoFacts, ReadPhoto, WatermarkText } from './read'

export type PhotoErrorCode = 'not_an_image' | 'too_many_pixels'

export type ToWorker = { job: number; file: Blob; watermark: WatermarkText } | { job: number; hash: ArrayBuffer }

export interface MadePhoto {
  blob: Blob
  thumb: Blob
  /** The bytes of both, for the database: handed over, so that the page need not ask for them. */
  data: ArrayBuffer
  thumbData: ArrayBuffer
  sha256: string
  width: number
  height: number
  read: PhotoFacts
}

export type FromWorker =
  | { job: number; made: MadePhoto }
  /** This engine draws only on the page. */
  | { job: number; draw: ReadPhoto }
  | { job: number; sha256: string }
  | { job: number; error: PhotoErrorCode }
