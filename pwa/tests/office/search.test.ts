import { enableAutoUnmount, flushPromises, shallowMount } from '@vue/test-utils'
import { afterEach, expect, it, vi } from 'vitest'
import { createRouter, createWebHistory } from 'vue-router'
import { officeApi } from '@/actions/office'
import TicketFilters from '@/components/office/TicketFilters.vue'
import { i18n } from '@/lib/i18n'
import TicketsPage from '@/views/office/TicketsPage.vue'

enableAutoUnmount(afterEach)

it('searches for the words of the entry of the history that is open, and for no others', async () => {
  const asked = vi.spyOn(officeApi, 'tickets').mockResolvedValue({ items: [], total: 0, page: 1 })
  const last = () => asked.mock.lastCall?.[0]
  const router = createRouter({ history: createWebHistory(), routes: [{ path: '/office/tickets', component: TicketsPage }] })
  await router.push('/office/tickets?urgent=1')
  const page = shallowMount(TicketsPage, { global: { plugins: [i18n, router] } })
  page.findComponent(TicketFilters).vm.$emit('change', { q: '张三', village: '闸口村' })
  await flushPromises()
  expect(last()).toMatchObject({ q: '张三', village: '闸口村' })
  expect(location.href, 'they may be a resident’s').not.toContain(encodeURIComponent('张三'))
  const found = { ...history.state } as object
  await router.push('/office/tickets')
  await flushPromises()
  expect(last(), 'a link to the whole list').not.toHaveProperty('q')
  history.replaceState(found, '') // back
  await router.replace('/office/tickets?village=闸口村')
  await flushPromises()
  expect(last()).toMatchObject({ q: '张三', village: '闸口村' })
})
