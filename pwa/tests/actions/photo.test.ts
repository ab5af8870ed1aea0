// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { decodeSize } from '../../src/actions/photo/decode'
import { readExif, withoutExif } from '../../src/actions/photo/exif'
import { burn, fitted, turn, type Context } from '../../src/actions/photo/paint'
import { linesOf, readPhoto } from '../../src/actions/photo/read'

const NOTE = { ticketNo: 'DG000199', place: '闸口村振兴路12号', name: '李伟', at: Date.UTC(2026, 10, 22, 4, 5) }

/** A JPEG's head: SOI, an EXIF block made of these IFDs, a frame header, start of scan. */
function jpeg(options: { little?: boolean; orientation?: number; taken?: string; zone?: string; lat?: number[]; size?: [number, number] }): ArrayBuffer {
  const { little = false, orientation = 1, taken, zone, lat, size = [4000, 3000] } = options
  const tiff = new DataView(new ArrayBuffer(400))
  const u16 = (at: number, value: number): void => tiff.setUint16(at, value, little)
  const u32 = (at: number, value: number): void => tiff.setUint32(at, value, little)
  const entry = (at: number, tag: number, type: number, count: number, value: number): void => {
    u16(at, tag); u16(at + 2, type); u32(at + 4, count)
    if (type === 3) u16(at + 8, value)
    else u32(at + 8, value)
  }
  const ascii = (at: number, text: string): void => [...text].forEach((c, i) => tiff.setUint8(at + i, c.charCodeAt(0)))
  tiff.setUint16(0, little ? 0x4949 : 0x4d4d); u16(2, 42); u32(4, 8)
  u16(8, 3); entry(10, 0x0112, 3, 1, orientation); entry(22, 0x8769, 4, 1, 60); entry(34, 0x8825, 4, 1, 120)
  u16(60, 2)
  if (taken) { entry(62, 0x9003, 2, 20, 200); ascii(200, `${taken}\0`) }
  if (zone) { entry(74, 0x9011, 2, 7, 230); ascii(230, `${zone}\0`) }
  u16(120, 4); entry(122, 1, 2, 2, 0); ascii(130, 'S\0'); entry(146, 3, 2, 2, 0); ascii(154, 'E\0')
  if (lat) {
    entry(134, 2, 5, 3, 260); entry(158, 4, 5, 3, 300)
    lat.forEach((value, i) => {
      for (const at of [260, 300]) { u32(at + i * 8, Math.round(value * 100)); u32(at + i * 8 + 4, 100) }
    })
  }
  const exif = [0xff, 0xe1, (400 + 8) >> 8, (400 + 8) & 255, 0x45, 0x78, 0x69, 0x66, 0, 0, ...new Uint8Array(tiff.buffer)]
  const frame = [0xff, 0xc0, 0, 11, 8, size[1] >> 8, size[1] & 255, size[0] >> 8, size[0] & 255, 1, 0, 0, 0]
  return new Uint8Array([0xff, 0xd8, ...exif, ...frame, 0xff, 0xda, 0, 2, 1, 2, 3]).buffer
}

describe('EXIF', () => {
  it.each([true, false])('gives orientation, time with its zone and place (little-endian: %s)', (little) => {
    const facts = readExif(jpeg({ little, orientation: 6, taken: '2026:11:22 12:05:33', zone: '+08:00', lat: [23, 0, 46.08] }))
    expect(facts).toMatchObject({ orientation: 6, width: 4000, height: 3000, takenAtMs: Date.UTC(2026, 10, 22, 4, 5, 33) })
    expect(facts.lat).toBeCloseTo(-23.0128, 4)
    expect(facts.lng).toBeCloseTo(23.0128, 4)
  })

  it('of a cut or broken file never throws', () => {
    const whole = new Uint8Array(jpeg({ taken: '2026:11:22 12:05:33' }))
    for (let length = 0; length < whole.length; length += 7) readExif(whole.slice(0, length).buffer)
    const noise = whole.map((byte, i) => (i > 12 ? (byte * 31 + i) % 256 : byte))
    expect(() => readExif(noise.buffer)).not.toThrow()
  })

  it('is cut out before decoding, and nothing else is', () => {
    const data = jpeg({ orientation: 6 })
    const rest = withoutExif(data, readExif(data))
    expect([...rest.slice(0, 4)]).toEqual([0xff, 0xd8, 0xff, 0xc0])
    expect(rest.length).toBe(data.byteLength - 410)
    expect(readExif(rest.slice().buffer)).toMatchObject({ orientation: 1, width: 4000, height: 3000 })
  })
})

describe('what is printed', () => {
  it('is number and time in Shanghai, place, name', () => {
    expect(linesOf(NOTE, NOTE.at)).toEqual(['DG000199  2026-11-22 12:05:00', '闸口村振兴路12号', '李伟'])
  })

  it("takes the picture's own time, unless it lies in the future", () => {
    const at = (taken: string): number => readPhoto(jpeg({ taken, zone: '+08:00' }), 'image/jpeg', NOTE).takenAtMs
    expect(at('2026:11:20 08:00:00')).toBe(Date.UTC(2026, 10, 20, 0))
    expect(at('2027:11:20 08:00:00')).toBe(NOTE.at)
    expect(at('1980:01:01 00:00:00')).toBe(NOTE.at)
  })

  it('refuses what would take the phone down', () => {
    expect(() => readPhoto(jpeg({ size: [30_000, 30_000] }), 'image/jpeg', NOTE)).toThrow('too_many_pixels')
  })

  it('breaks a long place into lines that fit', () => {
    const rows: string[] = []
    const context = {
      measureText: (text: string) => ({ width: [...text].length * 30 }),
      setTransform: () => undefined,
      fillRect: () => undefined,
      fillText: (text: string) => rows.push(text),
    } as unknown as Context
    burn(context, { width: 600, height: 800 }, ['闸'.repeat(40)])
    expect(rows.length).toBeGreaterThan(1)
    expect(rows.join('')).toBe('闸'.repeat(40))
  })
})

describe('the size', () => {
  it('is at most 1920 on the long side and never enlarged', () => {
    expect(fitted({ width: 4000, height: 3000 }, 1, 1920)).toEqual({ width: 1920, height: 1440 })
    expect(fitted({ width: 4000, height: 3000 }, 6, 1920)).toEqual({ width: 1440, height: 1920 })
    expect(fitted({ width: 640, height: 480 }, 1, 1920)).toEqual({ width: 640, height: 480 })
  })

  it.each([
    [{ width: 4000, height: 3000 }, { width: 2000, height: 1500 }],
    [{ width: 8160, height: 6120 }, { width: 2040, height: 1530 }],
    [{ width: 3001, height: 4001 }, { width: 1501, height: 2001 }],
  ])('is decoded no larger than needed and never smaller than drawn: %o', (stored, decoded) => {
    expect(decodeSize(stored)).toEqual(decoded)
    const drawn = fitted(stored, 1, 1920)
    expect(decoded.width >= drawn.width && decoded.height >= drawn.height).toBe(true)
  })

  it.each([{ width: 1920, height: 1440 }, { width: 640, height: 480 }, { width: 2000, height: 1500 }])('is decoded whole where no eighth suffices: %o', (stored) => {
    expect(decodeSize(stored)).toBeUndefined()
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('turned by orientation %i the picture fills its canvas exactly', (orientation) => {
    let matrix = [1, 0, 0, 1, 0, 0]
    const context = { setTransform: (...m: number[]) => { matrix = m } } as unknown as Context
    const upright = orientation >= 5 ? { width: 30, height: 40 } : { width: 40, height: 30 }
    const drawn = turn(context, upright, orientation)
    expect(drawn).toEqual({ width: 40, height: 30 })
    const [a = 1, b = 0, c = 0, d = 1, e = 0, f = 0] = matrix
    const xs = [0, 40].flatMap((x) => [0, 30].map((y) => a * x + c * y + e))
    const ys = [0, 40].flatMap((x) => [0, 30].map((y) => b * x + d * y + f))
    expect([Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]).toEqual([0, upright.width, 0, upright.height])
  })
})
