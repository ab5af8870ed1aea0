/** What is true right after a tap was stored: never more than that it is on this phone. */
type T = (key: string) => string

export function storedWords(t: T, sync: { online: boolean; needSignIn: boolean }): string {
  if (sync.needSignIn) return t('common.stored.signIn')
  return t(sync.online ? 'common.stored.online' : 'common.stored.offline')
}
