/** What the desk may do with a ticket found by the city's number. The server judges again. */
import type { FoundTicket } from '@/actions/emergencyWire'
import { ruleOf } from '@/domain/lifecycle'

/** `flag`: it can become urgent. `urgent`: it is already. `state`: not in the state that it is in. */
export type FlagVerdict = 'flag' | 'urgent' | 'state'

export function verdictOf(found: Pick<FoundTicket, 'state' | 'urgent'>): FlagVerdict {
  if (!ruleOf('ticket.flag_urgent')?.from.includes(found.state)) return 'state'
  return found.urgent ? 'urgent' : 'flag'
}

/** “DG2026-77 · 闸口村 · 待签收”, and the title of a ticket that the reader may see. */
export function foundWords(found: FoundTicket, stateWords: string): string {
  return [found.external_no, found.title, found.village, found.address, stateWords].filter(Boolean).join(' · ')
}
