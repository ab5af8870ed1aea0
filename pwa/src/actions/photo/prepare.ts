import type { Watermark } from '../photos'

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
}

export class PhotoError extends Error {
  constructor(readonly code: 'not_an_image' | 'too_many_pixels') {
    super(code)
    this.name = 'PhotoError'
  }
}

export function prepare(_file: Blob, _watermark: Watermark): Promise<Prepared> {
  return Promise.reject(new PhotoError('not_an_image'))
}
