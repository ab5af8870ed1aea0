/**
 * Keyboard focus stays inside a dialog that cannot be left, whatever else is open below it: the page, a sheet, or a
 * dialog that keeps the focus itself. All of it is out of reach for screen readers too.
 */
import { onBeforeUnmount, onMounted, type Ref } from 'vue'

const FOCUSABLE = 'button:not([disabled]), [href], [tabindex="0"]'

/** Puts everything in the body but `kept` out of reach, also what comes later. Returns the way back. */
function setAside(kept: () => Element | null | undefined): () => void {
  const aside = new Set<Element>()
  // Chromium knows `inert` from 102 on; older ones hide it from screen readers at least.
  const mark = 'inert' in document.body ? 'inert' : 'aria-hidden'
  const put = (): void => {
    for (const each of document.body.children) {
      if (each === kept() || each.hasAttribute(mark)) continue
      each.setAttribute(mark, mark === 'inert' ? '' : 'true')
      aside.add(each)
    }
  }
  put()
  const watcher = new MutationObserver(put)
  watcher.observe(document.body, { childList: true })
  return () => {
    watcher.disconnect()
    for (const each of aside) each.removeAttribute(mark)
  }
}

/** Returns the dialog's `keydown` handler. */
export function useFocusTrap(dialog: Ref<HTMLElement | undefined>, first: () => HTMLElement | null | undefined): (event: KeyboardEvent) => void {
  let opener: Element | null = null
  let bringBack: (() => void) | undefined
  const isInside = (target: EventTarget | null): boolean => target instanceof Node && Boolean(dialog.value?.contains(target))

  // Before anybody else hears of it: a dialog below would fetch its focus back, and so on for ever.
  const follow = (event: FocusEvent): void => {
    event.stopImmediatePropagation()
    if (event.type === 'focusin' && dialog.value && !isInside(event.target)) first()?.focus({ preventScroll: true })
  }

  onMounted(() => {
    opener = document.activeElement
    window.addEventListener('focusin', follow, true)
    window.addEventListener('focusout', follow, true)
    bringBack = setAside(() => dialog.value)
    first()?.focus({ preventScroll: true })
  })
  onBeforeUnmount(() => {
    bringBack?.()
    window.removeEventListener('focusin', follow, true)
    window.removeEventListener('focusout', follow, true)
    if (opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true })
  })

  return (event) => {
    // Nothing but 收到 ends an alarm.
    if (event.key === 'Escape') {
      event.preventDefault()
      event.stopPropagation()
      return
    }
    if (event.key !== 'Tab' || !dialog.value) return
    const all = [...dialog.value.querySelectorAll<HTMLElement>(FOCUSABLE)].filter((each) => each.offsetParent !== null)
    const start = all[0]
    const end = all[all.length - 1]
    if (!start || !end) return
    const active = document.activeElement
    const outside = !all.includes(active as HTMLElement)
    if (event.shiftKey ? active === start || outside : active === end || outside) {
      event.preventDefault()
      if (event.shiftKey) end.focus()
      else start.focus()
    }
  }
}
