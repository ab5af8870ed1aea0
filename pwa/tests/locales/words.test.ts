import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createI18n } from 'vue-i18n'

type Tree = { [key: string]: string | Tree }

const SOURCE = join(__dirname, '../../src')
const LOCALES = join(SOURCE, 'locales')
const ROOMS = readdirSync(join(LOCALES, 'zh-CN')).map((file) => file.replace('.json', ''))

function flat(tree: Tree, prefix: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') found.set(`${prefix}.${key}`, value)
    else flat(value, `${prefix}.${key}`).forEach((text, path) => found.set(path, text))
  }
  return found
}

function messages(language: string): Map<string, string> {
  const all = new Map<string, string>()
  for (const room of ROOMS) {
    const tree = JSON.parse(readFileSync(join(LOCALES, language, `${room}.json`), 'utf8')) as Tree
    flat(tree, room).forEach((text, key) => all.set(key, text))
  }
  return all
}

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) return sources(path)
    return /\.(vue|ts)$/.test(name) && !/\.test\.ts$/.test(name) ? [readFileSync(path, 'utf8')] : []
  })
}

const zh = messages('zh-CN')
const en = messages('en')
const code = sources(SOURCE).join('\n')
const rooms = ROOMS.join('|')

/** Keys written out, and the beginnings of those built at run time (`common.state.${…}`, 'x.y.' + z). */
const literal = new Set([...code.matchAll(new RegExp(`['"\`]((?:${rooms})\\.[A-Za-z0-9_.]+)['"\`]`, 'g'))].map((m) => m[1] as string))
const built = [...code.matchAll(new RegExp(`['"\`]((?:${rooms})\\.[A-Za-z0-9_.]*)(?:\\$\\{|['"] *\\+)`, 'g'))].map((m) => m[1] as string)
// A key held in a variable and lengthened: `${key}At`.
const lengthened = [...code.matchAll(/`\$\{key\}([A-Za-z]+)`/g)].map((m) => m[1] as string)

/** Of one thing and of several: each form says everything. */
const forms = (text: string) => text.split(' | ')
const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] as string).sort()

describe('the words', () => {
  it('exist in both languages under the same keys', () => {
    expect([...en.keys()].sort()).toEqual([...zh.keys()].sort())
  })

  it('take the same values in both languages, dates aside', () => {
    const differing = [...zh].filter(([key, text]) => {
      if (text.includes('{month}')) return false
      return forms(en.get(key) ?? '').some((form) => placeholders(text).join() !== placeholders(form).join())
    })
    expect(differing).toEqual([])
  })

  it('are there for every key that the code names', () => {
    const missing = [...literal].filter((key) => !zh.has(key) && ![...zh.keys()].some((known) => known.startsWith(`${key}.`)))
    expect(missing).toEqual([])
  })

  it('are all used somewhere', () => {
    const used = (key: string) =>
      literal.has(key) ||
      built.some((start) => start !== '' && key.startsWith(start)) ||
      lengthened.some((end) => key.endsWith(end) && literal.has(key.slice(0, -end.length)))
    expect([...zh.keys()].filter((key) => !used(key))).toEqual([])
  })

  it('are empty in both languages or in none, and English holds no Chinese but the name of the other language', () => {
    expect([...zh].filter(([key, text]) => (text === '') !== (en.get(key) === ''))).toEqual([])
    const chinese = [...en].filter(([key, text]) => /[\u3400-\u9fff，。：；（）]/.test(text) && !key.endsWith('.language'))
    expect(chinese).toEqual([])
  })

  it('hold no character that the message compiler would take for its own', () => {
    expect([...zh, ...en].filter(([, text]) => text.includes('@'))).toEqual([])
    expect([...zh].filter(([, text]) => text.includes('|'))).toEqual([])
  })

  it('tell one from several in English, by the number {n}', () => {
    const counted = [...en].filter(([, text]) => text.includes('|'))
    expect(counted.filter(([, text]) => !/^[^|]*\{n\}[^|]* \| [^|]*$/.test(text))).toEqual([])
    const { t } = createI18n({ legacy: false, locale: 'en', messages: { en: Object.fromEntries(counted) } }).global
    expect([0, 1, 2].map((n) => t('alarm.more', { n }))).toEqual(['0 more emergency alerts', '1 more emergency alert', '2 more emergency alerts'])
  })
})
