// The Chinese working calendar as data per year; a year not published yet counts plain weekdays and says so.
import { DAY_MS, isoDay } from './instants'

export interface Calendar {
  /** Days that differ from the plain week, by "2026-10-01". */
  days: Record<string, { work: boolean; name: string } | undefined>
  years: readonly number[]
}

export interface Count {
  last: number
  skipped: { date: string; name: string }[]
  provisional: boolean
}

const WEEKEND: Record<number, string | undefined> = { 6: '周六', 0: '周日' }

function weekday(day: number): number {
  return new Date(day * DAY_MS).getUTCDay()
}

/** The last of `days` working days after day number `start` (民法典 §201–203), or from `start` itself. */
export function countWorkingDays(start: number, days: number, calendar: Calendar, withStart = false): Count {
  let left = days
  let provisional = false
  const skipped: Count['skipped'] = []
  for (let day = withStart ? start : start + 1; ; day += 1) {
    const date = isoDay(day)
    const known = calendar.days[date]
    const off = WEEKEND[weekday(day)]
    if (!calendar.years.includes(Number(date.slice(0, 4)))) provisional = true
    if (known ? known.work : off === undefined) {
      left -= 1
      if (left <= 0) return { last: day, skipped, provisional }
    } else {
      skipped.push({ date, name: known?.name || off || '' })
    }
  }
}
