import { describe, expect, it } from 'vitest'
import type { Problem } from '@/local/records'
import { againOf, typedIn } from '@/views/common/problem'

function refused(name: string, args: Record<string, unknown>): Problem {
  return {
    id: 'op1', kind: 'refused', name, subject: 't1', label: { ticketNo: 'DG1', title: '井盖' },
    at: '2026-11-22T04:20:00.000Z', args, code: 'stale_base', message: '已改派', notedAt: 0,
  }
}

describe('refused work', () => {
  it('gives back everything that was typed, in reading order', () => {
    expect(typedIn({ text: '已处理', public_text: '公开', finding: 'true' })).toBe('已处理\n公开')
    expect(typedIn({ finding: 'true' })).toBe('')
  })

  it('fills the reply form again, word for word', () => {
    const again = againOf(refused('ticket.reply', { finding: 'true', resolution: 'resolved', text: '已处理' }))
    expect(again).toEqual({
      path: '/tickets/t1/reply',
      draft: 'reply:t1',
      value: { finding: 'true', resolution: 'resolved', text: '已处理', publicText: '' },
    })
  })

  it('has no form for an acceptance that came second', () => {
    expect(againOf(refused('ticket.accept', {}))).toBeUndefined()
  })
})
