/** What is true right after a tap was stored: never more than that it is on this phone. */
type T = (key: string) => string

export function storedWords(t: T, sync: { online: boolean; needSignIn: boolean }): string {
  if (sync.needSignIn) return t('common.stored.signIn')
  // `onLine` lies when it says yes, not when it says no.
  return t(sync.online && navigator.onLine ? 'common.stored.online' : 'common.stored.offline')
}
