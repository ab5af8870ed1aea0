/** Errors in words for the desk: the server's own sentence, or what the missing network means here. */
import { useI18n } from 'vue-i18n'
import { wordsOf } from '@/components/errorWords'

export function useWords() {
  const { t } = useI18n()
  const errorWords = (error: unknown) => wordsOf(error, t, t('office.error.offline'))
  return { errorWords }
}
