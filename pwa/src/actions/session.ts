/** Signing in and out, and opening the app without a network. */
import { loadSession, saveSession, session } from '../local/session'
import type { Session, SessionUser } from '../local/records'
import { call } from './api'

/** Who used this phone last; the app opens as him, with the network or without. */
export function restore(): Promise<Session | null> {
  return loadSession()
}

/** Throws `ApiError` (`bad_credentials`, `locked_out`, …) or `NetworkError`. */
export async function signIn(username: string, password: string): Promise<SessionUser> {
  const answer = await call<{ user: SessionUser; csrf: string }>('POST', '/session', { body: { username, password } })
  const now = Date.now()
  await saveSession({ ...answer, state: 'live', signedInAt: now, confirmedAt: now })
  return answer.user
}

/** Sign out: the rows leave this phone, the outbox stays for its owner. Works without network. */
export async function signOut(): Promise<void> {
  await saveSession(null)
}

/** Throws `ApiError` (`wrong_password`, `weak_password`, …). */
export async function changePassword(current: string, next: string): Promise<void> {
  await call('POST', '/session/password', { body: { current, new: next } })
}

export { session }
