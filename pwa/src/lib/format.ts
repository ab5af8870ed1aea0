/** Instants, distances and sizes in words. All days are Shanghai days (UTC+8, no summer time since 1991). */
import { span } from './time'

const SHANGHAI_MS = 8 * 3_600_000
const DAY_MS = 86_400_000

/** vue-i18n's `t`, as far as these need it. */
export type Translate = (key: string, named?: Record<string, unknown>) => string

export interface ShanghaiParts {
  year: number
  month: number
  day: number
  weekday: number
  hour: number
  minute: number
  second: number
  dayNumber: number
}

/** The wall clock in Shanghai at an instant (ms UTC); `dayNumber` counts whole Shanghai days. */
export function shanghai(ms: number): ShanghaiParts {
  const local = new Date(ms + SHANGHAI_MS)
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    weekday: local.getUTCDay(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    dayNumber: Math.floor((ms + SHANGHAI_MS) / DAY_MS),
  }
}

/** An RFC 3339 instant (or ms) as ms UTC; undefined when absent or unreadable. */
export function instant(value: string | number | null | undefined): number | undefined {
  if (value === null || value === undefined || value === '') return undefined
  const ms = typeof value === 'number' ? value : Date.parse(value)
  return Number.isNaN(ms) ? undefined : ms
}

const two = (n: number) => String(n).padStart(2, '0')

export function clockTime(ms: number, seconds = false): string {
  const p = shanghai(ms)
  return `${two(p.hour)}:${two(p.minute)}${seconds ? `:${two(p.second)}` : ''}`
}

function dayWord(t: Translate, p: ShanghaiParts, now: ShanghaiParts): string {
  const apart = p.dayNumber - now.dayNumber
  if (apart === 0) return t('common.day.today')
  if (apart === -1) return t('common.day.yesterday')
  if (apart === 1) return t('common.day.tomorrow')
  const named = { year: p.year, month: p.month, day: p.day, monthName: t(`common.month.${p.month}`) }
  return t(p.year === now.year ? 'common.day.date' : 'common.day.dateYear', named)
}

/** “今天 15:42”, “11月25日 08:00”. */
export function dayTime(t: Translate, ms: number, nowMs: number): string {
  return `${dayWord(t, shanghai(ms), shanghai(nowMs))} ${clockTime(ms)}`
}

/** A due instant: the midnight that ends a day is said as that day's 24:00 (API.md, deadlines). */
export function dueTime(t: Translate, ms: number, nowMs: number): string {
  if ((ms + SHANGHAI_MS) % DAY_MS !== 0) return dayTime(t, ms, nowMs)
  return `${dayWord(t, shanghai(ms - 1), shanghai(nowMs))} 24:00`
}

/** “23 分”, “8 小时 42 分”, “3 天 4 小时”: two units at most. */
export function lengthWords(t: Translate, ms: number): string {
  const s = span(ms)
  if (s.unit === 'days') return s.hours ? t('common.span.daysHours', { ...s }) : t('common.span.days', { ...s })
  if (s.unit === 'hours') {
    return s.minutes ? t('common.span.hoursMinutes', { ...s }) : t('common.span.hours', { ...s })
  }
  if (s.unit === 'minutes') return t('common.span.minutes', { ...s })
  return t('common.span.seconds', { ...s })
}

/** “18 米”, “1.2 公里”. */
export function distanceWords(t: Translate, metres: number): string {
  if (metres < 1_000) return t('common.distance.metres', { n: Math.round(metres) })
  return t('common.distance.kilometres', { n: (metres / 1_000).toFixed(metres < 10_000 ? 1 : 0) })
}

/** “380 KB”, “1.2 MB”. */
export function bytesWords(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`
  if (bytes < 1_048_576) return `${Math.round(bytes / 1_024)} KB`
  if (bytes < 1_073_741_824) return `${(bytes / 1_048_576).toFixed(1)} MB`
  return `${(bytes / 1_073_741_824).toFixed(1)} GB`
}

/** Great-circle distance in metres between two WGS-84 points. */
export function metresBetween(a: { lat: number; lng: number }, b: { lat: number; lng: number }): number {
  const rad = Math.PI / 180
  const dLat = (b.lat - a.lat) * rad
  const dLng = (b.lng - a.lng) * rad
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(dLng / 2) ** 2
  return 2 * 6_371_008.8 * Math.asin(Math.min(1, Math.sqrt(h)))
}

/** The tail people say aloud: “…0217”; short numbers stay whole. */
export function shortNo(externalNo: string): string {
  return externalNo.length > 10 ? `${externalNo.slice(0, 2)}…${externalNo.slice(-4)}` : externalNo
}
