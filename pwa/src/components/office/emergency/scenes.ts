/** The urgent tickets under way, as places on one sketch to scale. Pure. */
import { placePoint } from '@/components/place'
import type { ArrivalRow } from '../arrivals'

const METRES_PER_DEGREE = 111_195

export interface Spot {
  x: number
  y: number
}

export interface ScenePin extends Spot {
  row: ArrivalRow
  /** Its number on the sketch and in the list. */
  n: number
}

export interface Sketch {
  pins: ScenePin[]
  /** Where workers recorded their arrival. */
  workers: (Spot & { id: string })[]
  /** Metres that one unit of the drawing stands for. */
  reach: number
}

export interface Frame {
  width: number
  height: number
  edge: number
}

/** A town's quarter at least: a single place does not fill the sheet. */
const LEAST_REACH = 3

/** Places to scale, north up, in the frame; rows without a place keep their number and have no pin. */
export function sketchOf(rows: readonly ArrivalRow[], frame: Frame): Sketch {
  const places = rows.map((row, index) => ({ row, n: index + 1, point: placePoint(row.ticket.place) }))
  const fixes = rows.flatMap((row) => {
    const fix = row.arrival?.point
    const point = fix && placePoint({ village: null, address: null, lat: fix.lat, lng: fix.lng, crs: fix.crs })
    return point ? [{ id: row.ticket.id, point }] : []
  })
  const known = [...places.flatMap(({ point }) => (point ? [point] : [])), ...fixes.map(({ point }) => point)]
  if (known.length === 0) return { pins: [], workers: [], reach: LEAST_REACH }
  const lats = known.map((point) => point.lat)
  const lngs = known.map((point) => point.lng)
  const middle = { lat: (Math.min(...lats) + Math.max(...lats)) / 2, lng: (Math.min(...lngs) + Math.max(...lngs)) / 2 }
  const across = METRES_PER_DEGREE * Math.cos((middle.lat * Math.PI) / 180)
  const wide = (Math.max(...lngs) - Math.min(...lngs)) * across
  const high = (Math.max(...lats) - Math.min(...lats)) * METRES_PER_DEGREE
  const reach = Math.max(wide / (frame.width - 2 * frame.edge), high / (frame.height - 2 * frame.edge), LEAST_REACH)
  const at = (point: { lat: number; lng: number }): Spot => ({
    x: frame.width / 2 + ((point.lng - middle.lng) * across) / reach,
    y: frame.height / 2 - ((point.lat - middle.lat) * METRES_PER_DEGREE) / reach,
  })
  return {
    pins: places.flatMap(({ row, n, point }) => (point ? [{ row, n, ...at(point) }] : [])),
    workers: fixes.map(({ id, point }) => ({ id, ...at(point) })),
    reach,
  }
}

/** A round length for the ruler, near `wanted` metres. */
export function roundLength(wanted: number): number {
  const tens = 10 ** Math.floor(Math.log10(Math.max(1, wanted)))
  return [1, 2, 5, 10].map((n) => n * tens).reduce((best, n) => (Math.abs(n - wanted) < Math.abs(best - wanted) ? n : best), tens)
}
