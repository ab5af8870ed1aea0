/** Which page of the office is whose work (DOMAIN §E). The order is the order of the navigation. */
export const pageRoles = {
  dispatch: ['dispatcher', 'office_lead', 'town_leader', 'leading_group'],
  emergency: ['duty_room', 'office_lead', 'dispatcher', 'town_leader'],
  board: ['dispatcher', 'office_lead', 'town_leader', 'duty_room', 'leading_group', 'auditor'],
  tickets: ['dispatcher', 'office_lead', 'town_leader', 'duty_room', 'leading_group', 'petition_officer'],
  confirm: ['dispatcher', 'office_lead'],
  rota: ['duty_room', 'office_lead', 'dispatcher', 'town_leader', 'sys_admin', 'unit_head', 'unit_clerk'],
  drills: ['duty_room', 'office_lead', 'dispatcher', 'town_leader', 'leading_group', 'auditor'],
  import: ['dispatcher', 'office_lead', 'sys_admin'],
  people: ['sys_admin'],
  calendar: ['sys_admin', 'office_lead'],
  alarms: ['sys_admin', 'office_lead', 'duty_room'],
} as const

export type OfficePage = keyof typeof pageRoles

export const pagePath: Record<OfficePage, string> = {
  dispatch: '/office/dispatch',
  emergency: '/office/emergency',
  board: '/office/board',
  tickets: '/office/tickets',
  confirm: '/office/confirm',
  rota: '/office/rota',
  drills: '/office/drills',
  import: '/office/import',
  people: '/office/people',
  calendar: '/office/calendar',
  alarms: '/office/alarms',
}

/** The pages that `role` finds in its navigation. */
export function pagesOf(role: string): OfficePage[] {
  const all = Object.keys(pageRoles) as OfficePage[]
  return all.filter((page) => (pageRoles[page] as readonly string[]).includes(role))
}

/** Where `role` starts: the desk of the dispatch for those who dispatch, else the first page that is theirs. */
export function homePage(role: string): OfficePage | undefined {
  if (role === 'office_lead' || role === 'town_leader') return 'board'
  return pagesOf(role)[0]
}
