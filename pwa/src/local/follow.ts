/** Queries that go on: one subscription to the databases behind a Vue ref, however many screens look at it. */
import Dexie, { liveQuery, type Subscription } from 'dexie'
import {
  effectScope,
  getCurrentInstance,
  onActivated,
  onDeactivated,
  onScopeDispose,
  ref,
  shallowRef,
  toValue,
  watch,
  type EffectScope,
  type MaybeRefOrGetter,
  type Ref,
} from 'vue'
import type { Me } from '../domain/types'
import { onSession, session } from './session'
import type { Session } from './records'

const sessionRef = shallowRef<Session | null>(session())
onSession((next) => {
  sessionRef.value = next
})

/** The session of this browser; `state` other than `live` means: sign in again, nothing is lost. */
export function liveSession(): Readonly<Ref<Session | null>> {
  sessionRef.value = session()
  return sessionRef
}

/**
 * One query for however many ask: the first starts it, the last to go ends it.
 * @param make starts it; `awake` is false while all who asked are kept alive behind another screen
 */
export function shared<T>(make: (awake: Readonly<Ref<boolean>>) => Ref<T>): () => Readonly<Ref<T>> {
  const users = new Set<object>()
  const looking = new Set<object>()
  const awake = shallowRef(true)
  let running: { value: Ref<T>; scope: EffectScope } | undefined
  const start = (): { value: Ref<T>; scope: EffectScope } => {
    const scope = effectScope(true)
    return { scope, value: scope.run(() => make(awake)) as Ref<T> }
  }
  return () => {
    const user = {}
    const look = (looks: boolean): void => {
      if (looks) looking.add(user)
      else looking.delete(user)
      awake.value = looking.size > 0
    }
    users.add(user)
    look(true)
    if (getCurrentInstance()) {
      onActivated(() => {
        look(true)
      })
      onDeactivated(() => {
        look(false)
      })
    }
    onScopeDispose(() => {
      users.delete(user)
      look(false)
      if (users.size > 0) return
      running?.scope.stop()
      running = undefined
    })
    running = running ?? start()
    return running.value
  }
}

/** Follow a query for the signed-in user (and one argument); a change of either starts it anew. */
export function follow<T, A = undefined>(
  argument: MaybeRefOrGetter<A>,
  read: (me: Me, argument: A) => Promise<T>,
  awake: Readonly<Ref<boolean>> = ref(true),
): Ref<T | undefined> {
  const value = shallowRef<T>()
  const current = liveSession()
  let stop = (): void => undefined
  watch(
    [() => current.value?.user.id, () => toValue(argument), awake] as const,
    ([user, wanted, wakes], before) => {
      stop()
      if (user !== before[0] || wanted !== before[1]) value.value = undefined
      const me = current.value?.user
      if (!user || !me) return
      const begin = (): Subscription =>
        liveQuery(() => read(me, wanted)).subscribe({
          next: (found) => {
            value.value = found
          },
          error: (error: unknown) => {
            console.error('a live query ended', error)
          },
        })
      stop = wakes ? stopOf(begin()) : whenQuiet(begin)
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    stop()
  })
  return value
}

function stopOf(running: Subscription): () => void {
  return () => {
    running.unsubscribe()
  }
}

const QUIET_AFTER_MS = 1_000

/** Begin at the first change from now on, a moment after it. Returns the way to stop. */
function whenQuiet(begin: () => Subscription): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: Subscription | undefined
  const changed = (): void => {
    running?.unsubscribe()
    running = undefined
    timer = timer ?? setTimeout(() => {
      timer = undefined
      running = begin()
    }, QUIET_AFTER_MS)
  }
  const { storagemutated } = Dexie.on
  storagemutated.subscribe(changed)
  return () => {
    storagemutated.unsubscribe(changed)
    clearTimeout(timer)
    running?.unsubscribe()
  }
}
