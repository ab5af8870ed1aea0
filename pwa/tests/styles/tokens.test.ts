import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const css = readFileSync(join(__dirname, '../../src/styles/tokens.css'), 'utf8')

function block(selector: string): Record<string, string> {
  const start = css.indexOf(`${selector} {`)
  const body = css.slice(start, css.indexOf('\n}', start))
  const found: Record<string, string> = {}
  for (const [, name, colour] of body.matchAll(/--([a-z0-9-]+):\s*(#[0-9a-f]{6});/g)) found[name as string] = colour as string
  return found
}

const light = block(':root')
const themes = { light, dark: { ...light, ...block(':root[data-theme="dark"]') } }

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const channel = parseInt(hex.slice(at, at + 2), 16) / 255
    return channel <= 0.03928 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: string, b: string): number {
  const [dark, bright] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number]
  return (bright + 0.05) / (dark + 0.05)
}

const TEXT: [string, string][] = [
  ['ink', 'card'], ['ink', 'ground'], ['ink', 'well'], ['ink-2', 'card'], ['ink-2', 'ground'], ['ink-2', 'well'],
  ['ink-3', 'card'], ['brand', 'card'], ['brand', 'ground'], ['brand-ink', 'brand'], ['brand-soft-ink', 'brand-soft'],
  ['red', 'red-soft'], ['red', 'card'], ['amber', 'amber-soft'], ['green', 'green-soft'], ['green', 'card'],
  ['alarm-ink', 'alarm'], ['drill-ink', 'drill'], ['drill-ink', 'drill-2'],
]
const CLOCKS: [string, string][] = [
  ['clock-red', 'card'], ['clock-red', 'red-soft'], ['clock-amber', 'card'], ['clock-amber', 'amber-soft'],
  ['clock-green', 'card'], ['clock-calm', 'card'],
]
const EDGES: [string, string][] = [
  ['line-strong', 'card'], ['bar-red', 'well'], ['bar-amber', 'well'], ['bar-green', 'well'], ['bar-calm', 'well'],
]

describe.each(Object.entries(themes))('%s colours', (_name, tokens) => {
  const of = ([front, back]: [string, string]) => contrast(tokens[front] as string, tokens[back] as string)

  it.each(TEXT)('text %s on %s has 4.5:1', (...pair) => {
    expect(of(pair)).toBeGreaterThanOrEqual(4.5)
  })

  it.each(CLOCKS)('clock %s on %s has 7:1', (...pair) => {
    expect(of(pair)).toBeGreaterThanOrEqual(7)
  })

  it.each(EDGES)('edge %s on %s has 3:1', (...pair) => {
    expect(of(pair)).toBeGreaterThanOrEqual(3)
  })
})
