// Metres between a fix (WGS-84) and a ticket's place, which Chinese maps give in GCJ-02 (server: geo.py).
import type { Crs, Place } from './types'

const EARTH_M = 6_371_000
const A = 6_378_245
const EE = 0.006693421622965943
const { PI, sin, cos, sqrt, abs } = Math

function shiftLat(x: number, y: number): number {
  let d = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
  d += ((20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2) / 3
  d += ((20 * sin(y * PI) + 40 * sin((y / 3) * PI)) * 2) / 3
  return d + ((160 * sin((y / 12) * PI) + 320 * sin((y * PI) / 30)) * 2) / 3
}

function shiftLng(x: number, y: number): number {
  let d = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
  d += ((20 * sin(6 * x * PI) + 20 * sin(2 * x * PI)) * 2) / 3
  d += ((20 * sin(x * PI) + 40 * sin((x / 3) * PI)) * 2) / 3
  return d + ((150 * sin((x / 12) * PI) + 300 * sin((x / 30) * PI)) * 2) / 3
}

export interface LatLng {
  lat: number
  lng: number
}

/** WGS-84 → GCJ-02, within a metre or two; outside China the two are the same. */
export function toGcj02({ lat, lng }: LatLng): LatLng {
  if (lat < 0.8293 || lat > 55.8271 || lng < 72.004 || lng > 137.8347) return { lat, lng }
  const x = lng - 105
  const y = lat - 35
  const rad = (lat / 180) * PI
  const magic = 1 - EE * sin(rad) ** 2
  const root = sqrt(magic)
  return {
    lat: lat + (shiftLat(x, y) * 180) / (((A * (1 - EE)) / (magic * root)) * PI),
    lng: lng + (shiftLng(x, y) * 180) / ((A / root) * cos(rad) * PI),
  }
}

/** Great-circle distance in metres. */
export function metres(a: LatLng, b: LatLng): number {
  const rad = (deg: number) => (deg / 180) * PI
  const h = sin(rad(b.lat - a.lat) / 2) ** 2 + cos(rad(a.lat)) * cos(rad(b.lat)) * sin(rad(b.lng - a.lng) / 2) ** 2
  return 2 * EARTH_M * Math.asin(Math.min(1, sqrt(h)))
}

/** Metres from a fix to a place; null if the place has no point. Without a declared system, the nearer way. */
export function distanceM(fix: LatLng & { crs: Crs }, place: Pick<Place, 'lat' | 'lng' | 'crs'>): number | null {
  if (place.lat === null || place.lng === null) return null
  const there = { lat: place.lat, lng: place.lng }
  const here = fix.crs === 'GCJ02' ? fix : toGcj02(fix)
  const asGcj = metres(here, there)
  if (place.crs === 'GCJ02') return Math.round(asGcj)
  const asWgs = metres(here, toGcj02(there))
  return Math.round(place.crs === 'WGS84' ? asWgs : Math.min(asGcj, asWgs))
}
