/**
 * Fetch what changed, page by page. Page, receipts and cursor are stored in one transaction, and only if the
 * cursor is still the one that was sent: a second tab's pull makes this one superfluous, never wrong.
 */
import { getValue, setValue, type BaseStores, type Row, write } from '../local/db'
import { learn } from './answer'
import { report, type SyncContext } from './context'
import { standing } from './device'
import { brokenBuckets } from './digest'
import { askAgain, settle } from './receipts'
import { Failure } from './transport'
import { isPullAnswer, SCHEMA, type PullAnswer, type PullChange, type PullRequest } from './wire'

const PAGE_ROWS = 500
const PAGES_MAX = 1_000
const LIMIT_MS = 30_000
const DIGEST_EVERY_MS = 30 * 60_000
const GONE_KEPT_MS = 14 * 86_400_000

export interface Pulled {
  changes: number
  receipts: number
  /** The server is another than the outbox knows (restored): a push has to find out how much it forgot. */
  newEpoch: boolean
}

/** A rebuild in progress: rows not seen again by its end are swept. `buckets` null means everything. */
interface Rebuild {
  gen: number
  buckets: string[] | null
}

/** Throws `Failure`; whole pages before it are stored. */
export async function pull(ctx: SyncContext): Promise<Pulled> {
  const pulled: Pulled = { changes: 0, receipts: 0, newEpoch: false }
  let refill: string[] | undefined
  let healed = false
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const request = await requestOf(ctx, refill)
    const answer = await fetchPage(ctx, request)
    if (!answer) continue
    if (!(await storePage(ctx, request, answer))) return pulled
    pulled.changes += answer.changes.length
    pulled.receipts += answer.receipts.length
    if (answer.more) {
      await report(ctx, { filling: (await ctx.base.rows.count()) || undefined })
      refill = undefined
      continue
    }
    refill = await check(ctx, answer, healed)
    if (refill) {
      healed = true
      continue
    }
    await settle(ctx)
    await askAgain(ctx)
    await report(ctx, { filling: undefined })
    pulled.newEpoch = (await standing(ctx.outbox)).epoch !== answer.epoch
    return pulled
  }
  return pulled
}

async function requestOf(ctx: SyncContext, refill: string[] | undefined): Promise<PullRequest> {
  const { base, outbox } = ctx
  const { device } = await standing(outbox)
  const [cursor, epoch, owner, checkedAt = 0] = await Promise.all([
    getValue<string>(base.meta, 'cursor'),
    getValue<string>(base.meta, 'epoch'),
    getValue<string>(base.meta, 'device'),
    getValue<number>(base.meta, 'checkedAt'),
  ])
  // A cursor is bound to its device; after a renumbering the rows are fetched anew and the old ones swept.
  const usable = owner === device
  return {
    user: ctx.user,
    device,
    epoch: (usable ? epoch : undefined) ?? null,
    schema: SCHEMA,
    cursor: (usable ? cursor : undefined) ?? null,
    limit: PAGE_ROWS,
    ...(Math.abs(ctx.tap().wallMs - checkedAt) > DIGEST_EVERY_MS || refill ? { digest: true as const } : {}),
    ...(refill ? { refill } : {}),
  }
}

/** undefined: the server did not know the cursor; it is dropped and the rows are fetched anew. */
async function fetchPage(ctx: SyncContext, request: PullRequest): Promise<PullAnswer | undefined> {
  try {
    const answer = await ctx.net.ask({ method: 'POST', path: '/sync/pull', json: request, limitMs: LIMIT_MS })
    if (!isPullAnswer(answer.body)) throw new Failure('offline', answer.status, 'not_ours', '')
    await learn(ctx, answer, answer.body.time)
    return answer.body
  } catch (error) {
    const stale = error instanceof Failure && /^(bad_|invalid_)?cursor|^epoch$/.test(error.code)
    if (!stale || request.cursor === null) throw error
    await write(ctx.base, async (tx) => {
      if ((await getValue<string>(tx.meta, 'cursor')) === request.cursor) await tx.meta.delete('cursor')
    })
    return undefined
  }
}

/** @returns false when another tab stored a page meanwhile */
async function storePage(ctx: SyncContext, request: PullRequest, answer: PullAnswer): Promise<boolean> {
  const { base } = ctx
  const nowMs = ctx.tap().wallMs
  return write(base, async (tx) => {
    const owner = await getValue<string>(tx.meta, 'device')
    const cursor = (owner === request.device ? await getValue<string>(tx.meta, 'cursor') : undefined) ?? null
    if (cursor !== request.cursor) return false
    const rebuild = await rebuildOf(tx, request, answer)
    await storeChanges(tx, answer.changes, rebuild?.gen ?? 0, nowMs)
    if (answer.receipts.length > 0) await tx.receipts.bulkPut(answer.receipts)
    if (rebuild && !answer.more) {
      await sweep(tx, rebuild)
      await tx.meta.delete('rebuild')
    }
    await tx.meta.bulkPut([
      { key: 'cursor', value: answer.cursor },
      { key: 'epoch', value: answer.epoch },
      { key: 'device', value: request.device },
    ])
    if (!answer.more) await tx.gone.where('at').below(nowMs - GONE_KEPT_MS).delete()
    return true
  })
}

/** The rebuild that this page belongs to: one begun earlier, or one that the answer (or an empty cursor) begins. */
async function rebuildOf(tx: BaseStores, request: PullRequest, answer: PullAnswer): Promise<Rebuild | undefined> {
  const running = await getValue<Rebuild>(tx.meta, 'rebuild')
  const everything = request.cursor === null || answer.reset === 'all'
  if (!everything && answer.reset === null) return running
  const gen = ((await getValue<number>(tx.meta, 'gen')) ?? 0) + (everything || !running ? 1 : 0)
  const asked = answer.reset === 'all' ? [] : (answer.reset ?? [])
  const buckets = everything || running?.buckets === null ? null : [...new Set([...(running?.buckets ?? []), ...asked])]
  const rebuild: Rebuild = { gen, buckets }
  await tx.meta.bulkPut([
    { key: 'gen', value: gen },
    { key: 'rebuild', value: rebuild },
  ])
  return rebuild
}

async function storeChanges(tx: BaseStores, changes: PullChange[], gen: number, at: number): Promise<void> {
  const last = new Map(changes.map((change) => [`${change.type}|${change.id}`, change]))
  const rows: Row[] = []
  const gone: PullChange[] = []
  for (const change of last.values()) {
    if (change.gone !== undefined) gone.push(change)
    else rows.push({ type: change.type, id: change.id, rev: change.rev, buckets: change.buckets, doc: change.doc, gen })
  }
  const keys = (list: { type: string; id: string }[]) => list.map((one): [string, string] => [one.type, one.id])
  await tx.rows.bulkPut(rows)
  const stubs = rows.filter((row) => (row.doc as { confidential?: boolean }).confidential)
  await tx.contacts.bulkDelete(stubs.map((row) => row.id))
  await tx.gone.bulkDelete(keys(rows))
  const held = await tx.rows.bulkGet(keys(gone))
  await tx.rows.bulkDelete(keys(gone))
  await tx.contacts.bulkDelete(gone.map((change) => change.id))
  const told = gone.filter((_change, place) => held[place] !== undefined)
  await tx.gone.bulkPut(
    told.map((change) => {
      const { type, id, gone: reason = 'moved', into } = change as Extract<PullChange, { gone: string }>
      return { type, id, reason, at, ...(into === undefined ? {} : { into }) }
    }),
  )
}

async function sweep(tx: BaseStores, { gen, buckets }: Rebuild): Promise<void> {
  const unseen = buckets
    ? await tx.rows.where('buckets').anyOf(buckets).distinct().filter((row) => row.gen < gen).toArray()
    : await tx.rows.filter((row) => row.gen < gen).toArray()
  const left = unseen.map((row) => ({ ...row, buckets: buckets ? row.buckets.filter((b) => !buckets.includes(b)) : [] }))
  const dead = left.filter((row) => row.buckets.length === 0)
  await tx.rows.bulkPut(left.filter((row) => row.buckets.length > 0))
  await tx.rows.bulkDelete(dead.map((row): [string, string] => [row.type, row.id]))
  await tx.contacts.bulkDelete(dead.map((row) => row.id))
}

/**
 * Compare with the server's digest. What differs is asked for once more from the start; what still differs after
 * that is said and left for the next check.
 */
async function check(ctx: SyncContext, answer: PullAnswer, healed: boolean): Promise<string[] | undefined> {
  if (!answer.digest) return undefined
  const rows = await ctx.base.rows.toArray()
  const broken = await brokenBuckets(rows, answer.digest)
  if (broken.length > 0 && !healed) return broken
  await setValue(ctx.base.meta, 'checkedAt', ctx.tap().wallMs)
  await setValue(ctx.base.meta, 'broken', broken)
  if (broken.length > 0) {
    await report(ctx, { trouble: { code: 'digest', message: broken.join(' '), at: ctx.tap().wallMs } })
  }
  return undefined
}
