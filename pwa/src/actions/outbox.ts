/** What a person does with the outbox and with 待处理. */
import { openOutbox, write } from '../local/db'
import { writeDraft } from '../local/drafts'
import { userId } from '../local/session'
import { forgetLoss as forget } from '../local/storage'
import { askForSync } from '../sync/outbox'

/** He has dealt with it: the item leaves 待处理, a photo that cannot be sent leaves the phone. */
export async function dismissProblem(id: string): Promise<void> {
  const outbox = openOutbox(userId())
  await write(outbox, async (tx) => {
    await tx.problems.delete(id)
    const failed = await tx.photos
      .filter((photo) => photo.state === 'failed' && (photo.id === id || photo.op === id))
      .primaryKeys()
    await tx.photos.bulkDelete(failed)
    await tx.blobs.bulkDelete(failed)
  })
}

/**
 * Try now, whatever the waiting times say.
 * @param id an operation or a photo; all photos when missing
 */
export async function retryNow(id?: string): Promise<void> {
  const outbox = openOutbox(userId())
  await write(outbox, async (tx) => {
    const photos = await tx.photos.where('state').anyOf('waiting', 'uploading', 'failed').toArray()
    for (const photo of photos) {
      if (id !== undefined && photo.id !== id && photo.op !== id) continue
      const refused = photo.op !== null && (await tx.sent.get(photo.op))?.receipt.outcome === 'refused'
      if (photo.state === 'failed' && (id === undefined || refused)) continue
      await tx.photos.update(photo.id, { state: 'waiting', nextTryAt: 0, tries: 0 })
      await tx.problems.delete(photo.id)
    }
  })
  askForSync(true)
}

/** The person has read that his storage was lost. */
export function forgetLoss(): Promise<void> {
  return forget(userId())
}

/** Put what was refused back into its form, to be changed and sent as something new. */
export async function prefillDraft(key: string, value: object): Promise<void> {
  await writeDraft(userId(), key, JSON.parse(JSON.stringify(value)), Date.now())
}

export { exportOutbox } from './outboxFile'
