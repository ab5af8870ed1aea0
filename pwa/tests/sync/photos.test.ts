// @vitest-environment node
import { beforeEach, expect, it } from 'vitest'
import { cycle } from '../../src/sync/loop'
import { uploadPhotos } from '../../src/sync/photos'
import { pruneSent } from '../../src/sync/tidy'
import { FakeServer, lost, type Fault } from './fakeServer'
import { addPhoto, makePhone, sessionState, wipe, type Phone } from './phone'

let server: FakeServer
let phone: Phone
const KB = 1_024

beforeEach(async () => {
  await wipe()
  server = new FakeServer()
  phone = await makePhone(server)
  server.put('t1')
})

const state = async (id: string): Promise<string | undefined> => (await phone.outbox.photos.get(id))?.state
const rested = (): Promise<number> => phone.outbox.photos.toCollection().modify({ nextTryAt: 0 })

it('the text goes before any photo, in one request', async () => {
  const id = await addPhoto(phone, 100 * KB)
  await phone.act('t1', {}, [id])
  await phone.act('t1')
  await cycle(phone.ctx)
  const order = server.seen.map((request) => request.path.split('/')[1] + (request.path.endsWith('push') ? ' text' : ''))
  expect(order.indexOf('photos')).toBeGreaterThan(order.indexOf('sync text'))
  expect(server.seen.filter((request) => request.path === '/sync/push')).toHaveLength(1)
  expect(await state(id)).toBe('done')
  expect([...(server.uploads.get(id)?.bytes ?? [])]).toHaveLength(100 * KB)
})

it('goes on after a cut from where the server is, not from the start', async () => {
  const id = await addPhoto(phone, 300 * KB)
  await phone.act('t1', {}, [id])
  server.cutPhotosAt = 40 * KB
  await cycle(phone.ctx)
  expect(await state(id)).not.toBe('done')
  server.cutPhotosAt = Infinity
  await rested()
  await cycle(phone.ctx)
  expect(await state(id)).toBe('done')
  const pieces = server.seen.filter((request) => request.method === 'PATCH').map((r) => Number(r.headers.get('Upload-Offset')))
  expect(pieces.filter((offset) => offset === 0)).toHaveLength(1)
  expect(pieces).toContain(40 * KB)
  expect(server.uploads.get(id)?.bytes.every((byte, place) => byte === (place % 251))).toBe(true)
})

it('one that fails does not hold the others back', async () => {
  const bad = await addPhoto(phone, 10 * KB)
  const good = await addPhoto(phone, 10 * KB)
  await phone.act('t1', {}, [bad, good])
  const real = server.fetch
  phone = await makePhone(
    Object.assign(server, {
      fetch: ((input: string, init: RequestInit) =>
        init.method === 'PATCH' && input.includes(bad)
          ? Promise.resolve(server.error(415, 'unsupported_media_type'))
          : real(input, init)) as typeof fetch,
    }),
  )
  await cycle(phone.ctx)
  expect(await state(good)).toBe('done')
  expect(await state(bad)).toBe('failed')
  expect(await phone.outbox.problems.get(bad)).toMatchObject({ kind: 'photo', code: 'unsupported_media_type' })
  expect(await phone.outbox.ops.count()).toBe(0)
})

it('new text interrupts a photo between two pieces', async () => {
  const id = await addPhoto(phone, 400 * KB)
  await phone.act('t1', {}, [id])
  let spoke = false
  const real = server.fetch
  phone = await makePhone(
    Object.assign(server, {
      fetch: (async (input: string, init: RequestInit) => {
        if (init.method === 'PATCH' && !spoke) {
          spoke = true
          await phone.act('t1', { text: 'urgent' })
        }
        return real(input, init)
      }) as typeof fetch,
    }),
  )
  await cycle(phone.ctx)
  const order = server.seen.map((request) => (request.path === '/sync/push' ? 'text' : request.method))
  expect(order.indexOf('PATCH')).toBeLessThan(order.lastIndexOf('text'))
  expect(order.lastIndexOf('text')).toBeLessThan(order.lastIndexOf('PATCH'))
  expect(await state(id)).toBe('done')
})

it('photos of a refused operation are not sent', async () => {
  const id = await addPhoto(phone, 10 * KB)
  await phone.act('t1', { refuse: 'not_yours' }, [id])
  await cycle(phone.ctx)
  expect(server.uploads.size).toBe(0)
  expect(await state(id)).toBe('failed')
})

it('stops when the line is dead instead of trying every photo', async () => {
  const photos = [await addPhoto(phone, KB), await addPhoto(phone, KB), await addPhoto(phone, KB), await addPhoto(phone, KB)]
  await phone.act('t1', {}, photos)
  await cycle({ ...phone.ctx, random: () => 0 }).catch(() => undefined)
  await phone.outbox.photos.toCollection().modify({ state: 'waiting', offset: 0 })
  server.uploads.clear()
  const before = server.seen.length
  server.faults = [lost, lost, lost, lost, lost]
  await expect(uploadPhotos(phone.ctx)).rejects.toMatchObject({ kind: 'offline' })
  expect(server.seen.length - before).toBe(2)
})

it('after a restore the bytes go again if the server lost them, and not if it kept them', async () => {
  const kept = await addPhoto(phone, 10 * KB)
  await phone.act('t1', {}, [kept])
  await cycle(phone.ctx)
  const backup = server.seq
  const lostOne = await addPhoto(phone, 10 * KB)
  await phone.act('t1', {}, [lostOne])
  await cycle(phone.ctx)
  server.restoreTo(backup)
  server.uploads.delete(lostOne)
  const before = server.seen.length
  await cycle(phone.ctx)
  await cycle(phone.ctx)
  const patched = server.seen.slice(before).filter((request) => request.method === 'PATCH').map((r) => r.path)
  expect(patched).toEqual([`/photos/${lostOne}`])
  expect([await state(kept), await state(lostOne)]).toEqual(['done', 'done'])
})

it('bytes stay 14 days after they were sent, and no longer', async () => {
  const id = await addPhoto(phone, KB)
  const op = await phone.act('t1', {}, [id])
  await cycle(phone.ctx)
  const day = 86_400_000
  await pruneSent(phone.outbox, Date.now() + 13 * day)
  expect(await phone.outbox.blobs.get(id)).toBeDefined()
  await pruneSent(phone.outbox, Date.now() + 15 * day)
  expect(await phone.outbox.blobs.get(id)).toBeUndefined()
  expect(await phone.outbox.sent.get(op.id)).toBeUndefined()
})

it('an unsent photo is never thrown away, however old', async () => {
  const id = await addPhoto(phone, KB)
  await phone.act('t1', {}, [id])
  server.faults = [undefined, undefined, lost, lost, lost]
  await cycle(phone.ctx)
  await pruneSent(phone.outbox, Date.now() + 400 * 86_400_000)
  expect(await phone.outbox.blobs.get(id)).toBeDefined()
  expect(await phone.outbox.sent.count()).toBe(1)
})

it('goes on where it was as soon as its author has signed in again', async () => {
  const id = await addPhoto(phone, 300 * KB)
  await phone.act('t1', {}, [id])
  const expired: Fault = () => {
    server.signedIn = false
    return Promise.resolve(server.error(401, 'unauthenticated'))
  }
  server.faults = [undefined, undefined, undefined, undefined, expired] // push, pull, creation, a piece
  expect((await cycle(phone.ctx)).ok).toBe(false)
  expect(await sessionState()).toBe('expired')
  server.signedIn = true
  await cycle(phone.ctx)
  expect(await state(id)).toBe('done')
  const pieces = server.seen.filter((request) => request.method === 'PATCH').map((r) => Number(r.headers.get('Upload-Offset')))
  expect(pieces.filter((offset) => offset === 0)).toHaveLength(1)
})

it('waits as long as the server asks', async () => {
  const id = await addPhoto(phone, KB)
  await phone.act('t1', {}, [id])
  const busy: Fault = () => {
    const answer = server.error(429, 'too_many_unnamed')
    answer.headers.set('Retry-After', '600')
    return Promise.resolve(answer)
  }
  server.faults = [undefined, undefined, busy]
  const end = await cycle(phone.ctx)
  expect(end.ok && (end.nextPhotoAt ?? 0) - Date.now()).toBeGreaterThan(590_000)
})

it('a draft goes after 60 days, and its photos with it', async () => {
  const day = 86_400_000
  const id = await addPhoto(phone, KB)
  await phone.outbox.drafts.put({ key: 'd', value: { text: 'half' }, savedAt: Date.now() })
  await pruneSent(phone.outbox, Date.now() + 59 * day)
  expect(await phone.outbox.drafts.count()).toBe(1)
  await pruneSent(phone.outbox, Date.now() + 61 * day)
  expect([await phone.outbox.drafts.count(), await phone.outbox.photos.count(), await phone.outbox.blobs.get(id)]).toEqual([0, 0, undefined])
})

it('what a clock dated before it knew the time is not old', async () => {
  await phone.outbox.drafts.put({ key: 'd', value: { text: 'half' }, savedAt: 60_000 })
  await pruneSent(phone.outbox, Date.now())
  expect(await phone.outbox.drafts.count()).toBe(1)
})
