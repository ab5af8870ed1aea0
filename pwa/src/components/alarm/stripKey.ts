/**
 * F6, the key that goes from pane to pane: from wherever somebody types, a dialog included, to the alarms in the strip
 * and back. A modal dialog would fetch its focus back; it does not hear of this.
 */
import { onBeforeUnmount, onMounted, type Ref } from 'vue'

export const STRIP_KEY = 'F6'

const REACHABLE = 'button:not([disabled]), a[href]'

export function useStripKey(strip: Ref<HTMLElement | undefined>): void {
  let before: HTMLElement | undefined

  const within = (target: EventTarget | null): boolean => target instanceof Node && Boolean(strip.value?.contains(target))
  const reachable = (): HTMLElement[] => [...(strip.value?.querySelectorAll<HTMLElement>(REACHABLE) ?? [])]

  function leave(event: KeyboardEvent): void {
    event.preventDefault()
    event.stopPropagation()
    before?.focus()
    before = undefined
  }

  function enter(event: KeyboardEvent): void {
    // What answers comes first; where nothing is to be answered, the way to it.
    const all = reachable()
    const first = all.find((each) => each.tagName === 'BUTTON') ?? all[0]
    if (!first) return
    event.preventDefault()
    event.stopPropagation()
    before = document.activeElement instanceof HTMLElement ? document.activeElement : undefined
    first.focus()
  }

  /** Behind a modal dialog there is nothing to go on to: the ends of the strip lead back into it. */
  function isEnd(event: KeyboardEvent): boolean {
    if (event.key !== 'Tab' || !before?.closest('[aria-modal="true"]')) return false
    const all = reachable()
    return document.activeElement === (event.shiftKey ? all[0] : all[all.length - 1])
  }

  function onKeydown(event: KeyboardEvent): void {
    if (within(document.activeElement)) {
      if (before && (event.key === STRIP_KEY || event.key === 'Escape' || isEnd(event))) leave(event)
    } else if (event.key === STRIP_KEY) enter(event)
  }

  function onFocusout(event: FocusEvent): void {
    if (within(event.relatedTarget)) event.stopImmediatePropagation()
  }

  onMounted(() => {
    window.addEventListener('keydown', onKeydown, true)
    window.addEventListener('focusout', onFocusout, true)
  })
  onBeforeUnmount(() => {
    window.removeEventListener('keydown', onKeydown, true)
    window.removeEventListener('focusout', onFocusout, true)
  })
}
