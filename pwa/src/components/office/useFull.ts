/**
 * What only the server has of a record whose latest state lies here: asked again with every revision that the sync
 * brings. An answer that a later question overtook is dropped; a record that is left is forgotten.
 */
import { ref, type Ref, shallowRef, watch } from 'vue'

export interface Full<T> {
  full: Readonly<Ref<T | undefined>>
  /** Why the whole could not be had; the local copy still shows. */
  error: Ref<unknown>
  reload: () => Promise<void>
}

/** @param rev of the local copy; undefined while there is none */
export function useFull<T>(id: () => string, rev: () => number | undefined, fetch: (id: string) => Promise<T>): Full<T> {
  const full = shallowRef<T>()
  const error = ref<unknown>()
  let asked = 0

  async function reload() {
    const mine = (asked += 1)
    try {
      const answer = await fetch(id())
      if (mine !== asked) return
      full.value = answer
      error.value = undefined
    } catch (why) {
      if (mine === asked) error.value = why
    }
  }

  watch([id, rev], ([now], [before]) => {
    if (now !== before) full.value = undefined
    void reload()
  }, { immediate: true })
  return { full, error, reload }
}
