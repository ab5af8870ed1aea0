// The one transition table, shared with the server (contract/lifecycle.json, copied by `make contract`).
import table from '../contract/lifecycle.json'
import type { OpName, Role } from './types'

export type OpKind = 'fact' | 'decision' | 'server'

export interface OpRule {
  kind: OpKind
  /** May be made without a signal. */
  offline: boolean
  roles: readonly string[]
  /** Roles that may only on a ticket that they were given by name. */
  named?: readonly string[]
  from: readonly string[]
  to: string | null
  /** A head may let another sign for him. */
  delegable?: boolean
}

const OPS = table.ops as unknown as Record<string, OpRule | undefined>

/** The table's line for an operation; undefined for a name it does not know. */
export function ruleOf(name: string): OpRule | undefined {
  return OPS[name]
}

export function isFact(name: string): boolean {
  return OPS[name]?.kind === 'fact'
}

/** Whether the operation may wait in the outbox; the others are offered online only. */
export function worksOffline(name: OpName): boolean {
  return OPS[name]?.offline ?? false
}

export function roleMay(role: Role, name: string): boolean {
  return OPS[name]?.roles.includes(role) ?? false
}
