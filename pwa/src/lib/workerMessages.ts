/** What pages and their service worker say to each other. */
export const SKIP_WAITING = 'skip-waiting'
