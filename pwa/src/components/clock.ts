/** What a deadline says at this moment: which one counts now, its words, its colour. Shared by card, hero and sheet. */
import { computed, type ComputedRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { levelOf, nextDeadline, usedFraction, type Level } from '@/domain/deadlines'
import type { Deadline, TicketDoc } from '@/domain/types'
import { dueTime, instant, lengthWords } from '@/lib/format'
import { useNowFor } from '@/lib/time'

export interface ClockFace {
  deadline: Deadline
  level: Level
  /** 0–1 of the time. */
  used: number
  /** ms until due; negative when late. */
  leftMs: number
  /** “到场 剩 23 分”, “受理 已超 4 分”. */
  left: string
  /** “今天 15:42 前” */
  due: string
  label: string
}

/** One deadline's face, ticking. */
export function useClockFace(deadline: () => Deadline | undefined): ComputedRef<ClockFace | undefined> {
  const { t } = useI18n()
  const now = useNowFor(() => instant(deadline()?.due_at))
  return computed(() => {
    const d = deadline()
    const due = instant(d?.due_at)
    if (!d || due === undefined) return undefined
    const leftMs = due - now.value
    const label = t(`common.deadline.${d.kind}`)
    const length = lengthWords(t, Math.abs(leftMs))
    return {
      deadline: d,
      level: levelOf(d, now.value),
      used: usedFraction(d, now.value),
      leftMs,
      left: t(leftMs >= 0 ? 'common.clock.left' : 'common.clock.late', { label, length }),
      due: t('common.clock.before', { due: dueTime(t, due, now.value) }),
      label,
    }
  })
}

const FINISHED = new Set(['replied', 'closed', 'merged', 'terminated'])

export function isFinished(ticket: TicketDoc): boolean {
  return FINISHED.has(ticket.state)
}

/** The deadline that counts now for a ticket; none once it is finished. */
export function useTicketClock(ticket: () => TicketDoc): ComputedRef<ClockFace | undefined> {
  return useClockFace(() => (isFinished(ticket()) ? undefined : nextDeadline(ticket())))
}

const WAITS_FOR_OTHERS = new Set(['reply_review', 'returning', 'determining'])

function rank(ticket: TicketDoc): number {
  if (isFinished(ticket)) return 3
  if (WAITS_FOR_OTHERS.has(ticket.state)) return 2
  return ticket.urgent ? 0 : 1
}

/** A worker's order: emergencies, then what is due next, then what waits for somebody else, then finished work. */
export function inWorkersOrder<T extends TicketDoc>(tickets: readonly T[]): T[] {
  const keyed = tickets.map((ticket) => ({
    ticket,
    rank: rank(ticket),
    urgent: isFinished(ticket) ? 0 : Number(ticket.urgent),
    due: isFinished(ticket) ? -(instant(ticket.received_at) ?? 0) : dueOf(ticket),
  }))
  keyed.sort((a, b) => a.rank - b.rank || b.urgent - a.urgent || a.due - b.due || (a.ticket.id < b.ticket.id ? -1 : 1))
  return keyed.map(({ ticket }) => ticket)
}

function dueOf(ticket: TicketDoc): number {
  return instant(nextDeadline(ticket)?.due_at) ?? Number.MAX_VALUE
}

/** Emergencies, then what is due first: for one who decides on what waits. */
export function byDue(a: TicketDoc, b: TicketDoc): number {
  const urgent = Number(b.urgent) - Number(a.urgent)
  if (urgent) return urgent
  return dueOf(a) - dueOf(b) || (a.id < b.id ? -1 : 1)
}
