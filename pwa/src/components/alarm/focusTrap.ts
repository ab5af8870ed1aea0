/** Keyboard focus stays inside a dialog that cannot be left; what is behind it is out of reach for screen readers too. */
import { onBeforeUnmount, onMounted, type Ref } from 'vue'

const FOCUSABLE = 'button:not([disabled]), [href], [tabindex="0"]'

/** Returns the dialog's `keydown` handler. */
export function useFocusTrap(dialog: Ref<HTMLElement | undefined>, first: () => HTMLElement | null | undefined): (event: KeyboardEvent) => void {
  let opener: Element | null = null
  const app = document.getElementById('app')

  const back = (event: FocusEvent): void => {
    const inside = dialog.value
    if (inside && event.target instanceof Node && !inside.contains(event.target)) first()?.focus({ preventScroll: true })
  }

  onMounted(() => {
    opener = document.activeElement
    app?.setAttribute('inert', '')
    document.addEventListener('focusin', back)
    first()?.focus({ preventScroll: true })
  })
  onBeforeUnmount(() => {
    document.removeEventListener('focusin', back)
    app?.removeAttribute('inert')
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
