// When a resident counts as called back (API: callbacks; the server's server/domain/callbacks.py replays the same
// vectors): connected or declined lets the reply pass, else three unreachable attempts over two half-days.
import { halfDay, ms } from './instants'
import type { Callback, TicketDoc } from './types'

export const ATTEMPTS_NEEDED = 3
export const HALF_DAYS_NEEDED = 2

export interface CallbackState {
  /** Unreachable attempts of this cycle. */
  unreachable: number
  halfDays: number
  /** A reply may pass, as far as this caller and the callers of merged tickets go. */
  enough: boolean
  effective?: Callback
}

function byTime(a: Callback, b: Callback): number {
  if (a.occurred_at !== b.occurred_at) return a.occurred_at < b.occurred_at ? -1 : 1
  return a.id < b.id ? -1 : 1
}

/** The callback that leaves with the reply: latest connected, else latest declined, else enough unreachable. */
export function effectiveCallback(callbacks: readonly Callback[], cycle: number): Callback | undefined {
  const calls = callbacks.filter((call) => call.cycle === cycle && !call.retracted).sort(byTime)
  const latest = (outcome: Callback['outcome']) => [...calls].reverse().find((call) => call.outcome === outcome)
  const reached = latest('connected') ?? latest('declined')
  if (reached) return reached
  const { attempts, halfDays } = unreachable(calls)
  return attempts >= ATTEMPTS_NEEDED && halfDays >= HALF_DAYS_NEEDED ? calls[calls.length - 1] : undefined
}

function unreachable(calls: readonly Callback[]): { attempts: number; halfDays: number } {
  const tried = calls.filter((call) => call.outcome === 'unreachable')
  return { attempts: tried.length, halfDays: new Set(tried.map((call) => halfDay(ms(call.called_at)))).size }
}

/** Where a ticket stands with its callbacks, local ones included. */
export function callbackState(ticket: Pick<TicketDoc, 'callbacks' | 'cycle' | 'merged'>): CallbackState {
  const calls = ticket.callbacks.filter((call) => call.cycle === ticket.cycle && !call.retracted)
  const { attempts, halfDays } = unreachable(calls)
  const effective = effectiveCallback(ticket.callbacks, ticket.cycle)
  const others = ticket.merged.every((one) => one.callback)
  return { unreachable: attempts, halfDays, enough: effective !== undefined && others, ...(effective ? { effective } : {}) }
}
