/** What waits for a head, and the evidence read off a ticket. Pure. */
import type { Callback, Me, Reply, TicketDoc, TicketView, TimelineEntry } from '@/domain/types'
import { actionsNow } from '@/domain/actions'

export function canReview(ticket: TicketView, me: Me): boolean {
  return ticket.state === 'reply_review' && actionsNow(ticket, me).includes('ticket.approve')
}

export function canDecideReturn(ticket: TicketView, me: Me): boolean {
  return ticket.state === 'returning' && !ticket.return_request?.head_approved && actionsNow(ticket, me).includes('ticket.decide_return')
}

/** Decided on this phone and not yet confirmed by the server. */
export function decidedHere(ticket: TicketView): boolean {
  return ticket.pending.some((op) => op.name === 'ticket.approve' || op.name === 'ticket.reject')
}

function inCycle(ticket: TicketDoc, name: string): TimelineEntry[] {
  return ticket.timeline.filter((e) => e.name === name && e.cycle === ticket.cycle && !e.retracted_by)
}

export interface Evidence {
  reply: Reply | null
  arrival: TimelineEntry | undefined
  done: TimelineEntry[]
  callbacks: Callback[]
  photos: { id: string; state: string; caption: string }[]
}

/**
 * Reply, callbacks, first arrival, disposals and every photo of the present cycle.
 * @param caption words under a photo, from its entry
 */
export function evidenceOf(ticket: TicketDoc, caption: (entry: TimelineEntry) => string): Evidence {
  const arrivals = inCycle(ticket, 'ticket.arrive').sort((a, b) => (a.occurred_at < b.occurred_at ? -1 : 1))
  const done = inCycle(ticket, 'ticket.on_site_done')
  const shown = [...arrivals, ...done, ...inCycle(ticket, 'ticket.note')]
  return {
    reply: ticket.reply,
    arrival: arrivals[0],
    done,
    callbacks: ticket.callbacks.filter((call) => call.cycle === ticket.cycle && !call.retracted),
    photos: shown.flatMap((entry) => entry.photos.map((p) => ({ id: p.id, state: p.state, caption: caption(entry) }))),
  }
}
