/** Addresses of the phone's emergency screens. */
import type { RouteRecordRaw } from 'vue-router'

export const emergencyRoutes: RouteRecordRaw[] = [
  { path: '/report', name: 'report', component: () => import('./ReportMatters.vue') },
  { path: '/report/:matter', props: true, component: () => import('./ReportForm.vue') },
  { path: '/incidents', name: 'incidents', component: () => import('./IncidentList.vue') },
  { path: '/incidents/:id', name: 'incident', props: true, component: () => import('./IncidentScreen.vue') },
  { path: '/incidents/:id/sent', props: true, component: () => import('./ReportSent.vue') },
  { path: '/incidents/:id/note', props: true, component: () => import('./NoteForm.vue') },
  { path: '/incidents/:id/arrive', props: true, component: () => import('./ArriveForm.vue') },
  { path: '/incidents/:id/tasks/:task', props: true, component: () => import('./TaskForm.vue') },
]
