import type { ArrivalPart, By } from '@/actions/officeWire'

/** A number of the board, as the question for the tickets behind it. */
export interface Drill {
  title: string
  from: string
  to: string
  by: By
  key?: string
  part: ArrivalPart
  /** Only arrivals that took so long (seconds). */
  seconds?: [number, number | null]
}
