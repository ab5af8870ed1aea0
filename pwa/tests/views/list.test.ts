import { enableAutoUnmount, flushPromises, shallowMount } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ref } from 'vue'
import TicketCard from '@/components/TicketCard.vue'
import type { TicketView } from '@/domain/types'
import { i18n } from '@/lib/i18n'
import TicketList from '@/views/field/TicketList.vue'

const tickets = vi.hoisted(() => ({ value: [] as unknown[] }))
vi.mock('@/local/live', async (original) => ({
  ...(await original<object>()),
  liveTickets: () => ref(tickets.value),
  liveSync: () => ref({ online: true, problems: 0 }),
}))
enableAutoUnmount(afterEach)
afterEach(() => {
  vi.unstubAllGlobals()
})

/** On a screen so tall that the end never leaves it: told once for each time that it is watched, as browsers do. */
class TallScreen {
  constructor(private readonly tell: IntersectionObserverCallback) {}
  observe(): void {
    setTimeout(() => {
      this.tell([{ isIntersecting: true } as IntersectionObserverEntry], this as unknown as IntersectionObserver)
    })
  }
  unobserve(): void {}
  disconnect(): void {}
}

describe('the list of tickets', () => {
  it('grows to its end, also where the end stays in view after a step', async () => {
    const ticket = { state: 'accepted', deadlines: [], flags: [], received_at: '2026-11-22T04:00:00.000Z' }
    tickets.value = Array.from({ length: 50 }, (_, n) => ({ ...ticket, id: `t${n}` }) as unknown as TicketView)
    vi.stubGlobal('IntersectionObserver', TallScreen)
    const list = shallowMount(TicketList, { global: { plugins: [i18n], renderStubDefaultSlot: true } })
    const cards = () => list.findAllComponents(TicketCard).length
    const first = cards()
    for (let turn = 0; turn < 8; turn += 1) {
      await new Promise((resolve) => setTimeout(resolve))
      await flushPromises()
    }
    expect([first < 50, cards()]).toEqual([true, 50])
  })
})
