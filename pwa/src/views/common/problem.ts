/** What a refused operation held, and the form in which it can be written anew. */
import type { Problem } from '@/local/records'

const TEXT_FIELDS = ['text', 'public_text', 'result', 'summary', 'opinion', 'reason', 'basis', 'no_fix_reason', 'no_photo_reason']

/** Everything that was typed, as one text to copy. */
export function typedIn(args: Record<string, unknown>): string {
  return TEXT_FIELDS.map((field) => args[field])
    .filter((value): value is string => typeof value === 'string' && value.trim() !== '')
    .join('\n')
}

interface Again {
  path: string
  draft: string
  value: Record<string, unknown>
  query?: Record<string, string>
}

/** The screen and the filled form for “edit and send as new”; undefined where there is none. */
export function againOf(problem: Problem): Again | undefined {
  const { subject, args } = problem
  const form = (step: string, value: Record<string, unknown>, path = step): Again => ({
    path: `/tickets/${subject}/${path}`,
    draft: `${step}:${subject}`,
    value,
  })
  switch (problem.name) {
    case 'ticket.reply':
      return form('reply', {
        finding: args.finding,
        resolution: args.resolution,
        text: args.text ?? '',
        publicText: args.public_text ?? '',
      })
    case 'ticket.return':
      return form('return', { reason: args.reason ?? '', basis: args.basis ?? '', unit: args.suggested_unit ?? '' })
    case 'ticket.callback':
      return form('callback', {
        outcome: args.outcome,
        resolved: args.resolved,
        satisfaction: args.satisfaction,
        summary: args.summary ?? '',
      })
    case 'ticket.on_site_done':
      return form('done', { result: args.result ?? '', noPhoto: args.no_photo_reason ?? '' })
    case 'ticket.note':
      return form('note', { text: args.text ?? '' })
    case 'incident.report': {
      const place = (args.place ?? {}) as { village?: string; address?: string }
      const value = { matter: args.matter, text: args.text ?? '', village: place.village ?? '', address: place.address ?? '' }
      return { path: `/report/${String(args.matter)}`, draft: 'report:new', value, ...(args.drill === true ? { query: { drill: '1' } } : {}) }
    }
    case 'incident.note':
      return { path: `/incidents/${subject}/note`, draft: `incident_note:${subject}`, value: { text: args.text ?? '' } }
    case 'incident.task_done': {
      const task = String(args.task)
      return { path: `/incidents/${subject}/tasks/${task}`, draft: `task_done_${task}:${subject}`, value: { text: args.text ?? '' } }
    }
    default:
      return undefined
  }
}
