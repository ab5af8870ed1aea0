import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import TimelineList from '@/components/TimelineList.vue'
import type { TimelineEntry } from '@/domain/types'
import { i18n } from '@/lib/i18n'

function entry(changes: Partial<TimelineEntry>): TimelineEntry {
  return {
    id: 'op1', name: 'ticket.accept', actor: { id: 'w1', name: '李伟' }, occurred_at: '2026-11-22T05:37:00.000Z',
    trust: 'proven', outcome: 'applied', received_at: '2026-11-22T05:38:00.000Z', cycle: 1, text: null, photos: [],
    ...changes,
  }
}

function shown(one: TimelineEntry) {
  return mount(TimelineList, { props: { entries: [one], me: 'w1', retractable: true }, global: { plugins: [i18n] } })
}

describe('the timeline', () => {
  it('says of one’s own entry when the server had it', () => {
    expect(shown(entry({})).text()).toContain('已送达 13:38')
  })

  it('never calls an acceptance that came second delivered', () => {
    const list = shown(entry({ outcome: 'refused' }))
    expect(list.text()).toContain('未生效')
    expect(list.text()).not.toContain('已送达')
    expect(list.html()).not.toContain('chip-green')
  })

  it('marks a time that the office has still to confirm', () => {
    expect(shown(entry({ name: 'ticket.arrive', trust: 'unverified' })).text()).toContain('时间待核')
  })

  it('offers to take back an own fact, once, and never a decision', () => {
    const back = '[aria-label="撤回到场"]'
    expect(shown(entry({ name: 'ticket.arrive' })).find(back).exists()).toBe(true)
    expect(shown(entry({ name: 'ticket.arrive', retracted_by: 'op2' })).find(back).exists()).toBe(false)
    expect(shown(entry({})).find('button').exists()).toBe(false)
  })
})
