/**
 * The databases of a phone. Three, because their lives differ (SYNC.md "Client rules"):
 *
 * - `jiban` (one per browser): who is signed in;
 * - `jiban-base-<user>`: rows from the server, a copy that may be thrown away and filled again;
 * - `jiban-outbox-<user>`: the user's own work. Strictly durable, never wiped at logout, never migrated away:
 *   a later version may add stores and indexes, it may not drop or rewrite any.
 *
 * IndexedDB has no transaction over two databases. A receipt is therefore stored in the base, in one transaction
 * with the rows that contain the operation; from that moment on the view leaves the operation out, and settling
 * it in the outbox afterwards is a tidying-up that can be repeated (`sync/receipts.ts`).
 */
import Dexie, { type Collection, type PromiseExtended, type Table } from 'dexie'
import type {
  BaseReceipt,
  ContactRow,
  Draft,
  GoneRow,
  KeyValue,
  OutboxOp,
  OutboxPhoto,
  PhotoBytes,
  Problem,
  Row,
  SentOp,
  SyncStatus,
} from './records'

export class AppDb extends Dexie {
  kv!: Table<KeyValue, string>

  constructor() {
    super('jiban', { chromeTransactionDurability: 'strict' })
    this.version(1).stores({ kv: '&key' })
  }
}

export interface BaseStores {
  rows: Table<Row, [string, string]>
  receipts: Table<BaseReceipt, string>
  gone: Table<GoneRow, [string, string]>
  contacts: Table<ContactRow, string>
  meta: Table<KeyValue, string>
}

export class BaseDb extends Dexie implements BaseStores {
  rows!: BaseStores['rows']
  receipts!: BaseStores['receipts']
  gone!: BaseStores['gone']
  contacts!: BaseStores['contacts']
  meta!: BaseStores['meta']

  constructor(readonly user: string) {
    super(`jiban-base-${user}`)
    this.version(1).stores({
      rows: '&[type+id], type, *buckets',
      receipts: '&id',
      gone: '&[type+id], at',
      contacts: '&id',
      meta: '&key',
    })
  }
}

export interface OutboxStores {
  ops: Table<OutboxOp, number>
  photos: Table<OutboxPhoto, string>
  blobs: Table<PhotoBytes, string>
  sent: Table<SentOp, string>
  problems: Table<Problem, string>
  drafts: Table<Draft, string>
  meta: Table<KeyValue, string>
}

export class OutboxDb extends Dexie implements OutboxStores {
  ops!: OutboxStores['ops']
  photos!: OutboxStores['photos']
  blobs!: OutboxStores['blobs']
  sent!: OutboxStores['sent']
  problems!: OutboxStores['problems']
  drafts!: OutboxStores['drafts']
  meta!: OutboxStores['meta']

  constructor(readonly user: string) {
    super(`jiban-outbox-${user}`, { chromeTransactionDurability: 'strict' })
    this.version(1).stores({
      ops: '&n, &id, subject',
      photos: '&id, op, draft, state',
      blobs: '&id',
      sent: '&id, n, settledAt',
      problems: '&id, subject',
      drafts: '&key',
      meta: '&key',
    })
  }
}

export type * from './records'

const BASE_KEPT_MS = 14 * 86_400_000

let app: AppDb | undefined
const bases = new Map<string, BaseDb>()
const outboxes = new Map<string, OutboxDb>()

/** The browser-wide database, opened on first use. */
export function openApp(): AppDb {
  app = app ?? new AppDb()
  return app
}

/** This user's copy of the server's rows. The same object for the whole life of the page. */
export function openBase(user: string): BaseDb {
  return opened(bases, user, () => new BaseDb(user))
}

/** This user's own work. The same object for the whole life of the page. */
export function openOutbox(user: string): OutboxDb {
  return opened(outboxes, user, () => new OutboxDb(user))
}

function opened<Db extends Dexie>(known: Map<string, Db>, user: string, make: () => Db): Db {
  const before = known.get(user)
  if (before) return before
  const made = make()
  // Another tab with a newer version of the app must be able to upgrade: let go, and open again at the next use.
  made.on('versionchange', () => {
    made.close({ disableAutoOpen: false })
  })
  known.set(user, made)
  return made
}

/** Close everything and forget the handles (tests, and before a database is deleted). */
export function closeAll(): void {
  for (const db of [...bases.values(), ...outboxes.values()]) db.close()
  app?.close()
  app = undefined
  bases.clear()
  outboxes.clear()
}

/**
 * One transaction over all stores of a database, or over `stores` where readers of the others are not to be waited
 * for: everything in `work` happens, or nothing. Use only the stores that
 * `work` is handed: they are bound to the transaction. (Dexie can also find the running transaction by itself, but
 * that rests on following native promises, and with live queries running beside it loses its way now and then: the
 * rest of the work then runs outside, half of it stored. Seen here, 3 times in 12.)
 */
export function write<T>(db: BaseDb, work: (tx: BaseStores) => PromiseLike<T>): Promise<T>
export function write<T, S extends keyof OutboxStores = keyof OutboxStores>(
  db: OutboxDb,
  work: (tx: Pick<OutboxStores, S>) => PromiseLike<T>,
  stores?: readonly S[],
): Promise<T>
export function write<T>(db: Dexie, work: (tx: never) => PromiseLike<T>, stores?: readonly string[]): Promise<T> {
  return db.transaction('rw', stores ? [...stores] : db.tables.map(({ name }) => name), (tx) => work(tx as never))
}

/** The same for reading the base: one snapshot. */
export function read<T>(db: BaseDb, work: (tx: BaseStores) => PromiseLike<T>): PromiseExtended<T> {
  return db.transaction('r', db.tables, (tx) => work(tx as unknown as BaseStores))
}

/** A draft's key is `step:ticket`. */
export function ticketOfDraft(key: string): string {
  return key.slice(key.indexOf(':') + 1)
}

/** All rows of a type, by the key that holds them: an index would look each of them up once more. */
export function rowsOf(base: BaseStores, type: string): Collection<Row, [string, string]> {
  return base.rows.where('[type+id]').between([type, Dexie.minKey], [type, Dexie.maxKey])
}

/** One value of a key-value store. */
export async function getValue<T>(table: Table<KeyValue, string>, key: string): Promise<T | undefined> {
  return (await table.get(key))?.value as T | undefined
}

export async function setValue(table: Table<KeyValue, string>, key: string, value: unknown): Promise<void> {
  await table.put({ key, value })
}

/** After 14 days without contact the rows leave the phone. */
export async function isBaseStale(base: BaseDb, nowMs: number): Promise<boolean> {
  const status = await getValue<SyncStatus>(base.meta, 'status')
  return status?.lastContactAt !== undefined && nowMs - status.lastContactAt > BASE_KEPT_MS
}

/** Logout, revocation, 14 days: every row, contact and cursor goes. The outbox is another database and stays. */
export async function purgeBase(base: BaseDb): Promise<void> {
  await write(base, (tx) =>
    Promise.all([tx.rows, tx.receipts, tx.gone, tx.contacts, tx.meta].map((store) => store.clear())),
  )
}
