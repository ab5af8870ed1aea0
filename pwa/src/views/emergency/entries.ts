/** An event's timeline in the shape that TimelineList shows. */
import type { IncidentView } from '@/domain/incidentTypes'
import type { TimelineEntry } from '@/domain/types'

export function entriesOf(incident: IncidentView): TimelineEntry[] {
  return incident.timeline.map((entry) => ({ ...entry, cycle: 1, photos: entry.photos ?? [] }) as unknown as TimelineEntry)
}
