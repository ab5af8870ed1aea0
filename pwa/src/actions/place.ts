/** Where the phone is, for an arrival. Asked only while a screen needs it; no trail is kept. */
import type { Point } from '../domain/types'

export type NoFix = 'denied' | 'unavailable' | 'timeout' | 'unsupported'
export type Place = { point: Point; reason?: undefined } | { point?: undefined; reason: NoFix }

const GOOD_ENOUGH_M = 30

interface Fix {
  position: GeolocationPosition
}

/** A fix as the operation carries it. Browsers give WGS-84. */
export function pointOf(position: GeolocationPosition, nowMs: number): Point {
  const { latitude, longitude, accuracy } = position.coords
  return {
    lat: Math.round(latitude * 1e6) / 1e6,
    lng: Math.round(longitude * 1e6) / 1e6,
    accuracy_m: Math.round(accuracy),
    fix_age_s: Math.max(0, Math.round((nowMs - position.timestamp) / 1000)),
    fix_at: new Date(position.timestamp).toISOString(),
    crs: 'WGS84',
  }
}

/**
 * Follow the phone's position while a screen is open, so that the tap does not wait for it.
 * @param onChange called with each better or newer fix, or with the reason why there is none
 * @returns the way to stop
 */
export function watchPlace(onChange: (place: Place) => void): () => void {
  const geolocation = typeof navigator === 'undefined' ? undefined : navigator.geolocation
  if (!geolocation) {
    onChange({ reason: 'unsupported' })
    return () => undefined
  }
  let best: Fix | undefined
  const watch = geolocation.watchPosition(
    (position) => {
      best = { position }
      onChange({ point: pointOf(position, Date.now()) })
    },
    (error) => {
      if (!best) onChange({ reason: reasonOf(error) })
    },
    { enableHighAccuracy: true, maximumAge: 60_000, timeout: 20_000 },
  )
  return () => {
    geolocation.clearWatch(watch)
  }
}

/**
 * One fix, waiting at most `waitMs` for a good one and taking the best there is by then.
 */
export function currentPlace(waitMs = 8_000): Promise<Place> {
  return new Promise((resolve) => {
    let best: Place = { reason: 'timeout' }
    let stop: () => void = () => undefined
    const finish = (): void => {
      clearTimeout(timer)
      stop()
      resolve(best)
    }
    const timer = setTimeout(finish, waitMs)
    stop = watchPlace((place) => {
      if (place.point && (!best.point || place.point.accuracy_m <= best.point.accuracy_m)) best = place
      else if (!best.point) best = place
      const over = place.reason === 'denied' || place.reason === 'unsupported'
      // The first call may come before watchPlace has returned.
      if (over || (place.point && place.point.accuracy_m <= GOOD_ENOUGH_M)) setTimeout(finish)
    })
  })
}

function reasonOf(error: GeolocationPositionError): NoFix {
  if (error.code === 1) return 'denied'
  return error.code === 2 ? 'unavailable' : 'timeout'
}
