/** The roles of DOMAIN §E, and which of them belong to a unit. */
import type { Role } from '@/domain/types'

export const ROLES: readonly Role[] = [
  'grid_worker',
  'unit_clerk',
  'unit_head',
  'dispatcher',
  'office_lead',
  'leading_group',
  'town_leader',
  'duty_room',
  'petition_officer',
  'kb_liaison',
  'auditor',
  'sys_admin',
]

const IN_UNIT: readonly Role[] = ['grid_worker', 'unit_clerk', 'unit_head', 'kb_liaison']

export function belongsToUnit(role: string): boolean {
  return (IN_UNIT as readonly string[]).includes(role)
}
