/** Points on the earth in one system: phones give WGS-84, Chinese maps GCJ-02, hundreds of metres apart. */
import gcoord from 'gcoord'
import type { Place } from '@/domain/types'

/** “闸口村 沿河路 12 号”; the village is not said twice when the address begins with it. */
export function placeWords(place: Place | null | undefined): string {
  const village = place?.village ?? ''
  const address = place?.address ?? ''
  return address.startsWith(village) ? address || village : [village, address].filter(Boolean).join(' ')
}

/** A ticket's place as a WGS-84 point; undefined when it has none. */
export function placePoint(place: Place | null | undefined): { lat: number; lng: number } | undefined {
  if (typeof place?.lat !== 'number' || typeof place.lng !== 'number') return undefined
  if (place.crs !== 'GCJ02') return { lat: place.lat, lng: place.lng }
  const [lng, lat] = gcoord.transform([place.lng, place.lat] as [number, number], gcoord.GCJ02, gcoord.WGS84)
  return { lat, lng }
}

/**
 * The phone's own map app, at the place. A `geo:` or `maps:` link stays between this phone and the app its owner
 * chose: no address of ours, no title, nothing about the ticket but the point.
 */
export function navigationUrl(place: Place): string | undefined {
  const point = placePoint(place)
  if (!point) return undefined
  const at = `${point.lat.toFixed(6)},${point.lng.toFixed(6)}`
  const apple = /iPhone|iPad|Macintosh/.test(navigator.userAgent)
  return apple ? `maps:?daddr=${at}` : `geo:${at}?q=${at}`
}
