/** What the screens call an operation, and where its subject is shown. */
import { isKey } from '@/lib/i18n'

type T = (key: string) => string

/** Words for `ticket.arrive`, `incident.report`, `alert.ack` …; an unknown name stands for itself. */
export function opWords(name: string, t: T): string {
  const key = name.startsWith('ticket.') || !name.includes('.') ? `common.op.${name.replace(/^ticket\./, '')}` : `emergency.op.${name}`
  return isKey(key) ? t(key) : name
}

/** The screen of what an operation was about. */
export function subjectPath(name: string, subject: string): string | undefined {
  if (name.startsWith('incident.')) return `/incidents/${subject}`
  if (name.startsWith('alert.')) return `/alerts/${subject}`
  return name.startsWith('ticket.') || name === 'void' ? `/tickets/${subject}` : undefined
}

/** What an item in the outbox was about. A ticket without a label is a confidential one. */
export function aboutWords(name: string, label: { title?: string; ticketNo?: string }, t: T): string {
  const said = [label.title, label.ticketNo].filter(Boolean).join(' · ')
  return said || (/^(incident|alert|drill)\./.test(name) ? '' : t('common.confidential'))
}
