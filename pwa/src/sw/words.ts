/**
 * The worker's words. It has no page and no vue-i18n, and its messages are plain text with `{name}` in them; which
 * language, the page has left in the browser's store (actions/alerts.ts).
 */
import en from '../locales/en/push.json?raw'
import zh from '../locales/zh-CN/push.json?raw'

type Tree = { [key: string]: string | Tree }

/** `t('push.action.ack')`; a key without words gives undefined. */
export type Words = (key: string, named?: Record<string, string | number>) => string | undefined

const trees: Record<string, Tree> = {}

export function wordsIn(language: string | undefined): Words {
  const name = language === 'en' ? 'en' : 'zh-CN'
  const tree = (trees[name] ??= JSON.parse(name === 'en' ? en : zh) as Tree)
  return (key, named = {}) => {
    let found: string | Tree | undefined = tree
    for (const part of key.replace(/^push\./, '').split('.')) found = typeof found === 'object' ? found[part] : undefined
    if (typeof found !== 'string') return undefined
    return found.replace(/\{(\w+)\}/g, (_, name: string) => String(named[name] ?? ''))
  }
}
