/** The screens' window on the alerts of whoever is signed in; see live.ts. */
import { computed, type MaybeRefOrGetter, type Ref } from 'vue'
import type { AlertView } from '../domain/alerts'
import { readAlert, readAlerts } from './alerts'
import { follow, shared } from './follow'

/** Newest first; undefined until the first read has ended. */
export const liveAlerts: () => Readonly<Ref<AlertView[] | undefined>> = shared(() => follow(undefined, (me) => readAlerts(me)))

/** One alert: undefined while reading, null when it is not on this phone. */
export function liveAlert(id: MaybeRefOrGetter<string>): Readonly<Ref<AlertView | null | undefined>> {
  const found = follow(id, (me, wanted) => readAlert(me, wanted))
  return computed(() => found.value)
}
