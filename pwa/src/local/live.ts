/**
 * The screens' window on the databases: Vue refs that follow every change, whichever tab or worker made it.
 * Only the live*.ts and follow.ts of local/ know Vue. Call inside a component's setup (or an effect scope).
 */
import { computed, onScopeDispose, ref, shallowRef, watch, type MaybeRefOrGetter, type Ref } from 'vue'
import type { AlarmDoc, IncidentDoc } from '../domain/emergency'
import type { Me, TicketView } from '../domain/types'
import type { Sample } from '../lib/clock'
import { getValue, openBase, openOutbox } from './db'
import { readDocument, readDocuments } from './documents'
import { dropDraft, readDraft, writeDraft } from './drafts'
import { follow, liveSession, shared } from './follow'
import { readOutbox, readProblems, type OutboxItem } from './outbox'
import type { ContactRow, GoneRow, Problem, SyncStatus } from './records'
import { userId } from './session'
import { isUpdateReady, onUpdate } from '../lib/update'
import { onStorage, storageFacts, type StorageFacts } from './storage'
import { readGone, readTicket, readTickets } from './tickets'

export interface SyncView {
  /** Did the last attempt reach the server? */
  online: boolean
  /** Operations and photos that the server does not have yet. */
  pending: number
  pendingOps: number
  pendingPhotos: number
  problems: number
  /** Bytes (text counted as one piece each) on their way now. */
  sending?: { done: number; total: number }
  lastContactAt?: number
  needSignIn: boolean
  wrongUser: boolean
  revoked: boolean
  /** Rows fetched so far, while an empty phone is filled. */
  filling?: number
  trouble?: SyncStatus['trouble']
  /** Server minus device (ms), as well as it is known. */
  offsetMs?: number
  uncertaintyMs?: number
  /** The phone's clock is more than two minutes wrong. */
  clockOff: boolean
  storage: StorageFacts
}

const CLOCK_OFF_MS = 2 * 60_000

const storageRef = shallowRef<StorageFacts>(storageFacts())
onStorage((next) => {
  storageRef.value = next
})

const updateRef = shallowRef(isUpdateReady())
onUpdate((ready) => {
  updateRef.value = ready
})

/** A new version of the app waits for `applyUpdate` (lib/update.ts). */
export function liveUpdate(): Readonly<Ref<boolean>> {
  return updateRef
}

export { liveSession } from './follow'

/** The signed-in person. */
export function liveMe(): Readonly<Ref<Me | null>> {
  const current = liveSession()
  return computed(() => current.value?.user ?? null)
}

/**
 * Every ticket on this phone; undefined until the first read has ended. A list kept alive behind another screen follows
 * at a distance: hundreds of rows read anew must not stand in the way of a tap there.
 */
export const liveTickets: () => Readonly<Ref<TicketView[] | undefined>> = shared((awake) =>
  follow(undefined, (me) => readTickets(me), awake),
)

/** One ticket: undefined while reading, null when it is not on this phone. */
export function liveTicket(id: MaybeRefOrGetter<string>): Readonly<Ref<TicketView | null | undefined>> {
  return follow(id, (me, wanted) => readTicket(me, wanted))
}

/** Where a ticket went that used to be on this phone. */
export function liveGone(id: MaybeRefOrGetter<string>): Readonly<Ref<GoneRow | null | undefined>> {
  return follow(id, (me, wanted) => readGone(me.id, wanted))
}

/** The alarms that the duty room watches; undefined until the first read has ended. */
export const liveAlarms: () => Readonly<Ref<AlarmDoc[] | undefined>> = shared((awake) =>
  follow(undefined, (me) => readDocuments<AlarmDoc>(me.id, 'alarm'), awake),
)

/** Incidents that concern this person. */
export const liveIncidents: () => Readonly<Ref<IncidentDoc[] | undefined>> = shared((awake) =>
  follow(undefined, (me) => readDocuments<IncidentDoc>(me.id, 'incident'), awake),
)

/** One incident: undefined while reading, null when it is not on this device. */
export function liveIncident(id: MaybeRefOrGetter<string>): Readonly<Ref<IncidentDoc | null | undefined>> {
  return follow(id, (me, wanted) => readDocument<IncidentDoc>(me.id, 'incident', wanted))
}

/** A complainant's number revealed earlier and kept with its ticket. */
export function liveContact(id: MaybeRefOrGetter<string>): Readonly<Ref<ContactRow | null | undefined>> {
  return follow(id, async (me, wanted) => (await openBase(me.id).contacts.get(wanted)) ?? null)
}

export function liveOutbox(): Readonly<Ref<OutboxItem[] | undefined>> {
  return follow(undefined, (me) => readOutbox(me.id, Date.now()))
}

export function liveProblems(): Readonly<Ref<Problem[] | undefined>> {
  return follow(undefined, (me) => readProblems(me.id))
}

/** How this phone stands with the server, for the pill in the title bar and the outbox page. */
export const liveSync: () => Readonly<Ref<SyncView>> = shared(() => {
  const current = liveSession()
  const counts = follow(undefined, (me) => readCounts(me.id))
  const status = follow(undefined, (me) => getValue<SyncStatus>(openBase(me.id).meta, 'status'))
  const sample = follow(undefined, (me) => getValue<Sample>(openBase(me.id).meta, 'sample'))
  return computed(() => {
    const state = current.value?.state
    const { ops = 0, photos = 0, problems = 0, done = 0, total = 0 } = counts.value ?? {}
    const { online = false, lastContactAt, filling, trouble, pushing } = status.value ?? {}
    const view: SyncView = {
      online,
      pending: ops + photos,
      pendingOps: ops,
      pendingPhotos: photos,
      problems,
      needSignIn: state === 'expired' || state === 'wrong_user' || state === 'revoked',
      wrongUser: state === 'wrong_user',
      revoked: state === 'revoked',
      clockOff: Math.abs(sample.value?.offsetMs ?? 0) > CLOCK_OFF_MS,
      storage: storageRef.value,
    }
    if (sample.value) {
      view.offsetMs = sample.value.offsetMs
      view.uncertaintyMs = sample.value.uncertaintyMs
    }
    if (lastContactAt !== undefined) view.lastContactAt = lastContactAt
    if (filling !== undefined) view.filling = filling
    if (trouble !== undefined) view.trouble = trouble
    if (pushing || done > 0) view.sending = { done, total }
    return view
  })
})

interface Counts {
  ops: number
  photos: number
  problems: number
  done: number
  total: number
}

async function readCounts(user: string): Promise<Counts> {
  const outbox = openOutbox(user)
  const [ops, problems, photos] = await Promise.all([
    outbox.ops.filter((op) => op.answer === undefined).count(),
    outbox.problems.count(),
    outbox.photos.where('state').anyOf('waiting', 'uploading').toArray(),
  ])
  const uploading = photos.filter((photo) => photo.state === 'uploading')
  const done = uploading.reduce((sum, photo) => sum + photo.offset, 0)
  const total = photos.reduce((sum, photo) => sum + photo.bytes, 0)
  return { ops, photos: photos.length, problems, done, total }
}

const SAVE_AFTER_MS = 300

export interface DraftRef<T> {
  /** Change it freely, deeply; it saves itself. */
  value: Ref<T>
  /** False until an earlier life's draft has been looked for. */
  ready: Ref<boolean>
  /** An earlier life left this draft. */
  restored: Ref<boolean>
  /** Forget it, with its photos. (`act` with `draft: key` does so by itself.) */
  discard: () => Promise<void>
  /** Its operation is about to be stored: what was typed is written down by then, and nothing after it. */
  handOver: () => Promise<void>
  /** The operation was not stored after all: what is typed is kept again. */
  takeBack: () => void
}

/**
 * A form's content that survives a killed app; of a confidential ticket it lives in memory only.
 * @param key e.g. `reply:<ticket id>`; also the `draft` option of `act` and `preparePhoto`
 * @param ticket undefined while it is being read
 */
export function useDraft<T extends object>(
  key: string,
  initial: T,
  ticket?: Readonly<Ref<Pick<TicketView, 'confidential'> | null | undefined>>,
): DraftRef<T> {
  const user = userId()
  const value = ref(clone(initial)) as Ref<T>
  const ready = ref(false)
  const restored = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  let quiet = false
  let handedOver = false
  let saving: Promise<unknown> = Promise.resolve()
  const save = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (handedOver) return
    const written = writeDraft(user, key, clone(value.value), Date.now(), ticket?.value?.confidential)
    saving = Promise.allSettled([saving, written])
  }
  const flush = (): void => {
    if (timer !== undefined) save()
  }
  void readDraft<T>(user, key).then((found) => {
    if (found !== undefined) {
      quiet = true
      value.value = { ...value.value, ...found }
      restored.value = true
    }
    ready.value = true
  })
  watch(
    value,
    () => {
      if (quiet) quiet = false
      else timer = timer ?? setTimeout(save, SAVE_AFTER_MS)
    },
    { deep: true },
  )
  // What was typed by now leaves the disk.
  watch(() => ticket?.value?.confidential, (secret, before) => secret && before === false && save())
  window.addEventListener('pagehide', flush)
  document.addEventListener('visibilitychange', flush)
  onScopeDispose(() => {
    flush()
    window.removeEventListener('pagehide', flush)
    document.removeEventListener('visibilitychange', flush)
  })
  const discard = async (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    await dropDraft(user, key)
    quiet = true
    value.value = clone(initial)
  }
  // Typing just before the tap must not write the draft anew once its operation has taken it.
  const handOver = async (): Promise<void> => {
    flush()
    handedOver = true
    await saving
  }
  const takeBack = (): void => {
    handedOver = false
    save()
  }
  return { value, ready, restored, discard, handOver, takeBack }
}

/** Drafts are plain JSON. */
function clone<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}
