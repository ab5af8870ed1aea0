/** Signing in and out, and opening the app without a network. */
import { getValue, isBaseStale, openApp, openBase, openOutbox, purgeBase, setValue, write } from '../local/db'
import type { Session, SessionUser } from '../local/records'
import { lastUser, loadSession, saveSession, session } from '../local/session'
import { checkLost, measureStorage, readDevice } from '../local/storage'
import { uuid7 } from '../lib/ids'
import { ApiError, NetworkError, request } from './api'
import { leavePush } from './push'

const FAREWELL = 'farewell'
const USERS = 'users'

/** Who used this phone last; the app opens as him, with the network or without. */
export async function restore(): Promise<Session | null> {
  openEarly()
  const current = await loadSession()
  if (!current) return null
  const user = current.user.id
  const base = openBase(user)
  const [stale, device] = await Promise.all([isBaseStale(base, Date.now()), readDevice(user)])
  if (stale) await purgeBase(base)
  checkLost(user, device)
  return current
}

/** The databases open while it is still being read who uses them. */
function openEarly(): void {
  const user = lastUser()
  if (user === undefined) return
  // What cannot be opened says so to whoever uses it.
  for (const db of [openBase(user), openOutbox(user)]) db.open().catch(() => undefined)
}

/** Ask the server whether the session still lives; without network nothing changes. */
export async function confirmSession(): Promise<void> {
  const before = session()
  await sayFarewell()
  if (!before) return
  try {
    const answer = await request('GET', '/session')
    const current = session()
    if (current?.user.id !== before.user.id) return
    const state = answer.user.id === current.user.id ? 'live' : 'wrong_user'
    const fresh = state === 'live' ? answer : {}
    await saveSession({ ...current, ...fresh, state, confirmedAt: Date.now() })
  } catch (error) {
    if (error instanceof ApiError || error instanceof NetworkError) return // a 401 has been noted by request()
    throw error
  }
}

/** Throws `ApiError` (wrong password, locked out: the message says it) or `NetworkError`. */
export async function signIn(username: string, password: string): Promise<SessionUser> {
  const body = { username, password }
  const answer = await request('POST', '/session', { body, signingIn: true })
  const { user } = answer
  const kv = openApp().kv
  await kv.delete(FAREWELL)
  await makeRoom(user.id)
  const now = Date.now()
  await saveSession({ ...answer, state: 'live', signedInAt: now, confirmedAt: now })
  // Asked for only now: a browser grants it more readily to a site that is in use.
  void measureStorage(true)
  return user
}

/** Sign out: the rows leave this phone, the outbox stays for its owner. Works without network. */
export async function signOut(): Promise<void> {
  const leaving = session()
  if (!leaving) return
  // First, while the session lives: whoever takes this phone next is not to get this person's alerts.
  await leavePush(leaving.user.id)
  await setValue(openApp().kv, FAREWELL, leaving.csrf)
  await sayFarewell(leaving.csrf)
  await saveSession(null)
  await purgeBase(openBase(leaving.user.id))
}

/** Throws `ApiError`. */
export async function changePassword(current: string, next: string): Promise<void> {
  const answer = await request('POST', '/session/password', { body: { current, new: next } })
  const held = session()
  if (!held) return
  await saveSession({ ...held, ...answer })
}

/** A sign-out made without network is told to the server later. */
async function sayFarewell(csrf?: string): Promise<void> {
  const kv = openApp().kv
  const pending = csrf ?? (await getValue<string>(kv, FAREWELL))
  if (pending === undefined) return
  try {
    await request('DELETE', '/session', { signingIn: true, limitMs: 5_000, csrf: pending })
    await kv.delete(FAREWELL)
  } catch (error) {
    if (error instanceof NetworkError) return
    await kv.delete(FAREWELL) // the session is gone already
  }
}

/** Another person's rows leave a shared phone when somebody else signs in; his outbox stays. */
async function makeRoom(user: string): Promise<void> {
  const kv = openApp().kv
  const users = (await getValue<string[]>(kv, USERS)) ?? []
  for (const other of users) {
    if (other !== user) await purgeBase(openBase(other))
  }
  if (!users.includes(user)) await setValue(kv, USERS, [...users, user])
  const outbox = openOutbox(user)
  const lost = checkLost(user, await readDevice(user))
  const device = await write(outbox, async (tx) => {
    const known = await getValue<string>(tx.meta, 'device')
    const made = known ?? uuid7()
    if (known === undefined) await setValue(tx.meta, 'device', made)
    return made
  })
  // The mark of a lost outbox stays until its owner has read of it (forgetLoss).
  if (!lost) checkLost(user, device)
}
