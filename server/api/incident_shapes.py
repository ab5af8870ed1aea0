"""The incident document for the OpenAPI description; `server/domain/incident_doc.py` writes it."""

from marshmallow import Schema, fields, validate

from server.api.alert_shapes import REMOVED, AlarmShape, CalledPerson
from server.api.people_shapes import Named
from server.api.shape_fields import (
    AUTHOR_ROLES,
    CRS,
    OUTCOMES,
    TRUSTS,
    NamedThing,
    choice,
    nested,
    several,
    string,
)
from server.api.timeline_shapes import EntryPhoto, PointShape
from server.domain.emergency import EMERGENCY_OPS, INCIDENT_STATES
from server.domain.incident_channel import SEATS_MAX, TEMPLATES_MAX
from server.domain.matters import MATTERS
from server.domain.roles import ROLES
from server.domain.rota import ROTA_POSTS

ENTRIES = sorted(n for n, r in EMERGENCY_OPS.items() if n.startswith("incident.") and r.kind != "server")


class MatterName(Schema):
    code = choice(*MATTERS)
    name = string(told="in Chinese; in lists in the reader's language")
    zh = string()
    en = string()


class MatterShape(MatterName):
    life_at_risk = fields.Boolean(
        required=True, metadata={"description": "its numbers come first, as buttons"}
    )
    numbers = fields.List(fields.String(), required=True, metadata={"description": "110, 119, 120, 122"})


class Matters(Schema):
    items = several(MatterShape)
    duty_phone = string(allow_none=True)


class IncidentPlace(Schema):
    village = string(allow_none=True)
    address = string(allow_none=True)
    lat = fields.Float(required=True, allow_none=True)
    lng = fields.Float(required=True, allow_none=True)
    crs = choice(*CRS, allow_none=True)
    accuracy_m = fields.Float(required=True, allow_none=True)


class IncidentPerson(NamedThing):
    role = choice(*AUTHOR_ROLES)


class Member(Schema):
    person = nested(IncidentPerson, allow_none=True)  # null: nobody holds the seat
    seat = string()
    acked_at = string(allow_none=True)


class ReachedPerson(Schema):
    person = nested(IncidentPerson)
    acked_at = string(allow_none=True)
    informed = fields.Boolean(required=True, metadata={"description": "told only: nobody waits for his 收到"})


class MusteredUnit(NamedThing):
    mustered_at = string()


class ChannelName(Schema):
    name = string()
    template = string()
    opened_at = string()


class IncidentTask(Schema):
    id = string()
    kind = choice("hand_over", "handle")
    text = string()
    person = nested(IncidentPerson, allow_none=True)
    unit = nested(NamedThing, allow_none=True)
    due_at = string(allow_none=True)
    given_at = string()
    given_by = nested(IncidentPerson)
    acked_at = string(allow_none=True)
    acked_by = nested(IncidentPerson, allow_none=True)
    done_at = string(allow_none=True)
    done_by = nested(IncidentPerson, allow_none=True)
    result = string(allow_none=True)
    alarm = string(told="the alarm that calls for its acknowledgement")


class MergedReport(Schema):
    id = string()
    matter = nested(MatterName)
    text = string()
    reporter = nested(IncidentPerson)
    merged_at = string()


class IncidentTicket(Schema):
    id = string()
    external_no = string()


class IncidentEntry(Schema):
    """One step of the incident's history."""

    id = string(told="of the operation")
    name = choice(*ENTRIES, "alert.ack")
    actor = nested(NamedThing)
    role = choice(*AUTHOR_ROLES)
    occurred_at = string()
    received_at = string()
    trust = choice(*TRUSTS)
    outcome = choice(*OUTCOMES)
    text = string(allow_none=True)
    photos = several(EntryPhoto)
    details = fields.Dict(keys=fields.String(), required=True)
    bounds = fields.List(fields.String(), validate=validate.Length(equal=2))
    flags = fields.List(fields.String())
    reason = fields.String()
    unit = fields.Nested(NamedThing, allow_none=True)
    point = fields.Nested(PointShape)
    distance_m = fields.Float()
    via = fields.String(metadata={"description": "the merged incident that it was recorded on"})
    imported_by = fields.Nested(NamedThing)


class IncidentSummary(Schema):
    """What a list shows of an incident: everything but its timeline."""

    id = string()
    rev = fields.Integer(required=True)
    state = choice(*INCIDENT_STATES)
    level = fields.Integer(required=True, metadata={"description": "1 特别重大 … 4 一般"})
    matter = nested(MatterName)
    drill = fields.Boolean(required=True)
    drill_id = string(allow_none=True)
    text = string()
    place = nested(IncidentPlace)
    village = string(allow_none=True)
    reporter = nested(IncidentPerson)
    reported_at = string()
    received_at = string()
    closed_at = string(allow_none=True)
    merged_into = string(allow_none=True)
    merged = several(MergedReport)
    ticket = nested(IncidentTicket, allow_none=True)
    units = several(MusteredUnit)
    channel = nested(ChannelName, allow_none=True)
    members = several(Member)
    called = several(ReachedPerson)
    informed = several(IncidentPerson)
    tasks = several(IncidentTask)
    summary = string(allow_none=True)
    life_at_risk = fields.Boolean(required=True)
    numbers = fields.List(fields.String(), required=True)
    timeline_cut = fields.Boolean(metadata={"description": "the timeline holds its last entries only"})


class IncidentDocument(IncidentSummary):
    """The incident as a phone holds it (`type: "incident"`)."""

    timeline = several(IncidentEntry)


class AlarmedPerson(Schema):
    person = nested(CalledPerson)
    alert = string()
    rung = fields.Integer(required=True)
    informed = fields.Boolean(required=True)
    removed = REMOVED
    posts = fields.List(fields.String(), required=True)
    raised_at = string()
    acked_at = string(allow_none=True)
    ack_received_at = string(allow_none=True)
    ack_via = string(allow_none=True)


class IncidentAlarm(AlarmShape):
    """An alarm of the incident; how far each channel came with each person is told at `/alarms`."""

    class Meta:
        exclude = ("deliveries",)

    people = several(AlarmedPerson)


class WholeIncident(IncidentDocument):
    """An incident read over the network: the whole timeline; for those who watch all emergencies its alarms too."""

    alarms = several(IncidentAlarm)


class IncidentPage(Schema):
    items = several(IncidentSummary)
    total = fields.Integer(required=True)
    page = fields.Integer(required=True)


class Seat(Schema):
    """Who sits there: whoever stands at a post, has a role, heads a unit, or one person."""

    seat = fields.String(required=True, validate=validate.Length(1, 40))
    post = fields.String(validate=validate.OneOf(ROTA_POSTS))
    unit = fields.UUID()
    role = fields.String(validate=validate.OneOf(ROLES))
    person = fields.UUID()


class Template(Schema):
    code = fields.String(required=True, validate=validate.Regexp(r"^[a-z][a-z0-9_]{0,31}\Z"))
    name = fields.String(required=True, validate=validate.Length(1, 80))
    seats = fields.List(fields.Nested(Seat), required=True, validate=validate.Length(1, SEATS_MAX))


class Templates(Schema):
    items = fields.List(
        fields.Nested(Template),
        required=True,
        validate=validate.Length(0, TEMPLATES_MAX),
        metadata={"description": "none at all brings the default back"},
    )


class SeatNow(Seat):
    holders = several(Named)


class TemplateNow(Template):
    seats = several(SeatNow)


class TemplatesNow(Schema):
    items = several(TemplateNow)
