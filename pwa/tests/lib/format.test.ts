import { describe, expect, it } from 'vitest'
import { bytesWords, distanceWords, dueTime, dayTime, lengthWords, metresBetween, shanghai, shortNo } from '@/lib/format'
import { t } from '@/lib/i18n'
import { stopwatch } from '@/lib/time'

const at = (text: string) => Date.parse(text)
const NOW = at('2026-10-04T13:15:00Z') // 21:15 in Shanghai

describe('times', () => {
  it('are those of Shanghai, wherever the phone is', () => {
    expect(shanghai(at('2026-10-04T16:30:00Z'))).toMatchObject({ month: 10, day: 5, hour: 0, minute: 30 })
  })

  it('call the midnight that ends a day its 24:00', () => {
    expect(dueTime(t, at('2026-10-04T16:00:00Z'), NOW)).toBe('今天 24:00')
    expect(dueTime(t, at('2026-10-09T16:00:00Z'), NOW)).toBe('10月9日 24:00')
    expect(dueTime(t, at('2026-10-04T14:15:00Z'), NOW)).toBe('今天 22:15')
  })

  it('name yesterday, tomorrow, and the year when it is another', () => {
    expect(dayTime(t, at('2026-10-03T02:00:00Z'), NOW)).toBe('昨天 10:00')
    expect(dayTime(t, at('2026-10-05T02:05:00Z'), NOW)).toBe('明天 10:05')
    expect(dayTime(t, at('2027-01-05T02:05:00Z'), NOW)).toBe('2027年1月5日 10:05')
  })

  it('say a length in two units at most', () => {
    expect(lengthWords(t, 23 * 60_000 + 59_000)).toBe('23 分')
    expect(lengthWords(t, 8 * 3_600_000 + 42 * 60_000)).toBe('8 小时 42 分')
    expect(lengthWords(t, (3 * 24 + 4) * 3_600_000)).toBe('3 天 4 小时')
    expect(lengthWords(t, 59_000)).toBe('59 秒')
  })

  it('run like a stopwatch within the hour', () => {
    expect(stopwatch(22 * 60_000 + 41_000)).toBe('22:41')
    expect(stopwatch(3_723_000)).toBe('1:02:03')
  })
})

describe('distances and sizes', () => {
  it('measure a tenth of a degree of latitude as about 11.1 km', () => {
    expect(metresBetween({ lat: 23, lng: 113.6 }, { lat: 23.1, lng: 113.6 })).toBeCloseTo(11_119.5, 0)
    expect(metresBetween({ lat: 23, lng: 113.6 }, { lat: 23, lng: 113.6 })).toBe(0)
  })

  it('are said in the unit that people use', () => {
    expect(distanceWords(t, 18.4)).toBe('18 米')
    expect(distanceWords(t, 1_240)).toBe('1.2 公里')
    expect(bytesWords(389_120)).toBe('380 KB')
    expect(bytesWords(1_258_291)).toBe('1.2 MB')
  })

  it('shorten long ticket numbers to what is said aloud', () => {
    expect(shortNo('DJ202610040217')).toBe('DJ…0217')
    expect(shortNo('DG000199')).toBe('DG000199')
  })
})
