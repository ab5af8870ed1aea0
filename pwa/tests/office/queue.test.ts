import { describe, expect, it } from 'vitest'
import { type OfficeTicket, dispatchQueue, unitChoices } from '../../src/components/office/queue'
import { deadline, ticket } from './ticket'

const unit = (name: string, kind = 'department') => ({ id: `u-${name}`, name, kind, village: null, duties: [], grids: [], open: 0 })
const UNITS = [unit('住建'), unit('公用事业服务中心'), unit('闸口村', 'village'), unit('综合行政执法'), unit('交通')]
const named = (name: string) => ({ id: `u-${name}`, name })

function suggested(more: Partial<OfficeTicket> = {}): OfficeTicket {
  return ticket({
    suggestion: {
      unit: named('公用事业服务中心'),
      assignee: null,
      joint_units: [named('闸口村')],
      rule: 'duty',
      matter: '井盖',
      alternatives: [named('综合行政执法')],
    },
    ...more,
  })
}

describe('the dispatch queue', () => {
  it('holds what waits for the office: received, returned, to be determined; no praise', () => {
    const states = ['received', 'returning', 'determining', 'assigned', 'handling', 'closed'] as const
    const queue = dispatchQueue([...states.map((state) => ticket({ state })), ticket({ category: 'praise' })])
    expect(queue.map((one) => one.state).sort()).toEqual(['determining', 'received', 'returning'])
  })

  it('puts the urgent first, then what is due first', () => {
    const due = (min: number, urgent = false) => ticket({ urgent, deadlines: [deadline('acceptance', -10, min)] })
    const [a, b, c] = [due(300), due(100), due(500, true)]
    expect(dispatchQueue([a, b, c])).toEqual([c, b, a])
  })
})

describe('the choice of a unit', () => {
  it('offers the suggested unit as 1, then alternatives and the village of the place', () => {
    const near = unitChoices(suggested(), UNITS).filter((one) => one.near)
    expect(near.map((one) => [one.digit, one.unit.name])).toEqual([
      ['1', '公用事业服务中心'],
      ['2', '综合行政执法'],
      ['3', '闸口村'],
    ])
  })

  it('keeps every other unit, without a digit', () => {
    const rest = unitChoices(suggested(), UNITS).filter((one) => !one.near)
    expect(rest.map((one) => [one.unit.name, one.digit])).toEqual([
      ['住建', undefined],
      ['交通', undefined],
    ])
  })

  it('shows the unit complained of, but no key picks it', () => {
    const choices = unitChoices(suggested({ barred_units: [named('闸口村')] }), UNITS)
    const accused = choices.find((one) => one.unit.name === '闸口村')
    expect(accused).toMatchObject({ barred: 'respondent', digit: undefined, near: true })
  })

  it('does not offer a redispatch to the unit that has it', () => {
    const choices = unitChoices(ticket({ state: 'handling', lead_unit: named('住建') }), UNITS)
    expect(choices.find((one) => one.unit.name === '住建')?.barred).toBe('current')
  })

  it('offers the unit that the returning one named', () => {
    const request = { suggested_unit: named('交通') } as OfficeTicket['return_request']
    const near = unitChoices(ticket({ return_request: request }), UNITS).filter((one) => one.near)
    expect(near.map((one) => one.unit.name)).toEqual(['交通', '闸口村'])
  })
})
