import type { AlertView } from '../../src/domain/alerts'

/** An open alert that asks, raised at 14:00 in Shanghai. */
export function alertOf(more: Partial<AlertView> = {}): AlertView {
  return {
    ...{ id: 'al1', rev: 1, alarm: 'am1', kind: 'urgent_ticket', drill: false, subject: { type: 'ticket', id: 't1' } },
    ...{ raised_at: '2026-11-22T06:00:00.000Z', acked_at: null, ack_received_at: null, rung: 0, title: '井盖缺失', village: '闸口村' },
    ...{ informed: false, life_at_risk: false, numbers: [], state: 'open', ended_at: null, end_why: null, climbed_meanwhile: false },
    ...{ ack: null, ticket: null },
    ...more,
  }
}
