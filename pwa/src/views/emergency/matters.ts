/** The list of matters, the duty room's number and the villages, as a report needs them: from this phone, renewed quietly. */
import { computed, onMounted, type ComputedRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { api } from '@/actions/api'
import { refreshMatters } from '@/actions/incidents'
import { lifeFirst } from '@/domain/incidents'
import type { Matter } from '@/domain/incidentTypes'
import { liveMatters } from '@/local/liveIncidents'

export interface MatterRow extends Matter {
  name: string
}

interface MatterList {
  /** Life at risk first; undefined until read. */
  matters: ComputedRef<MatterRow[] | undefined>
  /** null: the town has set none. */
  dutyPhone: ComputedRef<string | null>
  nameOf: (code: string, known?: string) => string
}

export function useMatters(): MatterList {
  const { locale } = useI18n()
  const list = liveMatters()
  onMounted(() => void refreshMatters())
  const said = (one: Matter): string => (locale.value === 'en' ? one.en : one.zh)
  const matters = computed(() => list.value && lifeFirst(list.value.items).map((one) => ({ ...one, name: said(one) })))
  const dutyPhone = computed(() => list.value?.dutyPhone ?? api.lastConfig()?.duty_phone ?? null)
  const nameOf = (code: string, known = code): string => matters.value?.find((one) => one.code === code)?.name ?? known
  return { matters, dutyPhone, nameOf }
}

/** The numbers that everybody may need, whatever the matter. */
export const EMERGENCY_NUMBERS: readonly string[] = ['110', '119', '120', '122']

/** One report is written at a time; its draft waits for whichever matter is picked next. */
export const REPORT_DRAFT = 'report:new'

export interface ReportDraft {
  matter: string
  text: string
  village: string
  address: string
}

export const EMPTY_REPORT: ReportDraft = { matter: '', text: '', village: '', address: '' }
