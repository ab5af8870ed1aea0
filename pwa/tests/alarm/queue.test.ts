import { describe, expect, it } from 'vitest'
import { asksFor, deskPathOf, foldAlert, mannerOf, pathOf, queueOf, titleIn, type AckOp, type AlertView } from '../../src/domain/alerts'
import { stripOf, type Watch } from '../../src/components/alarm/strip'
import { kindWords, sendState, takenWords, whereWords } from '../../src/components/alarm/words'
import { i18n } from '../../src/lib/i18n'
import { alertOf } from './alert'

const NOW = Date.parse('2026-11-22T06:01:00.000Z')
const MINUTE = 60_000
const dueIn = (minutes: number): AlertView['ticket'] => ({
  ...{ no: 'E-1', address: '振兴路12号', confidential: false },
  arrivalDueAt: new Date(NOW + minutes * MINUTE).toISOString(),
})
const acked = (status: 'stored' | 'sending' | 'delivered' | 'refused') => ({ status, at: '2026-11-22T06:00:30.000Z', via: 'alert.ack' })

describe('an alert takes', () => {
  it.each([
    ['the screen: an urgent ticket', {}, 'screen'],
    ['the screen: a direct report', { kind: 'direct_report' }, 'screen'],
    ['the screen: a muster', { kind: 'muster' }, 'screen'],
    ['the screen: a drill as well', { drill: true }, 'screen'],
    ['the screen: a kind of a later version', { kind: 'flood' as never }, 'screen'],
    ['a banner: what he is only told of', { informed: true }, 'banner'],
    ['a banner: overdue', { kind: 'overdue' }, 'banner'],
    ['a banner: a reminder with time left', { kind: 'reminder', ticket: dueIn(6) }, 'banner'],
    ['a banner: a reminder whose ticket is not here', { kind: 'reminder' }, 'banner'],
    ['the screen: the last reminder', { kind: 'reminder', ticket: dueIn(5) }, 'screen'],
    ['the screen: a reminder past its time', { kind: 'reminder', ticket: dueIn(-1) }, 'screen'],
    ['nothing: 收到 is on this phone only', { ack: acked('stored') }, 'none'],
    ['nothing: 收到 is on its way', { ack: acked('sending') }, 'none'],
    ['nothing: 收到 is there', { ack: acked('delivered') }, 'none'],
    ['the screen again: 收到 was refused', { ack: acked('refused') }, 'screen'],
    ['a line: somebody else has it', { state: 'acked' }, 'taken'],
    ['nothing: somebody else has it, since yesterday', { state: 'acked', raised_at: '2026-11-21T17:00:00.000Z' }, 'none'],
    ['nothing: he was only told, and somebody has it', { state: 'acked', informed: true }, 'none'],
    ['nothing: a reminder that is met', { state: 'acked', kind: 'reminder' }, 'none'],
    ['nothing: it is over', { state: 'ended' }, 'none'],
  ] as [string, Partial<AlertView>, string][])('%s', (_what, more, manner) => {
    expect(mannerOf(alertOf(more), NOW)).toBe(manner)
  })
})

describe('of several alerts', () => {
  it('the one over the screen is real before drill, life at risk first, then the newest', () => {
    const alerts = [
      alertOf({ id: 'drill', drill: true, life_at_risk: true, raised_at: '2026-11-22T06:00:59.000Z' }),
      alertOf({ id: 'reminder', kind: 'reminder', ticket: dueIn(1), raised_at: '2026-11-22T06:00:58.000Z' }),
      alertOf({ id: 'older' }),
      alertOf({ id: 'newer', raised_at: '2026-11-22T06:00:30.000Z' }),
      alertOf({ id: 'life', kind: 'direct_report', life_at_risk: true, raised_at: '2026-11-22T05:50:00.000Z' }),
    ]
    expect(queueOf(alerts, NOW).screen.map(({ id }) => id)).toEqual(['life', 'newer', 'older', 'reminder', 'drill'])
  })

  it('each stands in its place; what is not delivered is listed, refused is not', () => {
    const queue = queueOf(
      [
        alertOf({ id: 'screen' }),
        alertOf({ id: 'told', informed: true }),
        alertOf({ id: 'else', state: 'acked' }),
        alertOf({ id: 'stored', ack: acked('stored') }),
        alertOf({ id: 'sending', ack: acked('sending'), state: 'ended' }),
        alertOf({ id: 'there', ack: acked('delivered'), state: 'acked' }),
        alertOf({ id: 'refused', ack: acked('refused'), state: 'ended' }),
      ],
      NOW,
    )
    expect(Object.entries(queue).map(([place, list]: [string, AlertView[]]) => [place, list.map(({ id }) => id)])).toEqual([
      ['screen', ['screen']],
      ['banner', ['told']],
      ['taken', ['else']],
      ['unsent', ['sending', 'stored']],
    ])
  })
})

describe('the strip', () => {
  const queue = queueOf([alertOf({ id: 'call' }), alertOf({ id: 'told', informed: true }), alertOf({ id: 'else', state: 'acked' })], NOW)
  const ids = (...how: [Watch, boolean, string?]) => {
    const { banner, taken } = stripOf(queue, how[0], how[1], how[2] ?? '/office')
    return [banner.map(({ id }) => id), taken.map(({ id }) => id)]
  }

  it('holds the call itself where the page must not be covered, or the screen cannot be loaded', () => {
    expect(ids(undefined, false)).toEqual([['told'], ['else']])
    expect(ids('strip', false)).toEqual([['call', 'told'], ['else']])
    expect(ids(undefined, true)).toEqual([['call', 'told'], ['else']])
    expect(ids('cards', true)).toEqual([[], []])
  })

  it('leaves what is not delivered to the page of its own', () => {
    const unsent = queueOf([alertOf({ id: 'mine', ack: acked('stored') }), alertOf({ id: 'else', state: 'acked' })], NOW)
    expect(stripOf(unsent, undefined, false, '/alerts/mine')).toMatchObject({ unsent: [], taken: [] })
    expect(stripOf(unsent, undefined, false, '/').unsent).toHaveLength(1)
  })

  it('asks for 收到 only where somebody waits for it', () => {
    expect([alertOf(), alertOf({ informed: true }), alertOf({ kind: 'reminder' })].map(asksFor)).toEqual([true, false, false])
  })
})

describe('收到 of this phone', () => {
  const { ack: _ack, ticket: _ticket, ...doc } = alertOf()
  const op = (more: Partial<AckOp>): AckOp => ({ name: 'alert.ack', subject: 'al1', at: '2026-11-22T06:00:10.000Z', status: 'stored', ...more })

  it('is any work on the spot, too; a note is not', () => {
    expect(foldAlert(doc, [op({ name: 'ticket.depart', subject: 't1' })]).ack).toMatchObject({ status: 'stored', via: 'ticket.depart' })
    expect(foldAlert(doc, [op({ name: 'ticket.note', subject: 't1' }), op({ subject: 'al2' })]).ack).toBeNull()
  })

  it('counts though an earlier one was refused; the server’s word comes before the phone’s', () => {
    expect(foldAlert(doc, [op({ status: 'refused' }), op({ name: 'ticket.arrive', subject: 't1' })]).ack?.status).toBe('stored')
    expect(foldAlert(doc, [op({ status: 'refused' })]).ack?.status).toBe('refused')
    const there = { ...doc, acked_at: '2026-11-22T06:00:20.000Z', ack_received_at: '2026-11-22T06:00:22.000Z' }
    expect(foldAlert(there, [op({})]).ack).toMatchObject({ status: 'delivered', deliveredAt: '2026-11-22T06:00:22.000Z' })
  })

  it('is said to be unsent after 6 s, whatever a hanging request says', () => {
    const at = Date.parse('2026-11-22T06:00:30.000Z')
    expect(sendState(alertOf({ ack: acked('sending') }), at + 5_900)).toBe('sending')
    expect(sendState(alertOf({ ack: acked('sending') }), at + 6_000)).toBe('unsent')
    expect(sendState(alertOf({ ack: acked('delivered') }), at + 6_000)).toBe('delivered')
    expect(sendState(alertOf({ ack: acked('refused') }), at + 6_000)).toBe('idle')
    expect(sendState(alertOf(), at)).toBe('idle')
  })
})

describe('the words', () => {
  const t = i18n.global.t as Parameters<typeof kindWords>[0]

  it('name a task what it is, and a kind that is not known', () => {
    expect(kindWords(t, alertOf())).toBe('紧急工单')
    expect(kindWords(t, alertOf({ kind: 'muster', task: 'x' }))).toBe('交办任务')
    expect(kindWords(t, alertOf({ kind: 'flood' as never }))).toBe(t('alarm.kind.unknown'))
  })

  it('are in English where the title begins with a name of ours, and as they came elsewhere', () => {
    const fire = { title: '火灾：仓库冒烟', title_en: 'Fire: 仓库冒烟' }
    expect([titleIn('en', fire), titleIn('zh-CN', fire)]).toEqual(['Fire: 仓库冒烟', '火灾：仓库冒烟'])
    expect([titleIn('en', { title: '井盖', title_en: null }), titleIn('en', { title: '井盖' })]).toEqual(['井盖', '井盖'])
  })

  it('do not say the village twice, nor a place that is not told', () => {
    const ticket = (address: string): AlertView['ticket'] => ({ no: '1', address, confidential: false })
    expect(whereWords(alertOf({ ticket: ticket('振兴路12号') }))).toBe('闸口村 振兴路12号')
    expect(whereWords(alertOf({ ticket: ticket('闸口村振兴路12号') }))).toBe('闸口村振兴路12号')
    expect(whereWords(alertOf({ village: null }))).toBe('')
  })

  it('name who has it, and leave a backup free', () => {
    expect(takenWords(t, alertOf({ acked_by: { id: 'u2', name: '王芳' } }))).toContain('王芳')
    expect(takenWords(t, alertOf({ posts: ['backup'] }))).not.toBe(takenWords(t, alertOf({ posts: ['worker'] })))
  })

  it('never tell a leader that a direct report is none of his business', () => {
    const report = (acked_by?: AlertView['acked_by']) => takenWords(t, alertOf({ kind: 'direct_report', ...(acked_by ? { acked_by } : {}) }))
    expect(report({ id: 'd', name: '何强', role: 'duty_room' })).toBe('值班室何强已收到，请知悉')
    expect(report({ id: 'l', name: '黄敏', role: 'town_leader' })).toBe('黄敏 已收到，请知悉')
    expect(report({ id: 'l', name: '黄敏' })).toBe('黄敏 已收到，请知悉')
    expect(report()).toBe('其他同事 已收到，请知悉')
  })
})

it('leads to its ticket or incident; a drill to itself', () => {
  expect(pathOf(alertOf())).toBe('/tickets/t1')
  expect(deskPathOf(alertOf())).toBe('/office/tickets/t1')
  expect(deskPathOf(alertOf({ subject: { type: 'incident', id: 'i' } }))).toBe('/office/emergency/incidents/i')
  expect(deskPathOf(alertOf({ subject: { type: 'drill', id: 'd' } }))).toBe('/alerts/al1')
  expect(pathOf(alertOf({ subject: { type: 'incident', id: 'i1' } }))).toBe('/incidents/i1')
  expect(pathOf(alertOf({ subject: { type: 'drill', id: 'd1' } }))).toBe('/alerts/al1')
})
