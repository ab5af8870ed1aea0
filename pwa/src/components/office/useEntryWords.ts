/** A timeline entry in the field's words: its name and what a decision was about. */
import { useI18n } from 'vue-i18n'
import type { Named, TimelineEntry } from '@/domain/types'

function nameOf(value: unknown): string {
  if (typeof value === 'string') return value
  return (value as Named | null)?.name ?? ''
}

export function useEntryWords() {
  const i18n = useI18n()
  const { t } = i18n
  const te = (key: string) => i18n.te(key)

  function opWords(entry: Pick<TimelineEntry, 'name'>): string {
    const short = entry.name.replace('ticket.', '')
    if (te(`common.op.${short}`)) return t(`common.op.${short}`)
    return te(`office.op.${short}`) ? t(`office.op.${short}`) : short
  }

  function callbackWords(entry: TimelineEntry): string {
    const { callback } = entry
    if (!callback) return ''
    const parts = [t(`office.callback.${callback.outcome}`)]
    if (callback.resolved !== null) parts.push(t(callback.resolved ? 'office.callback.resolved' : 'office.callback.unresolved'))
    if (callback.satisfaction) parts.push(t(`office.callback.${callback.satisfaction}`))
    return parts.join(' · ')
  }

  /** “→ 公用事业服务中心 · 李伟 · 会办 闸口村”, “投诉 → 求助”. */
  function detailWords(entry: TimelineEntry): string {
    if (entry.callback) return callbackWords(entry)
    const details = entry.details ?? {}
    const parts: string[] = []
    const unit = nameOf(details.unit)
    if (unit) parts.push(`→ ${unit}`)
    const assignee = nameOf(details.assignee)
    if (assignee) parts.push(unit ? assignee : `→ ${assignee}`)
    const joint = Array.isArray(details.joint_units) ? details.joint_units.map(nameOf).filter(Boolean) : []
    if (joint.length) parts.push(t('office.entry.joint', { units: joint.join('、') }))
    if (typeof details.category === 'string') parts.push(`→ ${t(`common.category.${details.category}`)}`)
    if (typeof details.approved === 'boolean') parts.push(t(details.approved ? 'office.entry.approved' : 'office.entry.notApproved'))
    return parts.join(' · ')
  }

  return { opWords, detailWords, callbackWords }
}
