/** What a role finds on the phone. The server decides who gets what; this only decides what is offered. */
import type { Me } from '@/domain/types'

const FIELD = new Set(['grid_worker', 'unit_clerk', 'unit_head'])
/** Whom an emergency may call: they are asked to allow notifications. */
const ALARMED = new Set(['grid_worker', 'unit_clerk', 'unit_head', 'duty_room', 'town_leader', 'office_lead', 'dispatcher'])
const OFFICE_HOME = '/office'

export function worksInField(me: Pick<Me, 'role'> | null | undefined): boolean {
  return FIELD.has(me?.role ?? '')
}

export function isAlarmed(me: Pick<Me, 'role'> | null | undefined): boolean {
  return ALARMED.has(me?.role ?? '')
}

export function approves(me: Pick<Me, 'role'> | null | undefined): boolean {
  return me?.role === 'unit_head'
}

export function hasOffice(me: Pick<Me, 'role'> | null | undefined): boolean {
  return Boolean(me) && !worksInField(me)
}

/** Where a role's day starts (UX.md, Who holds it). */
export function homeOf(me: Pick<Me, 'role'> | null | undefined): string {
  if (!me) return '/login'
  if (approves(me)) return '/review'
  return worksInField(me) ? '/tickets' : OFFICE_HOME
}
