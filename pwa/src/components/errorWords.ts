/** A failure in words for the person who holds the phone. */
import { ApiError, NetworkError } from '@/actions/api'

type T = (key: string, named?: Record<string, unknown>) => string

/**
 * @param offline what to say when the network is the reason
 */
export function wordsOf(error: unknown, t: T, offline: string = t('common.error.offline')): string {
  if (error instanceof NetworkError) return offline
  if (error instanceof ApiError && error.message) return error.message
  const code = (error as { code?: unknown } | null)?.code
  if (code === 'storage_full' || code === 'storage_failed' || code === 'confidential_online_only') {
    return t(`common.error.${code}`)
  }
  return t('common.error.unknown')
}
