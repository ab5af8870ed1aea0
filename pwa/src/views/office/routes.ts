/**
 * The office's routes: everything below /office is loaded on first use, with Element Plus and the charts,
 * so that a phone never pays for them. `roles` says who finds the page in the navigation; the server decides
 * who gets the data.
 */
import type { RouteRecordRaw } from 'vue-router'
import { addMessages } from '@/lib/i18n'
import { pageRoles } from './pages'

/** The frame brings the office's words along, so that no page shows a key while they are on their way. */
async function shell() {
  await addMessages('office', async (language) => {
    const words = language === 'en' ? import('@/locales/en/office.json') : import('@/locales/zh-CN/office.json')
    return (await words).default
  })
  await addMessages('duty', async (language) => {
    const words = language === 'en' ? import('@/locales/en/duty.json') : import('@/locales/zh-CN/duty.json')
    return (await words).default
  })
  return import('./OfficeShell.vue')
}

export const officeRoutes: RouteRecordRaw[] = [
  {
    path: '/office',
    component: shell,
    children: [
      { path: '', name: 'office', redirect: { name: 'office-home' } },
      { path: 'home', name: 'office-home', component: () => import('./OfficeHome.vue') },
      {
        path: 'dispatch',
        name: 'office-dispatch',
        meta: { roles: pageRoles.dispatch },
        component: () => import('./DispatchPage.vue'),
      },
      {
        path: 'board',
        name: 'office-board',
        meta: { roles: pageRoles.board },
        component: () => import('./BoardPage.vue'),
      },
      {
        path: 'emergency',
        name: 'office-emergency',
        meta: { roles: pageRoles.emergency, watchesAlarms: 'cards' },
        component: () => import('./EmergencyPage.vue'),
      },
      {
        path: 'emergency/incidents',
        name: 'office-incidents',
        meta: { roles: pageRoles.emergency, watchesAlarms: 'strip' },
        component: () => import('./IncidentsPage.vue'),
      },
      {
        path: 'emergency/incidents/:id',
        name: 'office-incident',
        props: true,
        meta: { roles: pageRoles.emergency, watchesAlarms: 'strip' },
        component: () => import('./IncidentPage.vue'),
      },
      {
        path: 'rota',
        name: 'office-rota',
        meta: { roles: pageRoles.rota },
        component: () => import('./RotaPage.vue'),
      },
      {
        path: 'drills',
        name: 'office-drills',
        meta: { roles: pageRoles.drills },
        component: () => import('./DrillsPage.vue'),
      },
      {
        path: 'alarms',
        name: 'office-alarms',
        meta: { roles: pageRoles.alarms },
        component: () => import('./AlarmSettingsPage.vue'),
      },
      {
        path: 'tickets',
        name: 'office-tickets',
        meta: { roles: pageRoles.tickets },
        component: () => import('./TicketsPage.vue'),
      },
      {
        path: 'tickets/:id',
        name: 'office-ticket',
        props: true,
        meta: { roles: pageRoles.tickets },
        component: () => import('./TicketPage.vue'),
      },
      {
        path: 'confirm',
        name: 'office-confirm',
        meta: { roles: pageRoles.confirm },
        component: () => import('./ConfirmPage.vue'),
      },
      {
        path: 'import',
        name: 'office-import',
        meta: { roles: pageRoles.import },
        component: () => import('./ImportPage.vue'),
      },
      {
        path: 'people',
        name: 'office-people',
        meta: { roles: pageRoles.people },
        component: () => import('./PeoplePage.vue'),
      },
      {
        path: 'calendar',
        name: 'office-calendar',
        meta: { roles: pageRoles.calendar },
        component: () => import('./CalendarPage.vue'),
      },
    ],
  },
]
