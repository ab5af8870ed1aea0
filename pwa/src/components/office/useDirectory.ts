/** The town's units and people (names and roles only), fetched once and kept while the office is open. */
import { shallowRef } from 'vue'
import { officeApi } from '@/actions/office'
import type { Directory } from '@/actions/officeWire'

const directory = shallowRef<Directory>()
const failed = shallowRef(false)
let loading: Promise<void> | undefined

async function load(): Promise<void> {
  try {
    directory.value = await officeApi.directory()
    failed.value = false
  } catch {
    failed.value = true
    loading = undefined // the next screen that needs it asks again
  }
}

/** `directory` is undefined until the first answer; `failed` says that the server could not be asked. */
export function useDirectory() {
  if (!directory.value) loading = loading ?? load()
  const reload = () => {
    loading = load()
    return loading
  }
  return { directory, failed, reload }
}
