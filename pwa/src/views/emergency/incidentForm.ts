/** What every form about an incident shares: the incident, the draft with its photos, “stored on this phone”. */
import { computed, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRoute, useRouter } from 'vue-router'
import type { IncidentSubject } from '@/actions/incidents'
import { dismissProblem } from '@/actions/outbox'
import type { ActOptions } from '@/actions/tickets'
import { useEvidenceForm, type EvidenceForm } from '@/components/evidenceForm'
import { storedWords } from '@/components/stored'
import type { IncidentView } from '@/domain/incidentTypes'
import { say } from '@/lib/say'
import { cameFromInside } from '@/lib/screen'
import { liveMe, liveSync } from '@/local/live'
import { liveIncidentView } from '@/local/liveIncidents'

/** How an operation names its incident. A report that only this phone knows has no revision. */
export function subjectOf(incident: IncidentView): IncidentSubject {
  return { id: incident.id, rev: incident.rev > 0 ? incident.rev : null, title: incident.matter.name }
}

export interface IncidentForm<T extends object> extends Omit<EvidenceForm<T>, 'kept' | 'submit'> {
  incident: Readonly<Ref<IncidentView | null | undefined>>
  watermark: Readonly<Ref<{ ticketNo: string; place: string; name: string }>>
  submit: (send: (incident: IncidentSubject, options: ActOptions) => Promise<unknown>) => Promise<void>
}

/** @param key the draft's, without the incident */
export function useIncidentForm<T extends object>(key: string, id: string, initial: T): IncidentForm<T> {
  const { t } = useI18n()
  const router = useRouter()
  const route = useRoute()
  const sync = liveSync()
  const me = liveMe()
  const incident = liveIncidentView(id)
  const evidence = useEvidenceForm<T>(`${key}:${id}`, initial)
  const watermark = computed(() => ({
    ticketNo: incident.value?.matter.name ?? '',
    place: incident.value?.village ?? '',
    name: me.value?.name ?? '',
  }))

  async function submit(send: (incident: IncidentSubject, options: ActOptions) => Promise<unknown>): Promise<void> {
    const about = incident.value
    if (!about) return
    await evidence.submit(async (options) => {
      await send(subjectOf(about), options)
      if (typeof route.query.again === 'string') await dismissProblem(route.query.again)
      say(storedWords(t, sync.value))
      if (cameFromInside()) router.back()
      else await router.replace(`/incidents/${id}`)
    })
  }

  return { ...evidence, incident, watermark, submit }
}
