/** What pages and their service worker say to each other. */
export const SKIP_WAITING = 'skip-waiting'
/** To the worker: an alert or an acknowledgement changed; look at the notifications again. */
export const ALERTS_CHANGED = 'alerts-changed'
/** To the page, with `path`: a notification was tapped. */
export const OPEN_PATH = 'open-path'
/** To the page: the push subscription was made anew. */
export const PUSH_CHANGED = 'push-changed'
/** To the page, with `alert`: a test message arrived on this device. */
export const PUSH_TEST = 'push-test'

/** Keys of the browser-wide store that the page fills for the worker. */
export const KEPT_LANGUAGE = 'worker.language'
export const KEPT_DUTY_PHONE = 'worker.dutyPhone'
