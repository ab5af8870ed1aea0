import { mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { report } from '@/actions/incidents'
import { i18n } from '@/lib/i18n'
import { openBase, openOutbox, setValue } from '@/local/db'
import { writeDraft } from '@/local/drafts'
import { readIncident, readIncidents, readMatters, readReport, readVillages, writeMatters } from '@/local/incidents'
import type { OutboxOp, Session } from '@/local/records'
import { loadSession, saveSession } from '@/local/session'
import { onAskForSync } from '@/sync/outbox'
import { againOf } from '@/views/common/problem'
import ReportForm from '@/views/emergency/ReportForm.vue'
import ReportSent from '@/views/emergency/ReportSent.vue'
import { wipe } from '../sync/phone'

const USER = { id: 'u1', username: 'worker', name: '李伟', role: 'grid_worker', unit: { id: 'n1', name: '闸口村' }, villages: ['闸口村'], grid: 'g1' }
const SESSION = { user: USER, csrf: 'c', state: 'live', signedInAt: 1, confirmedAt: 1 } as unknown as Session
const ME = USER as never

let shown: VueWrapper | undefined

beforeEach(async () => {
  await wipe()
  localStorage.clear()
  await loadSession()
  await saveSession(SESSION)
  vi.stubGlobal('fetch', () => Promise.reject(new Error('no network')))
})
afterEach(() => {
  shown?.unmount()
  shown = undefined
  vi.unstubAllGlobals()
})

const tell = (): Promise<string> => report('火灾', { matter: 'fire', text: '仓库起火', place: { village: '闸口村' } }, {})
const theOp = async (): Promise<OutboxOp> => (await openOutbox('u1').ops.toArray())[0] as OutboxOp

/** The server's answer to the push, before its receipt. */
async function answered(outcome: 'applied' | 'refused', message?: string): Promise<void> {
  const op = await theOp()
  await openOutbox('u1').ops.put({ ...op, answer: { outcome, at: Date.parse('2026-11-22T06:02:00Z'), ...(message ? { message } : {}) } })
}

/** The receipt has taken it out of the outbox. */
async function settled(outcome: 'applied' | 'refused'): Promise<void> {
  const { id, ...op } = await theOp()
  const receipt = { outcome, received_at: '2026-11-22T06:02:00.000Z' }
  await openOutbox('u1').sent.put({ ...op, id, device: 'd', settledAt: 1, receipt })
  await openOutbox('u1').ops.clear()
}

async function open(component: object, path: string, props: Record<string, unknown>): Promise<VueWrapper> {
  const blank = { template: '<i />' }
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:rest(.*)*', component: blank }] })
  await router.push(path)
  shown = mount(component, { props, global: { plugins: [i18n, router] }, attachTo: document.body })
  return shown
}

describe('a report', () => {
  it('is on the disk with its own new incident, and asks to be sent at once', async () => {
    const asked: boolean[] = []
    const stop = onAskForSync(({ force }) => asked.push(force))
    const id = await tell()
    stop()
    expect(await theOp()).toMatchObject({
      name: 'incident.report', subject: id, base: null, label: { title: '火灾' }, args: { matter: 'fire', text: '仓库起火', place: { village: '闸口村' } },
    })
    expect((await theOp()).id).not.toBe(id)
    expect(asked).toContain(true)
    expect(await readIncidents(ME)).toMatchObject([{ id, text: '仓库起火', pending: [{ status: 'stored' }] }])
  })

  it('is told as far as it has come, and still after it has left the outbox', async () => {
    const id = await tell()
    expect(await readReport('u1', id)).toMatchObject({ status: 'stored', matter: 'fire' })
    const { n } = await theOp()
    await setValue(openBase('u1').meta, 'status', { online: true, pushing: { from: n, to: n } })
    expect(await readReport('u1', id)).toMatchObject({ status: 'sending' })
    await answered('applied')
    expect(await readReport('u1', id)).toMatchObject({ status: 'delivered', deliveredAt: Date.parse('2026-11-22T06:02:00Z') })
    await settled('applied')
    expect(await readReport('u1', id)).toMatchObject({ status: 'delivered', deliveredAt: Date.parse('2026-11-22T06:02:00Z'), text: '仓库起火' })
    expect(await readReport('u1', 'another')).toBeNull()
  })

  it('leaves its place to the server’s row, which then shows it once', async () => {
    const id = await tell()
    const op = await theOp()
    const entry = { id: op.id, name: op.name, actor: { id: 'u1', name: '李伟' }, occurred_at: op.at, text: '仓库起火' }
    const doc = { id, rev: 7, text: '仓库起火', matter: { code: 'fire', name: '火灾' }, members: [], tasks: [], units: [], timeline: [entry] }
    await openBase('u1').rows.put({ type: 'incident', id, rev: 7, buckets: ['b'], doc, gen: 0 })
    expect(await readIncident(ME, id)).toMatchObject({ rev: 7, timeline: [{ id: op.id }] })
    await openBase('u1').receipts.put({ id: op.id, n: op.n, outcome: 'applied' })
    expect(await readIncident(ME, id)).toMatchObject({ pending: [], timeline: [{ id: op.id }] })
  })

  it('refused, can be written anew, as a drill if it was one', () => {
    const problem = {
      id: 'x', kind: 'refused' as const, name: 'incident.report', subject: 'i1', label: {}, at: '2026-11-22T06:00:00.000Z', notedAt: 0,
      args: { matter: 'fire', text: '起火', place: { village: '闸口村' }, drill: true },
    }
    expect(againOf(problem)).toEqual({
      path: '/report/fire', draft: 'report:new', query: { drill: '1' }, value: { matter: 'fire', text: '起火', village: '闸口村', address: '' },
    })
  })
})

describe('the list of matters', () => {
  it('comes with the app, until the town has told its own', async () => {
    expect((await readMatters('u1')).items.some((one) => one.code === 'fire' && one.numbers.includes('119'))).toBe(true)
    await writeMatters('u1', { items: [{ code: 'a', zh: '甲', en: 'A', life_at_risk: false, numbers: [] }], dutyPhone: '0769-1' })
    expect(await readMatters('u1')).toMatchObject({ items: [{ code: 'a' }], dutyPhone: '0769-1' })
  })

  it('offers the villages that this phone knows of, the own one first', async () => {
    const doc = { place: { village: '南城村' } }
    await openBase('u1').rows.put({ type: 'ticket', id: 't1', rev: 1, buckets: [], doc, gen: 0 })
    expect(await readVillages(ME)).toEqual(['闸口村', '南城村'])
  })
})

describe('the screen after the tap', () => {
  it('says that it has not arrived, offers the telephone, tries again, and then that it got through', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await writeMatters('u1', { items: [], dutyPhone: '0769-8512345' })
    await setValue(openBase('u1').meta, 'status', { online: false, trouble: { code: 'network', at: 1 } })
    const id = await tell()
    const asked: boolean[] = []
    const stop = onAskForSync(({ force }) => asked.push(force))
    const screen = await open(ReportSent, `/incidents/${id}/sent`, { id })
    await vi.waitFor(() => {
      expect(screen.text()).toContain('未送达—请立即拨打值班室')
    })
    expect(screen.find('a[href="tel:07698512345"]').text()).toContain('拨打值班室')
    expect(screen.html()).not.toContain('class="card result good"')
    vi.advanceTimersByTime(9_000)
    await nextTick()
    expect(asked.filter(Boolean)).toHaveLength(2)
    expect(screen.text()).toContain('已试 2 次')
    await answered('applied')
    await vi.waitFor(() => {
      expect(screen.find('.result.good').text()).toContain('已送达值班室 14:02')
    })
    vi.advanceTimersByTime(9_000)
    expect(asked).toHaveLength(2)
    expect(screen.text()).not.toContain('未送达')
    stop()
    vi.useRealTimers()
  })

  it('claims nothing before it knows how the line stands', async () => {
    const id = await tell()
    const screen = await open(ReportSent, `/incidents/${id}/sent`, { id })
    await vi.waitFor(() => {
      expect(screen.text()).toContain('仓库起火')
    })
    expect(screen.text()).not.toContain('请立即拨打')
    expect(screen.text()).not.toContain('已送达')
  })

  it('says so when the town has set no number, and offers 110', async () => {
    const id = await tell()
    const screen = await open(ReportSent, `/incidents/${id}/sent`, { id })
    await vi.waitFor(() => {
      expect(screen.text()).toContain('还没有设置值班室电话')
    })
    expect(screen.find('a[href="tel:110"]').exists()).toBe(true)
  })

  it('tells a refusal in the server’s words, and looks like no success', async () => {
    const id = await tell()
    await answered('refused', '没有这个事项')
    const screen = await open(ReportSent, `/incidents/${id}/sent`, { id })
    await vi.waitFor(() => {
      expect(screen.text()).toContain('没有这个事项')
    })
    expect(screen.text()).not.toContain('已送达')
    expect(screen.find('.good').exists()).toBe(false)
  })
})

describe('the form', () => {
  it('has what was typed before the app was killed, needs one line, and stores the report', async () => {
    await writeDraft('u1', 'report:new', { matter: 'fire', text: '仓库起火', village: '闸口村', address: '' }, Date.now())
    const screen = await open(ReportForm, '/report/fire?drill=1', { matter: 'fire' })
    const field = screen.find('textarea')
    await vi.waitFor(() => {
      expect((field.element as HTMLTextAreaElement).value).toBe('仓库起火')
    })
    expect(document.activeElement).toBe(field.element)
    expect(screen.text()).toContain('演练')
    await field.setValue('  ')
    await screen.find('form').trigger('submit')
    await vi.waitFor(() => {
      expect(screen.text()).toContain('请写一句现场情况')
    })
    expect(await openOutbox('u1').ops.count()).toBe(0)
    await field.setValue('里面有人')
    await screen.find('form').trigger('submit')
    await vi.waitFor(async () => {
      expect((await theOp()).args).toEqual({ matter: 'fire', text: '里面有人', place: { village: '闸口村' }, drill: true })
    })
    expect(await openOutbox('u1').drafts.count()).toBe(0)
  })
})
