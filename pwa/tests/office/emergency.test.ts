import { describe, expect, it } from 'vitest'
import { byChannel, isLate, waitsFor, isPersonLate, joinAlarms, peopleInOrder, rungHere, running, steps, toRing, unreached } from '../../src/components/office/emergency/alarms'
import { grouped, incidentOps, mergeTargets, opensIncident, taskState } from '../../src/components/office/emergency/incidents'
import { foundWords, verdictOf } from '../../src/components/office/emergency/flagByNumber'
import { faultOf, moved, sentence, tidy } from '../../src/components/office/emergency/ladder'
import { slotsOf, takenOver, wallInstant, weekOf } from '../../src/components/office/emergency/rota'
import { silentWorkers } from '../../src/components/office/emergency/useHealth'
import type { LadderRung, Turn } from '../../src/actions/emergencyWire'
import type { AlarmDoc, AlarmPerson, Delivery, IncidentDoc, IncidentEntry, IncidentTask } from '../../src/domain/emergency'
import { at, NOW } from './ticket'

let made = 0

function person(name: string, more: Partial<AlarmPerson> = {}): AlarmPerson {
  made += 1
  const times = { raised_at: at(-6), acked_at: null, ack_received_at: null, ack_via: null }
  return { person: { id: `p-${name}`, name }, alert: `alert-${made}`, rung: 0, informed: false, ...times, ...more }
}

function alarm(more: Partial<AlarmDoc> = {}): AlarmDoc {
  made += 1
  const ladder = [
    { rung: 0, due_at: at(-6), climbed_at: at(-6), posts: ['worker'], empty: false },
    { rung: 1, due_at: at(4), climbed_at: null, posts: ['duty_room'], empty: false },
    { rung: 2, due_at: at(9), climbed_at: null, posts: ['leader'], empty: false },
  ]
  return {
    ...{ id: `alarm-${made}`, rev: 1, kind: 'urgent_ticket', drill: false, subject: { type: 'ticket', id: 't' }, title: '井盖', village: '闸口村' },
    ...{ raised_at: at(-6), state: 'open', acked_at: null, acked_by: null, ended_at: null, end_why: null, next_at: at(4) },
    ...{ ladder, explained: [], people: [] },
    ...more,
  }
}

describe('the order of alarms', () => {
  it('is unanswered first, then who waits longest, drills below the real, answered last, ended nowhere', () => {
    const top = alarm({ state: 'unanswered', raised_at: at(-1) })
    const old = alarm({ raised_at: at(-9) })
    const fresh = alarm({ raised_at: at(-2) })
    const drill = alarm({ drill: true, state: 'unanswered', raised_at: at(-20) })
    const acked = alarm({ state: 'acked' })
    const all = [acked, drill, fresh, old, alarm({ state: 'ended' }), top]
    expect(running(all)).toEqual([top, old, fresh, drill, acked])
  })

  it('never calls a reminder loud, though its only rung waits for no answer', () => {
    expect(toRing([alarm({ kind: 'overdue' }), alarm({ kind: 'reminder' })])).toEqual([])
  })

  it('rings anew for a new alarm, for each rung, and at the top', () => {
    const one = alarm({ id: 'a' })
    const climbed = { ...one, ladder: one.ladder.map((rung) => (rung.rung === 1 ? { ...rung, climbed_at: at(4) } : rung)) }
    const keys = [toRing([one]), toRing([climbed]), toRing([{ ...one, state: 'unanswered' as const }])].flat()
    expect(new Set(keys).size).toBe(3)
    expect(toRing([{ ...one, state: 'acked' }])).toEqual([])
  })
})

describe('the bell of the frame', () => {
  const mine = alarm({ people: [person('何强')] })
  const others = alarm({ people: [person('李伟')] })
  const duty = { id: 'p-何强', role: 'duty_room' }

  it('rings for all where no alarm covers the page, else for what does not sound by itself', () => {
    expect(rungHere([mine, others], undefined, duty)).toEqual([others])
    for (const watch of ['cards', 'strip'] as const) expect(rungHere([mine, others], watch, duty)).toEqual([mine, others])
    expect(rungHere([mine, others], undefined, { id: 'l', role: 'town_leader' })).toEqual([])
    expect(rungHere([mine], 'strip', { id: 'p-何强', role: 'town_leader' })).toEqual([mine])
  })
})

describe('lateness', () => {
  it('begins when the ladder has climbed past the first deadline, not with the alarm', () => {
    const one = alarm()
    const climbed = { ...one, ladder: one.ladder.map((rung) => (rung.rung === 1 ? { ...rung, climbed_at: at(-1) } : rung)) }
    expect([isLate(one), isLate(climbed), isLate({ ...climbed, state: 'acked' })]).toEqual([false, true, false])
  })

  it('is not his who was called only by the last climb', () => {
    const climbed = alarm({ ladder: alarm().ladder.map((rung) => (rung.rung === 1 ? { ...rung, climbed_at: at(-1) } : rung)) })
    expect(isPersonLate(climbed, person('早', { raised_at: at(-6) }))).toBe(true)
    expect(isPersonLate(climbed, person('新', { raised_at: at(-1) }))).toBe(false)
    expect(isPersonLate(climbed, person('知', { informed: true }))).toBe(false)
  })
})

describe('the people of an alarm', () => {
  it('stand with the silent on top, the longest waiting first, the informed last', () => {
    const informed = person('甲', { informed: true })
    const acked = person('乙', { acked_at: at(-1) })
    const late = person('丙', { raised_at: at(-2) })
    const early = person('丁', { raised_at: at(-6) })
    expect(peopleInOrder([informed, acked, late, early])).toEqual([early, late, acked, informed])
  })

  const delivery = (channel: string, state: Delivery['state'], target = 'x', minutes = 0): Delivery => ({ channel, state, target, at: at(minutes) })

  it('show per channel the furthest message, app and push first', () => {
    const news = byChannel([delivery('sms', 'failed'), delivery('push', 'gone', 'a', 2), delivery('push', 'delivered', 'b'), delivery('app', 'sent')])
    expect(news.map(({ channel, state, targets }) => [channel, state, targets])).toEqual([['app', 'sent', 1], ['push', 'delivered', 2], ['sms', 'failed', 1]])
  })

  it('are unreached only when every message failed, not when none was tried', () => {
    expect(unreached(person('甲', { deliveries: [delivery('push', 'gone'), delivery('sms', 'failed')] }))).toBe(true)
    expect(unreached(person('乙', { deliveries: [delivery('push', 'gone'), delivery('sms', 'queued')] }))).toBe(false)
    expect(unreached(person('丙', { deliveries: [] }))).toBe(false)
  })

  it('keep their deliveries when the local document is newer, and a newer answer of the server wins', () => {
    const who = person('甲')
    const asked = alarm({ id: 'a', rev: 2, people: [{ ...who, deliveries: [delivery('app', 'seen')] }] })
    const newer = alarm({ id: 'a', rev: 3, state: 'acked', people: [{ ...who, acked_at: at(0) }] })
    const [joined] = joinAlarms([newer], [asked])
    expect([joined?.state, joined?.people[0]?.deliveries?.[0]?.state]).toEqual(['acked', 'seen'])
    expect(joinAlarms([alarm({ id: 'a', rev: 1 })], [asked])[0]).toBe(asked)
  })
})

describe('the steps of a ladder', () => {
  it('are done, passed on empty, next, later; and stopped once answered', () => {
    const ladder = alarm().ladder
    const empty = [{ ...ladder[0]!, empty: true }, { ...ladder[1]!, climbed_at: at(-6) }, ladder[2]!, { ...ladder[2]!, rung: 3 }]
    expect(steps(alarm({ ladder: empty })).map((step) => step.state)).toEqual(['empty', 'done', 'next', 'later'])
    expect(steps(alarm({ state: 'acked' })).map((step) => step.state)).toEqual(['done', 'stopped', 'stopped'])
  })
})

describe('who is called', () => {
  it('waits for whoever was asked and has not answered, not for whoever was only told', () => {
    const [asked, told, done] = [person('a'), person('b', { informed: true }), person('c', { acked_at: at(-1) })]
    const one = alarm({ people: [asked, told, done] })
    expect(['p-a', 'p-b', 'p-c', undefined].map((id) => waitsFor(one, id))).toEqual([true, false, false, false])
  })

  it('no longer waits for whoever was taken off the incident: he stands last, and is not silent', () => {
    const [gone, told, asked] = [person('a', { removed: true }), person('b', { informed: true }), person('c')]
    expect(waitsFor(alarm({ people: [gone] }), 'p-a')).toBe(false)
    expect(peopleInOrder([gone, told, asked])).toEqual([asked, told, gone])
    expect(isPersonLate(alarm({ state: 'unanswered' }), gone)).toBe(false)
  })
})

describe('an event from a ticket', () => {
  it('is opened by the duty room from an urgent one, never from a confidential or closed one', () => {
    const ticket = { urgent: true, confidential: false, state: 'assigned' as const }
    expect(opensIncident(ticket, 'duty_room')).toBe(true)
    const others = [{ ...ticket, urgent: false }, { ...ticket, confidential: true }, { ...ticket, state: 'closed' as const }]
    expect(others.map((one) => opensIncident(one, 'duty_room'))).toEqual([false, false, false])
    expect(opensIncident(ticket, 'grid_worker')).toBe(false)
  })
})

describe('the health bar', () => {
  it('names the workers without a heartbeat, and the server when it is down', () => {
    expect(silentWorkers({ status: 'degraded', workers: { sweeper: 'ok', alarms: 'late' } })).toEqual(['alarms'])
    expect(silentWorkers({ status: 'ok', workers: { sweeper: 'starting', alarms: 'ok' } })).toEqual([])
    expect(silentWorkers({ status: 'down', workers: {} })).toEqual(['server'])
  })
})

function incident(more: Partial<IncidentDoc> = {}): IncidentDoc {
  made += 1
  return {
    ...{ id: `i-${made}`, rev: 1, state: 'open', level: 4, matter: { code: 'fire', name: '火灾' }, drill: false, text: '浓烟', place: null },
    ...{ village: '闸口村', reporter: { id: 'p', name: '李伟' }, reported_at: at(-10), closed_at: null, merged_into: null, merged: [] },
    ...{ ticket: null, units: [], members: [], tasks: [], summary: null, life_at_risk: true, numbers: [], timeline: [] },
    ...more,
  }
}

describe('the decisions on an incident', () => {
  it('depend on its state, its level and the role', () => {
    expect(incidentOps(incident(), 'duty_room')).toContain('incident.upgrade')
    expect(incidentOps(incident(), 'duty_room')).not.toContain('incident.downgrade')
    expect(incidentOps(incident({ level: 1 }), 'duty_room')).not.toContain('incident.upgrade')
    expect(incidentOps(incident({ state: 'closed' }), 'duty_room')).toEqual(['incident.reopen'])
    expect(incidentOps(incident({ state: 'merged' }), 'duty_room')).toEqual(['incident.unmerge'])
    expect(incidentOps(incident(), 'dispatcher')).toEqual(['incident.note'])
  })

  it('offer to merge only into open events of the same earnest, the same village first', () => {
    const here = incident()
    const far = incident({ village: '南城村' })
    const near = incident({ reported_at: at(-600) })
    const all = [far, incident({ drill: true }), incident({ state: 'closed' }), near, here]
    expect(mergeTargets(here, all)).toEqual([near, far])
  })

  it('tell of a task whether it waits, runs, is late or done', () => {
    const task: IncidentTask = { id: 't', kind: 'handle', text: '', person: null, unit: null, due_at: at(5), given_at: at(-5), acked_at: null, done_at: null, alarm: null }
    expect(taskState(task, NOW)).toBe('waiting')
    expect(taskState({ ...task, acked_at: at(-1) }, NOW)).toBe('acked')
    expect(taskState({ ...task, acked_at: at(-1), due_at: at(-1) }, NOW)).toBe('late')
    expect(taskState({ ...task, due_at: at(-1), done_at: at(-2) }, NOW)).toBe('done')
  })

  it('show acknowledgements that follow each other as one line, each person once', () => {
    const step = (name: string, who: string, minutes: number): IncidentEntry => ({ id: `${name}${who}${minutes}`, name, actor: { id: who, name: who }, occurred_at: at(minutes) })
    const lines = grouped([step('alert.ack', 'a', 3), step('alert.ack', 'b', 2), step('alert.ack', 'a', 1), step('incident.note', 'a', 0), step('alert.ack', 'a', -1)])
    expect(lines.map(({ acks }) => acks.map((one) => one.id))).toEqual([['alert.acka1', 'alert.ackb2'], [], ['alert.acka-1']])
  })
})

describe('a ladder being edited', () => {
  const rung = (after_min: number, ...posts: LadderRung['posts']): LadderRung => ({ after_min, posts, informs: [], channels: null })
  const t = (key: string, named?: Record<string, unknown>) => `${key.replace(/^duty\./, '')}${named ? JSON.stringify(named) : ''}`

  it('starts at once, in order, and keeps its minutes when steps change places', () => {
    expect(tidy([rung(10, 'leader'), rung(3, 'worker')]).map((one) => one.after_min)).toEqual([0, 10])
    const next = moved([rung(0, 'worker'), rung(5, 'leader')], 1, -1)
    expect(next.map((one) => [one.after_min, one.posts[0]])).toEqual([[0, 'leader'], [5, 'worker']])
  })

  it('is refused without anybody to alarm, or with two steps at one minute', () => {
    expect([faultOf([]), faultOf([rung(0)]), faultOf([rung(0, 'worker'), rung(0, 'backup')]), faultOf([rung(0, 'worker'), rung(5, 'backup')])]).toEqual(['empty', 'nobody', 'order', undefined])
  })

  it('says “again” only of those called before', () => {
    const first = rung(0, 'worker', 'unit_head')
    expect(sentence(t, rung(5, 'unit_head'), [first])).toContain('ladder.again')
    expect(sentence(t, rung(5, 'duty_room'), [first])).toContain('ladder.then')
    expect(sentence(t, first, [])).toContain('ladder.first')
  })
})

describe('a ticket found by its number', () => {
  const found = { id: 't', rev: 3, external_no: 'DG77', state: 'assigned' as const, urgent: false, village: '闸口村' }

  it('can become urgent while it is open, and says so if it is already or no longer can', () => {
    expect(verdictOf(found)).toBe('flag')
    expect(verdictOf({ ...found, urgent: true })).toBe('urgent')
    for (const state of ['replied', 'closed', 'merged', 'terminated'] as const) expect(verdictOf({ ...found, state, urgent: true })).toBe('state')
  })

  it('is named by what the reader may know of it', () => {
    expect(foundWords(found, '待签收')).toBe('DG77 · 闸口村 · 待签收')
    expect(foundWords({ ...found, village: null, title: '井盖', address: '祠堂路口' }, '待签收')).toBe('DG77 · 井盖 · 祠堂路口 · 待签收')
  })
})

describe('the rota', () => {
  const turn = (from: number, to: number, more: Partial<Turn> = {}): Turn => ({
    ...{ id: `turn-${from}-${to}`, post: 'duty_room' as const, unit: null, person: { id: 'a', name: '何强' }, from_at: at(from), to_at: at(to), kind: 'regular' as const, replaces: null, note: '', may_edit: true },
    ...more,
  })

  it('begins its week on Monday, in Shanghai, also just after midnight', () => {
    expect(weekOf(NOW)[0]?.date).toBe('2026-11-16') // NOW is Sunday 13:00
    expect(weekOf(Date.parse('2026-11-22T16:30:00Z'))[0]?.date).toBe('2026-11-23')
    expect(weekOf(NOW, 1)[6]?.date).toBe('2026-11-29')
  })

  it('cuts a night turn at midnight and leaves out gaps that are over', () => {
    const [day] = weekOf(NOW).slice(6)
    const rota = { items: [turn(-60, 24 * 60)], gaps: [{ post: 'duty_room' as const, unit: null, from_at: at(-300), to_at: at(-60) }] }
    const row = { post: 'duty_room' as const, unit: null }
    expect(slotsOf(rota, row, day!).map((slot) => slot.hours)).toEqual(['08:00–12:00', '12:00–24:00'])
    expect(slotsOf(rota, row, day!, NOW).map((slot) => slot.hours)).toEqual(['12:00–24:00'])
  })

  it('strikes what somebody else has taken over, and of a part says for which hours, day by day', () => {
    const [saturday, sunday] = weekOf(NOW).slice(5)
    const mine = turn(-60, 120)
    const instead = (from: number, to: number) => turn(from, to, { id: `for-${from}-${to}`, person: { id: 'b', name: '郑' }, kind: 'stand_in', replaces: { id: 'a', name: '何强' } })
    const of = (which: Turn, ...others: Turn[]) => {
      const [slot] = slotsOf({ items: [which], gaps: [] }, { post: 'duty_room', unit: null }, sunday!)
      return takenOver(slot!, which, [mine, ...others])
    }
    expect(of(mine)).toEqual({ is: 'no', hours: [] })
    expect(of(mine, instead(-60, 120))).toEqual({ is: 'whole', hours: [] })
    expect(of(mine, instead(30, 300), instead(-60, 30)).is).toBe('whole')
    expect(of(mine, instead(-30, 0), instead(60, 300))).toEqual({ is: 'partly', hours: ['12:30–13:00', '14:00–15:00'] })
    expect(of(mine, instead(120, 300)).is).toBe('no')
    expect(of(instead(-60, 120), instead(-60, 120)).is).toBe('no')
    // A night turn: of its first day all, of its second nothing.
    const night = turn(-24 * 60, 60)
    const [first] = slotsOf({ items: [night], gaps: [] }, { post: 'duty_room', unit: null }, saturday!)
    const evening = instead(-24 * 60, -13 * 60)
    expect(takenOver(first!, night, [night, evening]).is).toBe('whole')
    expect(of(night, evening).is).toBe('no')
  })

  it('writes the wall clock of the town as an instant', () => {
    expect(wallInstant('2026-11-22', '08:30')).toBe('2026-11-22T00:30:00.000Z')
    expect(wallInstant('2026-11-22', '24:00')).toBe('2026-11-22T16:00:00.000Z')
  })
})
