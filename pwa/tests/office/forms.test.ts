import { enableAutoUnmount, flushPromises, mount } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'
import type { OfficeItem } from '@/actions/officeWire'
import DoneDialog from '@/components/office/DoneDialog.vue'
import FormDialog from '@/components/office/FormDialog.vue'
import { useFull } from '@/components/office/useFull'
import { addMessages, i18n } from '@/lib/i18n'
import office from '@/locales/zh-CN/office.json'

enableAutoUnmount(afterEach)

describe('a dialog with a form', () => {
  async function open(more: Partial<InstanceType<typeof FormDialog>['$props']> = {}) {
    await addMessages('office', () => Promise.resolve(office))
    const work = vi.fn<() => Promise<void>>(() => Promise.resolve())
    const closed = vi.fn()
    mount(FormDialog, {
      props: { modelValue: true, title: '降级', submit: '确认降级', work, 'onUpdate:modelValue': closed, ...more },
      slots: { default: '<textarea></textarea>' },
      global: { plugins: [i18n] },
      attachTo: document.body,
    })
    await flushPromises()
    const form = document.querySelector('form') as HTMLFormElement
    const alert = () => form.querySelector('[role="alert"]')?.textContent
    return { work, closed, form, alert }
  }

  it('says what is missing, and does nothing before it is there', async () => {
    let reason = ''
    const { work, closed, form, alert } = await open({ missing: () => (reason ? undefined : '请填写理由。') })
    form.dispatchEvent(new Event('submit', { cancelable: true }))
    await flushPromises()
    expect([alert(), work.mock.calls.length]).toEqual(['请填写理由。', 0])
    reason = '误报'
    form.dispatchEvent(new Event('submit', { cancelable: true }))
    await flushPromises()
    expect([alert(), work.mock.calls.length, closed.mock.calls]).toEqual([undefined, 1, [[false]]])
  })

  it('stays with what was typed when it fails, and says why', async () => {
    const { closed, form, alert } = await open({ work: () => Promise.reject(new Error('x')) })
    form.dispatchEvent(new Event('submit', { cancelable: true }))
    await flushPromises()
    expect(alert()).toBeTruthy()
    expect(closed).not.toHaveBeenCalled()
  })

  it('closes at Escape, also from a chooser that would keep it, unless that has a list to close first', async () => {
    const { form, closed } = await open()
    const field = form.querySelector('textarea') as HTMLTextAreaElement
    field.addEventListener('keydown', (event) => { event.stopPropagation() })
    const escape = () => field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))
    field.setAttribute('aria-expanded', 'true')
    escape()
    expect(closed).not.toHaveBeenCalled()
    field.setAttribute('aria-expanded', 'false')
    escape()
    expect(closed.mock.calls).toEqual([[false]])
  })

  it.each(['Process', 'Escape'])('stays when Escape takes back a word half typed in Chinese (%s)', async (key) => {
    const { form, closed } = await open()
    const beyond = vi.fn()
    document.addEventListener('keydown', beyond) // where Element listens
    const event = new KeyboardEvent('keydown', { key, code: 'Escape', bubbles: true })
    Object.defineProperty(event, 'isComposing', { value: true })
    form.querySelector('textarea')?.dispatchEvent(event)
    document.removeEventListener('keydown', beyond)
    expect([closed.mock.calls, beyond.mock.calls]).toEqual([[], []])
  })

  it('sends from within a text of several lines, and once', async () => {
    let end = (): void => undefined
    const work = vi.fn(() => new Promise<void>((done) => (end = done)))
    const { form, closed } = await open({ work })
    const press = (key: string, ctrlKey: boolean) =>
      form.querySelector('textarea')?.dispatchEvent(new KeyboardEvent('keydown', { key, ctrlKey, bubbles: true }))
    press('Enter', false)
    expect(work).not.toHaveBeenCalled()
    press('Enter', true)
    press('Enter', true)
    expect(work).toHaveBeenCalledTimes(1)
    end()
    await flushPromises()
    expect(closed).toHaveBeenCalledTimes(1)
  })
})

describe('settling an item', () => {
  it('keeps the note until the server has it', async () => {
    await addMessages('office', () => Promise.resolve(office))
    const finish = vi.fn<(note: string) => Promise<void>>().mockRejectedValueOnce(new Error('no network')).mockResolvedValue()
    const close = vi.fn()
    const props = { item: undefined as OfficeItem | undefined, finish, onClose: close }
    const dialog = mount(DoneDialog, { props, global: { plugins: [i18n] }, attachTo: document.body })
    await dialog.setProps({ item: { id: 'i1', kind: 'kept_fact', ticket: null } as unknown as OfficeItem })
    await flushPromises()
    const field = document.querySelector('form textarea') as HTMLTextAreaElement
    field.value = '已电话核实'
    field.dispatchEvent(new Event('input'))
    const send = async () => {
      document.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }))
      await flushPromises()
    }
    await send()
    expect([close.mock.calls.length, field.value]).toEqual([0, '已电话核实'])
    await send()
    expect([close.mock.calls.length, finish.mock.calls]).toEqual([1, [['已电话核实'], ['已电话核实']]])
  })
})

describe('the whole of a record', () => {
  it('is asked again with every revision; a late answer to an older question counts for nothing', async () => {
    const [id, rev] = [ref('a'), ref(1)]
    const answers: ((value: string) => void)[] = []
    const fetch = vi.fn((_id: string) => new Promise<string>((answer) => answers.push(answer)))
    const scope = effectScope()
    const { full } = scope.run(() => useFull(() => id.value, () => rev.value, fetch))!
    rev.value = 2
    await nextTick()
    answers[1]?.('of 2')
    await flushPromises()
    answers[0]?.('of 1')
    await flushPromises()
    expect(full.value).toBe('of 2')
    id.value = 'b'
    await nextTick()
    expect(full.value).toBeUndefined()
    expect(fetch.mock.calls).toEqual([['a'], ['a'], ['b']])
    scope.stop()
  })
})
