import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, nextTick, reactive } from 'vue'
import { DELIVERED_SHOWN_MS, useDelivered } from '../../src/components/alarm/delivered'
import type { AlertView } from '../../src/domain/alerts'
import { alertOf } from './alert'

const acked = (status: 'stored' | 'delivered' | 'refused') => ({ status, at: '2026-11-22T06:00:30.000Z', via: 'alert.ack' })

describe('that 收到 got through', () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  function phone() {
    const state = reactive({ alerts: [alertOf({ id: 'a', ack: acked('stored') }), alertOf({ id: 'b', ack: acked('stored') })] as AlertView[] })
    const scope = effectScope()
    const shown = scope.run(() =>
      useDelivered(() => state.alerts.filter(({ ack }) => ack?.status === 'stored').map(({ id }) => id), () => state.alerts),
    )!
    const become = async (n: number, status: 'delivered' | 'refused') => {
      Object.assign(state.alerts[n]!, { ack: acked(status) })
      await nextTick()
    }
    return { become, ids: () => shown.value.map(({ id }) => id), stop: () => { scope.stop() } }
  }

  it('is said for a moment, each for its own', async () => {
    const { become, ids } = phone()
    await become(0, 'delivered')
    expect(ids()).toEqual(['a'])
    vi.advanceTimersByTime(DELIVERED_SHOWN_MS / 2)
    await become(1, 'delivered')
    expect(ids()).toEqual(['a', 'b'])
    vi.advanceTimersByTime(DELIVERED_SHOWN_MS / 2)
    expect(ids()).toEqual(['b'])
    vi.advanceTimersByTime(DELIVERED_SHOWN_MS / 2)
    expect(ids()).toEqual([])
  })

  it('is not said of what was refused, and leaves no timer behind', async () => {
    const { become, ids, stop } = phone()
    await become(0, 'refused')
    expect(ids()).toEqual([])
    await become(1, 'delivered')
    stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})
