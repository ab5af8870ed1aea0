/** How safe and how full the phone's storage is, and whether it lost a database behind our back. */
import { getValue, openOutbox } from './db'

export interface StorageFacts {
  /** Will the browser keep our data when space is short? undefined: the engine does not say. */
  persisted?: boolean
  usage?: number
  quota?: number
  /** A database that used to be here has vanished; unsent work may have gone with it. */
  lost?: boolean
}

const MARK = 'jiban.outbox.'

let facts: StorageFacts = {}
const listeners = new Set<(facts: StorageFacts) => void>()

export function storageFacts(): StorageFacts {
  return facts
}

/** Called with every change. Returns the way to stop. */
export function onStorage(listener: (facts: StorageFacts) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Ask the engine how full the storage is and whether it is safe; with `persist`, also ask it to be. */
export async function measureStorage(persist = false): Promise<StorageFacts> {
  const { storage } = navigator as { storage?: Partial<StorageManager> } // Safari 15.2
  const next: StorageFacts = { ...facts }
  try {
    const persisted = persist ? await storage?.persist?.() : await storage?.persisted?.()
    if (persisted !== undefined) next.persisted = persisted
    const { usage, quota } = (await storage?.estimate?.()) ?? {}
    if (usage !== undefined) next.usage = usage
    if (quota !== undefined) next.quota = quota
  } catch {
    // Some engines refuse in private windows. Nothing is known then, and nothing is claimed.
  }
  tell(next)
  return next
}

/**
 * Compare the outbox with the mark that localStorage keeps of it. Safari clears script storage after seven days
 * without a visit, phones clear it when space is short; a person must hear of it from us.
 * @param device the device id of the outbox, undefined when the outbox is empty or new
 */
export function checkLost(user: string, device: string | undefined): boolean {
  let lost = false
  try {
    const marked = localStorage.getItem(MARK + user)
    lost = marked !== null && marked !== '' && device === undefined
    if (!lost && device !== undefined) localStorage.setItem(MARK + user, device)
  } catch {
    // No localStorage, no mark.
  }
  if (lost) tell({ ...facts, lost })
  return lost
}

/** The person has read that his storage was lost. */
export async function forgetLoss(user: string): Promise<void> {
  try {
    localStorage.setItem(MARK + user, (await readDevice(user)) ?? '')
  } catch {
    // see checkLost
  }
  tell({ ...facts, lost: false })
}

/** This browser's device id for a user; undefined before his first sign-in here. */
export function readDevice(user: string): Promise<string | undefined> {
  return getValue<string>(openOutbox(user).meta, 'device')
}

function tell(next: StorageFacts): void {
  facts = next
  for (const listener of [...listeners]) listener(next)
}
