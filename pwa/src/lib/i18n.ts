/**
 * Languages. zh-CN is built in, English is fetched when chosen (and precached by the service worker, so it also
 * works offline). Messages are split by room: alarm, common, emergency, field, head; the office adds its own with `addMessages`.
 */
import { nextTick, type Ref } from 'vue'
import { createI18n } from 'vue-i18n'
import alarm from '../locales/zh-CN/alarm.json'
import common from '../locales/zh-CN/common.json'
import emergency from '../locales/zh-CN/emergency.json'
import field from '../locales/zh-CN/field.json'
import head from '../locales/zh-CN/head.json'

export type Language = 'zh-CN' | 'en'
export const LANGUAGES: readonly Language[] = ['zh-CN', 'en']

const KEY = 'jiban.language'

type Messages = Record<string, unknown>
type RoomLoader = (language: Language) => Promise<Messages>

export const i18n = createI18n({
  legacy: false,
  locale: 'zh-CN',
  fallbackLocale: 'zh-CN',
  messages: { 'zh-CN': { alarm, common, emergency, field, head } },
  missingWarn: false,
  fallbackWarn: false,
})

// vue-i18n narrows its types to the messages built in; ours grow at run time.
const locale = i18n.global.locale as unknown as Ref<string>
const merge = (lang: string, messages: Messages): void => {
  i18n.global.mergeLocaleMessage(lang as 'zh-CN', messages as never)
}

/** For code outside components. */
export const t = i18n.global.t as unknown as (key: string, named?: Record<string, unknown>) => string

/** Whether the present language has words for a key: for names that come from the server. */
export function isKey(key: string): boolean {
  return i18n.global.te(key)
}

const loaded = new Set<Language>(['zh-CN'])
const rooms = new Map<string, RoomLoader>()

/** The chosen language, for requests (`Accept-Language`) and dates. */
export function language(): Language {
  return locale.value as Language
}

function rememberedLanguage(): Language {
  try {
    return localStorage.getItem(KEY) === 'en' ? 'en' : 'zh-CN'
  } catch {
    return 'zh-CN'
  }
}

async function loadPhone(lang: Language): Promise<void> {
  if (loaded.has(lang)) return
  const [a, c, e, f, h] = await Promise.all([
    import('../locales/en/alarm.json'),
    import('../locales/en/common.json'),
    import('../locales/en/emergency.json'),
    import('../locales/en/field.json'),
    import('../locales/en/head.json'),
  ])
  merge(lang, { alarm: a.default, common: c.default, emergency: e.default, field: f.default, head: h.default })
  loaded.add(lang)
}

/**
 * A room that is loaded later (the office) brings its messages.
 * @param room the namespace, e.g. `office`
 * @param load gives the room's messages in a language
 */
export async function addMessages(room: string, load: RoomLoader): Promise<void> {
  if (rooms.has(room)) return
  rooms.set(room, load)
  merge(language(), { [room]: await load(language()) })
}

/** Switches everything on screen; resolves when the new words show. */
export async function setLanguage(lang: Language): Promise<void> {
  await loadPhone(lang)
  for (const [room, load] of rooms) merge(lang, { [room]: await load(lang) })
  locale.value = lang
  document.documentElement.lang = lang
  try {
    localStorage.setItem(KEY, lang)
  } catch {
    // storage switched off: the choice lasts as long as the page
  }
  await nextTick()
}

/** Call once at start, before mounting. */
export async function followLanguage(): Promise<void> {
  const lang = rememberedLanguage()
  document.documentElement.lang = lang
  if (lang !== 'zh-CN') await setLanguage(lang)
}
