/** What the duty room's endpoints take and answer, under the names that its pages use (API “Alerts”). */
import type { components } from '../contract/api'
import type { Query } from './calls'

type Schemas = components['schemas']

export type AlarmQuery = Query<'GET', '/alarms'>
export type Health = Schemas['Health']

export type FoundTicket = Schemas['FoundTicket']

export type IncidentPage = Schemas['IncidentPage']
export type IncidentQuery = Query<'GET', '/incidents'>
export type Matter = Schemas['MatterShape']
export type Template = Schemas['TemplateNow']

export type Rota = Schemas['RotaAnswer']
export type RotaQuery = Query<'GET', '/rota'>
export type Turn = Schemas['TurnShape']
export type NewTurn = Schemas['NewTurn']
export type Swap = Schemas['Swap']
export type Gap = Schemas['GapShape']
/** A post with those who answer there now. */
export type OnDuty = Schemas['NowShape']

export type Ladders = Schemas['LaddersAnswer']
export type LadderRow = Schemas['LadderShape']
/** As the editor holds it: `channels` null means all of them. */
export type LadderRung = Required<Schemas['RungShape']>

export type Channels = Schemas['Channels']
export type ChannelRow = Schemas['ChannelShape']
export type ChannelKind = Schemas['AvailableKind']
export type ChannelBody = Pick<ChannelRow, 'kind' | 'name' | 'enabled' | 'scope' | 'kinds' | 'fields'>
export type ChannelTest = Omit<Schemas['TestAnswer'], 'ms'> & Partial<Pick<Schemas['TestAnswer'], 'ms'>>

export type DrillRow = Schemas['DrillShape']
export type NewDrill = Schemas['NewDrill']
export type DrillReport = Schemas['DrillReport']
export type DrillFigures = Schemas['DrillFigures']
export type DrillPerson = Schemas['PersonFigures']
export type Answered = Schemas['Answered']
export type ChannelCounts = Schemas['ChannelCounts']
/** A device that no push reached, or one that may not ring. */
export type DrillDevice = Pick<Schemas['LostShape'], 'person' | 'unit' | 'device'> &
  Partial<Pick<Schemas['LostShape'], 'at'> & Pick<Schemas['PhoneShape'], 'reason' | 'permission' | 'platform' | 'reported_at' | 'gone_at'>>

export type Reach = Required<Schemas['ReachShape']>
