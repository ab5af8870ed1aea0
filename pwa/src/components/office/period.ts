/** Periods of the board as Shanghai dates, both inclusive (API.md `/indicators`). */
import { shanghai } from '@/lib/format'

export type PeriodName = 'today' | 'week' | 'month' | 'lastMonth' | 'custom'

export interface Period {
  from: string
  to: string
}

const DAY_MS = 86_400_000

function date(ms: number): string {
  const p = shanghai(ms)
  return `${p.year}-${String(p.month).padStart(2, '0')}-${String(p.day).padStart(2, '0')}`
}

/** Today, the last seven days, this month, the one before; `custom` keeps what was chosen. */
export function periodOf(name: PeriodName, nowMs: number, custom?: Period): Period {
  const today = shanghai(nowMs)
  const firstOfMonth = nowMs - (today.day - 1) * DAY_MS
  if (name === 'today') return { from: date(nowMs), to: date(nowMs) }
  if (name === 'week') return { from: date(nowMs - 6 * DAY_MS), to: date(nowMs) }
  if (name === 'lastMonth') {
    const lastDay = firstOfMonth - DAY_MS
    return { from: date(lastDay - (shanghai(lastDay).day - 1) * DAY_MS), to: date(lastDay) }
  }
  if (name === 'custom' && custom) return custom
  return { from: date(firstOfMonth), to: date(nowMs) }
}
