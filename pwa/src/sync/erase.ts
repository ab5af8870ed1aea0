/**
 * What was written about a ticket before it turned confidential goes up and is then erased (SYNC.md "Confidential
 * tickets"): by whoever still holds the ticket because its row says so, by whoever lost it because the receipt does.
 */
import { ticketOfDraft, write, type BaseReceipt, type OutboxDb, type OutboxPhoto, type SentOp } from '../local/db'
import type { SyncContext } from './context'

/** What is left of an operation: its place in the count. */
export const ERASED = { name: 'void', args: { code: 'erased' }, label: {} } as const

export function isErased(sent: SentOp | undefined): boolean {
  return sent?.name === 'void' && sent.args.code === 'erased'
}

/** Confidential tickets about which something still lies in the outbox. */
export async function confidentialSubjects(ctx: SyncContext, receipts: BaseReceipt[]): Promise<Set<string>> {
  const { outbox } = ctx
  const [ops, sent, problems, drafts, photos] = await Promise.all([
    outbox.ops.toArray(),
    outbox.sent.toArray(),
    outbox.problems.toArray(),
    outbox.drafts.toCollection().primaryKeys(),
    outbox.photos.toArray(),
  ])
  const written = [...sent, ...problems].filter(({ name }) => name !== ERASED.name)
  const subjects = [...ops, ...written].map(({ subject }) => subject)
  const ids = new Set([...subjects, ...drafts.map(ticketOfDraft), ...photos.map(ticketOfPhoto)])
  const rows = await ctx.base.rows.bulkGet([...ids].map((id): [string, string] => ['ticket', id]))
  const found = rows.flatMap((row) => (row && (row.doc as { confidential?: boolean }).confidential ? [row.id] : []))
  const marked = new Set(receipts.filter(({ details }) => details?.erase).map(({ id }) => id))
  const lost = [...ops, ...sent].filter(({ id }) => marked.has(id)).map(({ subject }) => subject)
  return new Set([...found, ...lost])
}

/** Everything but what has yet to go up: operations, and photos that an operation names. */
export async function erase(outbox: OutboxDb, subjects: Set<string>): Promise<void> {
  if (subjects.size === 0) return
  await write(outbox, async (tx) => {
    const isOf = (one: { subject: string; name: string }): boolean => subjects.has(one.subject) && one.name !== ERASED.name
    await tx.sent.filter(isOf).modify(ERASED)
    await tx.problems.filter(isOf).modify(ERASED)
    await tx.drafts.filter((draft) => subjects.has(ticketOfDraft(draft.key))).delete()
    const over = (photo: OutboxPhoto): boolean => photo.op === null || photo.state === 'done' || photo.state === 'failed'
    const ids = await tx.photos.filter((photo) => over(photo) && subjects.has(ticketOfPhoto(photo))).primaryKeys()
    await tx.photos.bulkDelete(ids)
    await tx.blobs.bulkDelete(ids)
  })
}

function ticketOfPhoto(photo: OutboxPhoto): string {
  return photo.ticket ?? ticketOfDraft(photo.draft ?? '')
}
