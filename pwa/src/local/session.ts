/** Who is signed in on this browser. Readable without network; shared by all tabs. */
import { liveQuery } from 'dexie'
import { getValue, openApp, setValue } from './db'
import type { Session } from './records'

const KEY = 'session'
const MARK = 'jiban.user'

let current: Session | null = null
let loading: Promise<Session | null> | undefined
const listeners = new Set<(session: Session | null) => void>()

/** The session in memory; null before `loadSession` has ended and when nobody is signed in. */
export function session(): Session | null {
  return current
}

/** The signed-in person's id. Throws when nobody is: only screens behind the sign-in call it. */
export function userId(): string {
  if (!current) throw new Error('nobody is signed in')
  return current.user.id
}

/** Read the last session once, then follow what other tabs and the service worker make of it. */
export function loadSession(): Promise<Session | null> {
  loading = loading ?? follow()
  return loading
}

export async function saveSession(next: Session | null): Promise<void> {
  if (next) await setValue(openApp().kv, KEY, next)
  else await openApp().kv.delete(KEY)
  tell(next)
}

/** Called with every change from now on. Returns the way to stop. */
export function onSession(listener: (session: Session | null) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Whose databases this browser will most likely open next. A guess to save time with: who it is, the session says. */
export function lastUser(): string | undefined {
  try {
    return localStorage.getItem(MARK) ?? undefined
  } catch {
    return undefined // storage switched off
  }
}

function mark(user: string | undefined): void {
  try {
    if (user === undefined) localStorage.removeItem(MARK)
    else if (lastUser() !== user) localStorage.setItem(MARK, user)
  } catch {
    // see lastUser
  }
}

function tell(next: Session | null): void {
  mark(next?.user.id)
  if (JSON.stringify(next) === JSON.stringify(current)) return
  current = next
  for (const listener of [...listeners]) listener(next)
}

function follow(): Promise<Session | null> {
  return new Promise((resolve, reject) => {
    liveQuery(() => getValue<Session>(openApp().kv, KEY)).subscribe(
      (stored) => {
        tell(stored ?? null)
        resolve(current)
      },
      (error: unknown) => {
        reject(error instanceof Error ? error : new Error(String(error)))
      },
    )
  })
}
