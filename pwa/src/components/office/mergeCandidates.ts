/** Which open tickets look like the same matter: near in place, alike in words. The officer decides. */
import { placePoint } from '@/components/place'
import type { TicketView } from '@/domain/types'
import { metresBetween } from '@/lib/format'

export interface Candidate {
  ticket: TicketView
  score: number
  /** Alike enough, and near enough, to be shown unasked (DOMAIN §B: same matter and place). */
  likely: boolean
  samePlace: boolean
  metres: number | undefined
}

const NEAR_M = 500
const ALIKE = 0.2
const CLOSED = ['closed', 'merged', 'terminated', 'replied']

function bigrams(words: string): Set<string> {
  const clean = words.replace(/[\s\p{P}\d]/gu, '')
  return new Set(Array.from({ length: Math.max(0, clean.length - 1) }, (_, i) => clean.slice(i, i + 2)))
}

/** Shared pairs of characters over all (Dice), 0–1. */
export function alike(a: string, b: string): number {
  const x = bigrams(a)
  const y = bigrams(b)
  if (x.size + y.size === 0) return 0
  return (2 * [...x].filter((pair) => y.has(pair)).length) / (x.size + y.size)
}

function metres(a: TicketView, b: TicketView): number | undefined {
  const p = placePoint(a.place)
  const q = placePoint(b.place)
  return p && q && metresBetween(p, q)
}

/** The best first. Confidential tickets never take part. */
export function mergeCandidates(ticket: TicketView, all: readonly TicketView[]): Candidate[] {
  return all
    .filter((one) => one.id !== ticket.id && !one.confidential && !CLOSED.includes(one.state))
    .map((one) => {
      const near = metres(ticket, one)
      const samePlace = Boolean(one.place?.village) && one.place?.village === ticket.place?.village
      const words = 0.7 * alike(one.title, ticket.title) + 0.3 * alike(one.content ?? '', ticket.content ?? '')
      const close = near !== undefined && near < NEAR_M
      const score = words + (samePlace ? 0.3 : 0) + (close ? 0.3 : 0)
      return { ticket: one, score, likely: words >= ALIKE && (samePlace || close), samePlace, metres: near }
    })
    .sort((a, b) => b.score - a.score || a.ticket.received_at.localeCompare(b.ticket.received_at))
}
