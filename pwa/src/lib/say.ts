/** One short message at a time under the title bar, also read aloud (App.vue shows it). */
import { shallowRef } from 'vue'

export const said = shallowRef<{ text: string; n: number }>()

let n = 0
let timer: ReturnType<typeof setTimeout> | undefined

const SHOWN_MS = 4_000

export function say(text: string): void {
  n += 1
  said.value = { text, n }
  clearTimeout(timer)
  timer = setTimeout(() => (said.value = undefined), SHOWN_MS)
}
