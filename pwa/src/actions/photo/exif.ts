/**
 * What a JPEG says about itself: orientation, time and place. Read before anything is drawn, for a canvas forgets
 * it all. A reader of our own: the four facts needed are 2 KB of code, a library is five times that.
 */

export interface ExifFacts {
  /** 1–8 as in the EXIF standard. */
  orientation: number
  /** Size as stored, before the orientation is applied; 0 when it is not a JPEG we can read. */
  width: number
  height: number
  /** ms UTC. Without a zone in the picture the phone's own zone is taken. */
  takenAtMs?: number
  lat?: number
  lng?: number
  /** Byte ranges of EXIF segments, so that the decoder need not see them. */
  segments: [number, number][]
}

const SOI = 0xffd8
const APP1 = 0xffe1
const SOS = 0xffda
const EXIF_MARK = 'Exif\0\0'
const TAG = { orientation: 0x0112, exifIfd: 0x8769, gpsIfd: 0x8825, taken: 0x9003, takenZone: 0x9011 }
const GPS = { latRef: 1, lat: 2, lngRef: 3, lng: 4 }
const SIZES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8]
const ENTRIES_MAX = 512

/** Never throws: what cannot be read is left out. */
export function readExif(data: ArrayBuffer): ExifFacts {
  const facts: ExifFacts = { orientation: 1, width: 0, height: 0, segments: [] }
  const view = new DataView(data)
  try {
    if (view.getUint16(0) !== SOI) return facts
    walk(view, facts)
  } catch {
    // Cut short or nonsense: whatever was found so far.
  }
  return facts
}

/** The picture without its EXIF segments: engines disagree on who turns a picture, so we do it ourselves. */
export function withoutExif(data: ArrayBuffer, { segments }: ExifFacts): Uint8Array<ArrayBuffer> {
  const rest = new Uint8Array(data.byteLength)
  let from = 0
  let length = 0
  const keepTo = (end: number): void => {
    const part = new Uint8Array(data, from, end - from)
    rest.set(part, length)
    length += part.length
  }
  for (const [start, end] of segments) {
    keepTo(start)
    from = Math.min(end, data.byteLength)
  }
  keepTo(data.byteLength)
  return rest.subarray(0, length)
}

function walk(view: DataView, facts: ExifFacts): void {
  let at = 2
  while (at + 4 <= view.byteLength) {
    const marker = view.getUint16(at)
    if (marker === SOS || marker >> 8 !== 0xff) return
    const size = view.getUint16(at + 2)
    const end = at + 2 + size
    if (marker === APP1 && text(view, at + 4, 6) === EXIF_MARK) {
      facts.segments.push([at, end])
      try {
        readTiff(new DataView(view.buffer, view.byteOffset + at + 10, Math.min(size - 8, view.byteLength - at - 10)), facts)
      } catch {
        // A broken EXIF block does not make the picture unreadable.
      }
    }
    if (isFrame(marker)) {
      facts.height = view.getUint16(at + 5)
      facts.width = view.getUint16(at + 7)
    }
    at = end
  }
}

/** Start-of-frame markers carry the size; DHT, JPG and DAC lie between them. */
function isFrame(marker: number): boolean {
  return marker >= 0xffc0 && marker <= 0xffcf && marker !== 0xffc4 && marker !== 0xffc8 && marker !== 0xffcc
}

type Values = Map<number, number[] | string>

function readTiff(tiff: DataView, facts: ExifFacts): void {
  const little = tiff.getUint16(0) === 0x4949
  const main = readIfd(tiff, tiff.getUint32(4, little), little)
  const orientation = first(main.get(TAG.orientation))
  if (orientation >= 1 && orientation <= 8) facts.orientation = orientation
  const exif = first(main.get(TAG.exifIfd))
  if (exif > 0) readTaken(readIfd(tiff, exif, little), facts)
  const gps = first(main.get(TAG.gpsIfd))
  if (gps > 0) readPlace(readIfd(tiff, gps, little), facts)
}

function readTaken(exif: Values, facts: ExifFacts): void {
  const taken = /^(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)/.exec(asText(exif.get(TAG.taken)))
  if (!taken) return
  const [year, month, day, hour, minute, second] = taken.slice(1).map(Number) as [number, number, number, number, number, number]
  const zone = /^([+-])(\d\d):(\d\d)/.exec(asText(exif.get(TAG.takenZone)))
  const offsetMin = zone ? (zone[1] === '-' ? -1 : 1) * (Number(zone[2]) * 60 + Number(zone[3])) : undefined
  const ms =
    offsetMin === undefined
      ? new Date(year, month - 1, day, hour, minute, second).getTime()
      : Date.UTC(year, month - 1, day, hour, minute, second) - offsetMin * 60_000
  if (year >= 2000 && Number.isFinite(ms)) facts.takenAtMs = ms
}

function readPlace(gps: Values, facts: ExifFacts): void {
  const lat = degrees(gps.get(GPS.lat), asText(gps.get(GPS.latRef)), 'S')
  const lng = degrees(gps.get(GPS.lng), asText(gps.get(GPS.lngRef)), 'W')
  if (lat === undefined || lng === undefined || Math.abs(lat) > 90 || Math.abs(lng) > 180) return
  if (lat === 0 && lng === 0) return // what some cameras write when they do not know
  facts.lat = lat
  facts.lng = lng
}

function degrees(value: number[] | string | undefined, ref: string, negative: string): number | undefined {
  if (!Array.isArray(value) || value.length < 3) return undefined
  const [deg = NaN, min = NaN, sec = NaN] = value
  const whole = deg + min / 60 + sec / 3_600
  if (!Number.isFinite(whole)) return undefined
  return Math.round((ref.startsWith(negative) ? -whole : whole) * 1e6) / 1e6
}

function readIfd(tiff: DataView, offset: number, little: boolean): Values {
  const values: Values = new Map()
  const count = Math.min(tiff.getUint16(offset, little), ENTRIES_MAX)
  for (let entry = 0; entry < count; entry += 1) {
    const at = offset + 2 + entry * 12
    const type = tiff.getUint16(at + 2, little)
    const size = SIZES[type] ?? 0
    const number = tiff.getUint32(at + 4, little)
    if (size === 0 || number > 64) continue
    const where = size * number <= 4 ? at + 8 : tiff.getUint32(at + 8, little)
    if (where + size * number > tiff.byteLength) continue
    values.set(tiff.getUint16(at, little), type === 2 ? text(tiff, where, number) : numbers(tiff, where, type, number, little))
  }
  return values
}

function numbers(tiff: DataView, where: number, type: number, count: number, little: boolean): number[] {
  const found: number[] = []
  for (let place = 0; place < count; place += 1) {
    const at = where + place * (SIZES[type] as number)
    if (type === 3) found.push(tiff.getUint16(at, little))
    else if (type === 4) found.push(tiff.getUint32(at, little))
    else if (type === 5) found.push(tiff.getUint32(at, little) / tiff.getUint32(at + 4, little))
    else if (type === 9) found.push(tiff.getInt32(at, little))
    else if (type === 10) found.push(tiff.getInt32(at, little) / tiff.getInt32(at + 4, little))
    else found.push(tiff.getUint8(at))
  }
  return found
}

function first(value: number[] | string | undefined): number {
  return Array.isArray(value) ? (value[0] ?? 0) : 0
}

function asText(value: number[] | string | undefined): string {
  return typeof value === 'string' ? value : ''
}

function text(view: DataView, at: number, length: number): string {
  let found = ''
  for (let place = 0; place < length; place += 1) found += String.fromCharCode(view.getUint8(at + place))
  return found
}
