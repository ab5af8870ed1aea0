/** What a supervisor's item says, in one sentence. */
import { useI18n } from 'vue-i18n'
import type { OfficeItem } from '@/actions/officeWire'
import { distanceWords } from '@/lib/format'

export function useItemWords() {
  const i18n = useI18n()
  const { t } = i18n
  const te = (key: string) => i18n.te(key)

  function field(name: string): string {
    return te(`office.field.${name}`) ? t(`office.field.${name}`) : name
  }

  function itemWords(item: OfficeItem): string {
    const details = item.details ?? {}
    const who = item.person?.name ?? ''
    const what = typeof details.name === 'string' ? t(`common.op.${details.name.replace('ticket.', '')}`) : ''
    switch (item.kind) {
      case 'external_no_taken': {
        const differs = Array.isArray(details.differs) ? details.differs.map((one) => field(String(one))) : []
        return t('office.item.long.external_no_taken', { differs: differs.join('、') })
      }
      case 'far_arrival':
        return t('office.item.long.far_arrival', { who, distance: distanceWords(t, Number(details.distance_m ?? 0)) })
      case 'kept_fact':
      case 'unverified_time':
        return t(`office.item.long.${item.kind}`, { who, what })
      default:
        return te(`office.item.long.${item.kind}`) ? t(`office.item.long.${item.kind}`, { who, what }) : ''
    }
  }

  return { itemWords }
}
