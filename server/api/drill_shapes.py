"""How drills and their monthly report look on the wire; the report is made by `actions.drill_report`."""

from marshmallow import Schema, fields

from server.api.alert_shapes import KINDS
from server.api.shape_fields import NamedThing, nested, several, string


class DrillShape(Schema):
    id = string()
    kind = string()
    title = string()
    note = string()
    started_by = nested(NamedThing)
    started_at = string()
    ended_at = string(allow_none=True)
    alarms = fields.List(fields.String(), required=True, metadata={"description": "ids of its alarms"})


class DrillPage(Schema):
    items = several(DrillShape)
    total = fields.Integer(required=True)
    page = fields.Integer(required=True)


class ChannelCounts(Schema):
    """Alerts, not messages: a person with two phones counts once."""

    sent = fields.Integer(required=True)
    delivered = fields.Integer(required=True)
    seen = fields.Integer(required=True)
    acked = fields.Integer(required=True, metadata={"description": "the answer came from there, where known"})
    failed = fields.Integer(required=True)
    first = fields.Integer(required=True, metadata={"description": "came before every other channel"})


class Answered(Schema):
    alarms = fields.Integer(required=True, metadata={"description": "asked, not only told"})
    acked = fields.Integer(required=True)
    never = fields.Integer(required=True)
    informed = fields.Integer(required=True)
    p50_s = fields.Integer(required=True, allow_none=True)
    max_s = fields.Integer(required=True, allow_none=True)


def _channels() -> fields.Dict:
    return fields.Dict(keys=fields.String(), values=fields.Nested(ChannelCounts), required=True)


class PersonFigures(Answered):
    person = nested(NamedThing)
    unit = nested(NamedThing, allow_none=True)
    by_channel = _channels()


class DrillLine(Schema):
    """What one person did in one drill."""

    person = nested(NamedThing)
    unit = nested(NamedThing, allow_none=True)
    alert = string()
    raised_at = string()
    acked_at = string(allow_none=True)
    seconds = fields.Integer(required=True, allow_none=True)
    informed = fields.Boolean(required=True)
    first_channel = string(allow_none=True)
    ack_channel = string(allow_none=True)


class DrillFigures(Answered):
    id = string()
    kind = string()
    title = string()
    started_by = nested(NamedThing, allow_none=True)
    started_at = string()
    ended_at = string(allow_none=True)
    people = several(DrillLine)


class LostShape(Schema):
    """A device to which no push came through, or a person whom nothing reached (then without a device)."""

    person = nested(NamedThing)
    unit = nested(NamedThing, allow_none=True)
    device = string(allow_none=True)
    reason = string(told="push_failed, push_gone, no_device, permission_denied … or the sender's code")
    at = string()


class PhoneShape(Schema):
    """What a device said of itself."""

    person = nested(NamedThing)
    unit = nested(NamedThing, allow_none=True)
    device = string()
    permission = string()
    subscribed = fields.Boolean(required=True)
    reason = string(allow_none=True)
    platform = string()
    installed = fields.Boolean(required=True)
    reported_at = string()
    gone_at = string(allow_none=True)


class RealFigures(Answered):
    events = fields.Integer(required=True)
    by_channel = _channels()
    people = several(PersonFigures)


class DrillReport(Schema):
    month = string()
    as_of = string()
    total = nested(Answered)
    drills = several(DrillFigures)
    people = several(PersonFigures)
    by_channel = _channels()
    unreachable = several(LostShape)
    permission_missing = several(PhoneShape)
    gone = several(PhoneShape)
    real = nested(RealFigures, allow_none=True)


DRILL_KINDS = KINDS
