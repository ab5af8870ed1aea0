/** Every address of the app. Only the list that a worker's day begins with is in the first bundle. */
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { homeOf } from './components/roles'
import { countNavigation } from './lib/screen'
import { session } from './local/session'
import TicketList from './views/field/TicketList.vue'
import { emergencyRoutes } from './views/emergency/routes'
import { officeRoutes } from './views/office/routes'

/** One tap from the list: fetched as soon as that stands (boot.ts), not before. */
export const loadTicket = () => import('./views/field/TicketScreen.vue')

const routes: RouteRecordRaw[] = [
  { path: '/', name: 'home', redirect: () => homeOf(session()?.user) },
  { path: '/login', name: 'login', meta: { open: true }, component: () => import('./views/common/LoginScreen.vue') },
  { path: '/tickets', name: 'tickets', component: TicketList },
  { path: '/tickets/:id', name: 'ticket', props: true, component: loadTicket },
  { path: '/tickets/:id/arrive', props: true, component: () => import('./views/field/ArriveScreen.vue') },
  { path: '/tickets/:id/done', props: true, component: () => import('./views/field/DoneScreen.vue') },
  { path: '/tickets/:id/callback', props: true, component: () => import('./views/field/CallbackScreen.vue') },
  { path: '/tickets/:id/reply', props: true, component: () => import('./views/field/ReplyScreen.vue') },
  { path: '/tickets/:id/return', props: true, component: () => import('./views/field/ReturnScreen.vue') },
  { path: '/tickets/:id/note', props: true, component: () => import('./views/field/NoteScreen.vue') },
  { path: '/review', name: 'review', component: () => import('./views/head/ReviewList.vue') },
  { path: '/review/:id', props: true, component: () => import('./views/head/ReviewScreen.vue') },
  { path: '/outbox', name: 'outbox', component: () => import('./views/common/OutboxScreen.vue') },
  { path: '/problems', name: 'problems', component: () => import('./views/common/ProblemsScreen.vue') },
  { path: '/me', name: 'me', component: () => import('./views/common/MeScreen.vue') },
  { path: '/password', name: 'password', component: () => import('./views/common/PasswordScreen.vue') },
  { path: '/alerts', name: 'alerts', component: () => import('./views/common/AlertList.vue') },
  { path: '/alerts/:id', props: true, component: () => import('./views/common/AlertScreen.vue') },
  ...emergencyRoutes,
  ...officeRoutes,
  { path: '/:rest(.*)*', meta: { open: true }, component: () => import('./views/common/NotFoundScreen.vue') },
]

export const router = createRouter({
  history: createWebHistory(),
  routes,
  // The first screen is at the top already; asking would lay it out twice.
  scrollBehavior: (_to, from, saved) => saved ?? (from.matched.length > 0 ? { top: 0 } : false),
})

// An expired session does not lock anybody out of what is on the phone: only “nobody ever signed in” does.
router.beforeEach((to) => {
  const user = session()?.user
  if (!user) return to.meta.open ? true : { path: '/login', query: to.path === '/' ? {} : { to: to.fullPath } }
  if (user.must_change_password && to.name !== 'password' && to.name !== 'login') return { name: 'password' }
  return true
})

router.afterEach((_to, _from, failure) => {
  if (!failure) countNavigation()
})
