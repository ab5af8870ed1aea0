/**
 * What the duty room's screen says of an alarm: which stand first, who has not answered, where each message is. Pure,
 * so that the loudest screen of the house can be tested line by line.
 */
import type { Watch } from '@/components/alarm/strip'
import type { AlarmDoc, AlarmPerson, Delivery, DeliveryState, RungState } from '@/domain/emergency'
import { instant } from '@/lib/format'

/** Local documents come with the sync, at once; deliveries are asked of the server every few seconds. */
export function joinAlarms(local: readonly AlarmDoc[], asked: readonly AlarmDoc[]): AlarmDoc[] {
  const byId = new Map<string, AlarmDoc>()
  for (const one of asked) byId.set(one.id, one)
  for (const one of local) {
    const other = byId.get(one.id)
    byId.set(one.id, other && other.rev > one.rev ? other : withDeliveries(one, other))
  }
  return [...byId.values()]
}

function withDeliveries(alarm: AlarmDoc, asked: AlarmDoc | undefined): AlarmDoc {
  if (!asked) return alarm
  const known = new Map(asked.people.map((one) => [one.alert, one.deliveries]))
  return { ...alarm, people: alarm.people.map((one) => ({ ...one, deliveries: known.get(one.alert) ?? one.deliveries ?? [] })) }
}

/** Unanswered, still climbing, answered but the matter goes on. */
const RANK: Record<AlarmDoc['state'], number> = { unanswered: 0, open: 1, acked: 2, ended: 3 }

export function isRunning(alarm: AlarmDoc): boolean {
  return alarm.state !== 'ended'
}

/** A reminder or the news that somebody is late: told once, by a ladder of one rung, and waiting for no answer. */
export function isNotice(alarm: AlarmDoc): boolean {
  return alarm.kind === 'reminder' || alarm.kind === 'overdue'
}

/** Nobody has it yet: what the sound, the red and the number in the title bar are for. */
export function isLoud(alarm: AlarmDoc): boolean {
  return !isNotice(alarm) && (alarm.state === 'open' || alarm.state === 'unanswered')
}

/** His answer is waited for: not only told, and not taken off the incident since. */
export function isAsked(one: Pick<AlarmPerson, 'informed' | 'removed'>): boolean {
  return !one.informed && !one.removed
}

/** Whether it calls this person, and he has not answered. */
export function waitsFor(alarm: AlarmDoc, person: string | undefined): boolean {
  return alarm.people.some((one) => one.person.id === person && isAsked(one) && !one.acked_at)
}

/**
 * Those for which the frame rings: all of them on a page that minds alarms, which no alarm covers; elsewhere the duty
 * room hears what does not call this very person, for that sounds by itself.
 */
export function rungHere(loud: readonly AlarmDoc[], watch: Watch, me: { id: string; role: string } | null): AlarmDoc[] {
  return loud.filter((one) => watch !== undefined || (me?.role === 'duty_room' && !waitsFor(one, me.id)))
}

/** Past its first deadline without an answer: from here on it is late, and red. */
export function isLate(alarm: AlarmDoc): boolean {
  return isLoud(alarm) && alarm.ladder.some((rung) => rung.climbed_at !== null && rung.climbed_at > alarm.raised_at)
}

/** Whether he has let his own deadline pass: the ladder has climbed since he was first called. */
export function isPersonLate(alarm: AlarmDoc, one: AlarmPerson): boolean {
  if (!isLoud(alarm) || personState(one) !== 'silent') return false
  return alarm.state === 'unanswered' || alarm.ladder.some((rung) => rung.climbed_at !== null && rung.climbed_at > one.raised_at)
}

/** Running ones: real before drill, unanswered first, then the one that waits longest. */
export function running(alarms: readonly AlarmDoc[]): AlarmDoc[] {
  const key = (one: AlarmDoc): [number, number, number] => [
    isLoud(one) && !one.drill ? 0 : isLoud(one) ? 1 : 2,
    RANK[one.state],
    (isLoud(one) ? 1 : -1) * (instant(one.raised_at) ?? 0),
  ]
  return alarms.filter(isRunning).sort((a, b) => {
    const [x, y] = [key(a), key(b)]
    return x[0] - y[0] || x[1] - y[1] || x[2] - y[2] || a.id.localeCompare(b.id)
  })
}

export type PersonState = 'silent' | 'informed' | 'removed' | 'acked'

export function personState(one: AlarmPerson): PersonState {
  if (one.acked_at) return 'acked'
  if (one.removed) return 'removed'
  return one.informed ? 'informed' : 'silent'
}

const PERSON_RANK: Record<PersonState, number> = { silent: 0, informed: 2, removed: 3, acked: 1 }

/** Who has not acknowledged on top, the longest waiting first; who was only told last. */
export function peopleInOrder(people: readonly AlarmPerson[]): AlarmPerson[] {
  return [...people].sort((a, b) => {
    const rank = PERSON_RANK[personState(a)] - PERSON_RANK[personState(b)]
    const when = (one: AlarmPerson) => instant(one.acked_at) ?? instant(one.raised_at) ?? 0
    return rank || when(a) - when(b) || a.person.name.localeCompare(b.person.name, 'zh-CN')
  })
}

export type StepState = 'done' | 'empty' | 'next' | 'later' | 'stopped'

export interface Step extends RungState {
  state: StepState
  dueMs: number
  atMs: number | undefined
}

/** The ladder as steps: climbed, climbed at once because nobody was on duty, next, later, or stopped by a 收到. */
export function steps(alarm: AlarmDoc): Step[] {
  let next = isLoud(alarm)
  return [...alarm.ladder]
    .sort((a, b) => a.rung - b.rung)
    .map((rung) => {
      const atMs = instant(rung.climbed_at)
      const step = { ...rung, atMs, dueMs: instant(rung.due_at) ?? 0 }
      if (atMs !== undefined) return { ...step, state: rung.empty ? ('empty' as const) : ('done' as const) }
      if (!isLoud(alarm)) return { ...step, state: 'stopped' as const }
      const state: StepState = next ? 'next' : 'later'
      next = false
      return { ...step, state }
    })
}

const FURTHEST: Record<DeliveryState, number> = { failed: 0, gone: 0, queued: 1, sent: 2, delivered: 3, seen: 4, acked: 5 }
const CHANNEL_ORDER = ['app', 'push']

export interface ChannelNews {
  channel: string
  state: DeliveryState
  at: string
  error: string | undefined
  /** How many devices or addresses it went to. */
  targets: number
}

/** Per channel how far the best of its messages came; app and push first. */
export function byChannel(deliveries: readonly Delivery[]): ChannelNews[] {
  const found = new Map<string, ChannelNews & { names: Set<string> }>()
  for (const one of deliveries) {
    const before = found.get(one.channel)
    const names = before?.names ?? new Set<string>()
    names.add(one.target ?? '')
    const better = !before || FURTHEST[one.state] > FURTHEST[before.state] || (FURTHEST[one.state] === FURTHEST[before.state] && one.at > before.at)
    const best = better ? { state: one.state, at: one.at, error: one.error ?? undefined } : before
    found.set(one.channel, { channel: one.channel, state: best.state, at: best.at, error: best.error, targets: names.size, names })
  }
  const rank = (channel: string) => (CHANNEL_ORDER.indexOf(channel) + CHANNEL_ORDER.length + 1) % (CHANNEL_ORDER.length + 1)
  return [...found.values()]
    .map(({ names: _names, ...news }) => news)
    .sort((a, b) => rank(a.channel) - rank(b.channel) || a.channel.localeCompare(b.channel))
}

/** Nothing reached him by any channel: the phone is the only way left. */
export function unreached(one: AlarmPerson): boolean {
  const all = one.deliveries ?? []
  return all.length > 0 && all.every((delivery) => delivery.state === 'failed' || delivery.state === 'gone')
}

/** Where the alarm's subject opens at the desk. */
export function subjectPath(alarm: Pick<AlarmDoc, 'subject'>): string | undefined {
  if (alarm.subject.type === 'ticket') return `/office/tickets/${alarm.subject.id}`
  if (alarm.subject.type === 'incident') return `/office/emergency/incidents/${alarm.subject.id}`
  return '/office/drills'
}

/** What a sound is made for: an alarm not heard before, or one that has reached the end of its ladder unanswered. */
export function toRing(alarms: readonly AlarmDoc[]): string[] {
  return alarms.filter(isLoud).map((one) => `${one.id}:${one.state === 'unanswered' ? 'top' : one.ladder.filter((rung) => rung.climbed_at).length}`)
}
