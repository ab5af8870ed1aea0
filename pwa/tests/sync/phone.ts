/** A phone over the fake server: real databases, real sync. */
import { uuid7 } from '../../src/lib/ids'
import { tapNow } from '../../src/lib/clock'
import { closeAll, openApp, openBase, openOutbox, setValue, type BaseDb, type OutboxDb } from '../../src/local/db'
import type { OutboxOp, OutboxPhoto, Session } from '../../src/local/records'
import { contextOf, type SyncContext } from '../../src/sync/context'
import { append } from '../../src/sync/outbox'
import { Transport } from '../../src/sync/transport'
import type { FakeServer } from './fakeServer'

export interface Phone {
  ctx: SyncContext
  base: BaseDb
  outbox: OutboxDb
  act: (subject: string, args?: Record<string, unknown>, photos?: string[]) => Promise<OutboxOp>
}

/** Wipes everything: each test starts on an empty phone. */
export async function wipe(): Promise<void> {
  closeAll()
  for (const { name } of await indexedDB.databases()) {
    await new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase(name ?? '')
      request.onsuccess = resolve
      request.onerror = () => {
        reject(new Error('not deleted'))
      }
    })
  }
}

export async function makePhone(server: FakeServer, user = 'u1'): Promise<Phone> {
  const now = Date.now()
  const session = { user: { id: user, name: '李伟' }, csrf: 'token-1', state: 'live', signedInAt: now, confirmedAt: now }
  await setValue(openApp().kv, 'session', session)
  const base = openBase(user)
  const outbox = openOutbox(user)
  const ctx = contextOf(base, outbox, new Transport({ fetch: server.fetch }, user))
  const act: Phone['act'] = (subject, args = {}, photos = []) => {
    const tap = tapNow()
    const at = new Date(tap.wallMs).toISOString()
    const op = { id: uuid7(), name: 'ticket.note', v: 1, subject, base: null, at, args }
    return append(user, op, tap, { label: {}, photos })
  }
  return { ctx, base, outbox, act }
}

export type Memory = [string, unknown[]][]

/** Everything this phone remembers. A copy of the phone is a second memory; one of them at a time is loaded. */
export async function memoryOf({ base, outbox }: Phone): Promise<Memory> {
  const tables = [...base.tables, ...outbox.tables]
  return Promise.all(tables.map(async (table): Promise<[string, unknown[]]> => [`${table.db.name} ${table.name}`, await table.toArray()]))
}

export async function remember({ base, outbox }: Phone, memory: Memory): Promise<void> {
  const held = new Map(memory)
  for (const table of [...base.tables, ...outbox.tables]) {
    await table.clear()
    await table.bulkAdd(held.get(`${table.db.name} ${table.name}`) ?? [])
  }
}

export async function addPhoto(phone: Phone, bytes: number, id: string = uuid7()): Promise<string> {
  const data = new Uint8Array(bytes).map((_zero, place) => place % 251)
  const photo: OutboxPhoto = {
    ...{ id, op: null, ticket: null, draft: 'd', state: 'draft', sha256: 'ab'.repeat(32), bytes, width: 4, height: 3 },
    ...{ taken_at: new Date().toISOString(), mime: 'image/jpeg', offset: 0, tries: 0, nextTryAt: 0, storedAt: Date.now() },
  }
  await phone.outbox.photos.put(photo)
  await phone.outbox.blobs.put({ id, data: data.buffer, thumb: null })
  return id
}

export function sessionState(): Promise<string | undefined> {
  return openApp()
    .kv.get('session')
    .then((record) => (record?.value as Session | undefined)?.state)
}
