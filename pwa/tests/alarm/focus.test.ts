import { enableAutoUnmount, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { defineComponent, h, ref, Teleport } from 'vue'
import { useFocusTrap } from '../../src/components/alarm/focusTrap'
import { STRIP_KEY, useStripKey } from '../../src/components/alarm/stripKey'

const at = (id: string): HTMLElement => document.getElementById(id) as HTMLElement

/** A modal dialog that fetches the focus back when it goes elsewhere, as Element Plus's do. */
function dialog(): HTMLElement {
  const made = document.createElement('div')
  made.setAttribute('aria-modal', 'true')
  made.innerHTML = '<input id="reason">'
  made.addEventListener('focusout', (event) => {
    const { relatedTarget } = event
    if (relatedTarget instanceof Node && !made.contains(relatedTarget)) setTimeout(() => { at('reason').focus() })
  })
  document.body.append(made)
  return made
}

const Alarm = defineComponent(() => {
  const root = ref<HTMLElement>()
  const onKeydown = useFocusTrap(root, () => at('kind'))
  return () => h(Teleport, { to: 'body' }, h('section', { ref: root, onKeydown }, [h('h1', { id: 'kind', tabindex: -1 }), h('button', { id: 'ack' })]))
})

const Strip = defineComponent(() => {
  const root = ref<HTMLElement>()
  useStripKey(root)
  return () => h('section', { ref: root }, [h('a', { id: 'look', href: '/alerts' }), h('button', { id: 'known' })])
})

function press(key: string, more: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more })
  document.activeElement?.dispatchEvent(event)
  return event
}

beforeEach(() => {
  vi.useFakeTimers()
  document.body.innerHTML = '<div id="app"><button id="page"></button></div>'
})
enableAutoUnmount(afterEach)
afterEach(() => vi.useRealTimers())

describe('the full-screen alarm over a dialog', () => {
  it.each(['', 'on a phone before `inert`'])('takes the focus, keeps it, and gives it back to the dialog %s', async (old) => {
    const known = Object.getOwnPropertyDescriptor(HTMLElement.prototype, 'inert') as PropertyDescriptor
    if (old) Reflect.deleteProperty(HTMLElement.prototype, 'inert')
    onTestFinished(() => void Object.defineProperty(HTMLElement.prototype, 'inert', known))
    dialog()
    at('reason').focus()
    const alarm = mount(Alarm, { attachTo: '#app' })
    await vi.runAllTimersAsync()
    expect(document.activeElement?.id).toBe('kind')
    at('reason').focus()
    await vi.runAllTimersAsync()
    expect(document.activeElement?.id).toBe('kind')
    alarm.unmount()
    await vi.runAllTimersAsync()
    expect(document.activeElement?.id).toBe('reason')
  })

  it('puts page and dialog out of reach, those that open later as well, and nothing of it stays so', async () => {
    const before = dialog()
    const alarm = mount(Alarm, { attachTo: '#app' })
    const later = dialog()
    await vi.runAllTimersAsync()
    const all = [at('app'), before, later]
    expect(all.map((each) => each.hasAttribute('inert') || each.hasAttribute('aria-hidden'))).toEqual([true, true, true])
    expect(at('kind').closest('[inert], [aria-hidden]')).toBeNull()
    alarm.unmount()
    expect(all.map((each) => each.hasAttribute('inert') || each.hasAttribute('aria-hidden'))).toEqual([false, false, false])
  })
})

describe('the strip over a dialog', () => {
  it('is reached and left with one key, and the dialog does not fetch the focus back', async () => {
    mount(Strip, { attachTo: '#app' })
    dialog()
    at('reason').focus()
    expect(press(STRIP_KEY).defaultPrevented).toBe(true)
    await vi.runAllTimersAsync()
    expect(document.activeElement?.id).toBe('known')
    press(STRIP_KEY)
    expect(document.activeElement?.id).toBe('reason')
  })

  it('leads back into the dialog at its ends, and at Escape', () => {
    mount(Strip, { attachTo: '#app' })
    dialog()
    for (const leave of [() => press('Tab'), () => press('Escape'), () => { at('look').focus(); press('Tab', { shiftKey: true }) }]) {
      at('reason').focus()
      press(STRIP_KEY)
      leave()
      expect(document.activeElement?.id).toBe('reason')
    }
  })

  it('leaves keys alone when nothing calls, and Tab when no dialog is open', () => {
    mount(Strip, { attachTo: '#app' })
    at('page').focus()
    press(STRIP_KEY)
    at('known').focus()
    expect(press('Tab').defaultPrevented).toBe(false)
    for (const each of ['look', 'known']) at(each).remove()
    at('page').focus()
    expect(press(STRIP_KEY).defaultPrevented).toBe(false)
  })
})
