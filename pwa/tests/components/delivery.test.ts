import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import DeliveryState from '@/components/DeliveryState.vue'
import { i18n } from '@/lib/i18n'

type Props = InstanceType<typeof DeliveryState>['$props']

function shown(props: Props) {
  return mount(DeliveryState, { props, global: { plugins: [i18n] } })
}

describe('where a piece of work is', () => {
  it('is never green and never a tick for what is only on the phone', () => {
    for (const status of ['stored', 'sending', 'refused'] as const) {
      const html = shown({ status }).html()
      expect(html).not.toContain('chip-green')
      expect(html).not.toContain('icon-check')
    }
  })

  it('says the truth in words at each station', () => {
    expect(shown({ status: 'stored' }).text()).toBe('已存本机 · 待发送')
    expect(shown({ status: 'sending', progress: 0.639 }).text()).toBe('发送中 63%')
    expect(shown({ status: 'delivered', deliveredAt: Date.parse('2026-11-22T06:02:00Z') }).text()).toBe('已送达 14:02')
    expect(shown({ status: 'refused', message: '已改派' }).text()).toBe('未生效（已改派）')
  })

  it('tells a fact that was only kept from one that took effect', () => {
    const kept = shown({ status: 'delivered', outcome: 'kept', deliveredAt: Date.parse('2026-11-22T06:02:00Z') })
    expect(kept.text()).toBe('已留存 14:02')
    expect(kept.html()).not.toContain('chip-green')
  })
})
