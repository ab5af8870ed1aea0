/** What a push message may say (API.md "Alerts"): the alert's id and kind, never content. */
export interface Payload {
  alert: string
  kind: string
}

const ID = /^[0-9a-zA-Z-]{1,64}$/
const KIND = /^[a-z_]{1,40}$/

/** undefined for everything else: a later version, a broken or foreign message, none at all. */
export function parsePayload(text: string | undefined): Payload | undefined {
  if (text === undefined || text.length > 4_096) return undefined
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof read !== 'object' || read === null) return undefined
  const { v, alert, kind } = read as { v?: unknown; alert?: unknown; kind?: unknown }
  if (v !== 1 || typeof alert !== 'string' || !ID.test(alert)) return undefined
  return { alert, kind: typeof kind === 'string' && KIND.test(kind) ? kind : 'unknown' }
}
