/** Reading the arrival indicator (DOMAIN §D): percentages, minutes, the bins of the distribution. */

import type { Bin } from '@/actions/officeWire'

export const LINE_MIN = 60

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

/** The server's bins, whatever their widths, poured into ours. */
export function rebin(bins: readonly Bin[]): Bin[] {
  const ours = emptyBins()
  for (const bin of bins) {
    const mine = ours[Math.min(ours.length - 1, Math.floor(bin.from_s / BIN_S))]
    if (mine) mine.n += bin.n
  }
  return ours
}
