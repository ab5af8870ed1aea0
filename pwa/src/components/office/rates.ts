/** Reading the arrival indicator (DOMAIN §D): lights, percentages, the bins of the distribution. */

import type { Bin } from '@/actions/officeWire'

/** Below this many tickets there is no rate and no ranking. */
export const MIN_N = 10

export const LINE_MIN = 60

export type Light = 'good' | 'fair' | 'poor'

/** Arrival's lights: green from 95 %, yellow from 85 %. */
export function light(rate: number): Light {
  if (rate >= 0.95) return 'good'
  return rate >= 0.85 ? 'fair' : 'poor'
}

/** `0.964` → `96.4%`; a whole number loses its zero, and 99.96 % never rounds up to a hundred. */
export function percent(rate: number): string {
  const floored = Math.floor(rate * 1_000 + 1e-9) / 10
  return `${floored % 1 === 0 ? floored.toFixed(0) : floored.toFixed(1)}%`
}

/** Seconds as minutes for a table: `24`, under ten minutes with one decimal. */
export function minutes(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return '—'
  const m = seconds / 60
  return m < 10 && m % 1 !== 0 ? m.toFixed(1) : String(Math.round(m))
}

const BIN_S = 300
const LAST_S = 5_400

/** Five-minute bins to ninety minutes, then the rest. */
export function emptyBins(): Bin[] {
  return Array.from({ length: LAST_S / BIN_S + 1 }, (_, i) => {
    const from_s = i * BIN_S
    return { from_s, to_s: from_s < LAST_S ? from_s + BIN_S : null, n: 0 }
  })
}

/** Arrival times (seconds) in bins. Sixty minutes sharp is on time, so it belongs left of the line (DOMAIN D10). */
export function distribution(seconds: readonly number[]): Bin[] {
  const bins = emptyBins()
  for (const s of seconds) {
    const at = Math.min(bins.length - 1, Math.floor((s === LINE_MIN * 60 ? s - 1 : s) / BIN_S))
    const bin = bins[Math.max(0, at)]
    if (bin) bin.n += 1
  }
  return bins
}

/** The server's bins, whatever their widths, poured into ours. */
export function rebin(bins: readonly Bin[]): Bin[] {
  const ours = emptyBins()
  for (const bin of bins) {
    const mine = ours[Math.min(ours.length - 1, Math.floor(bin.from_s / BIN_S))]
    if (mine) mine.n += bin.n
  }
  return ours
}
