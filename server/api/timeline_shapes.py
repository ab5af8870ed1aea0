"""The timeline of a ticket for the OpenAPI description: who did what, when, and what came with it (API.md)."""

from marshmallow import Schema, fields, validate

from server.api.shape_fields import (
    AUTHOR_ROLES,
    CRS,
    OUTCOMES,
    SATISFACTIONS,
    TRUSTS,
    NamedThing,
    choice,
    nested,
    several,
    string,
)
from server.domain.lifecycle import OPS


class PointShape(Schema):
    lat = fields.Float(required=True)
    lng = fields.Float(required=True)
    accuracy_m = fields.Float(required=True)
    fix_age_s = fields.Float(required=True)
    fix_at = fields.String()
    crs = choice(*CRS)


class EntryPhoto(Schema):
    id = string()
    sha256 = string()
    state = choice("awaited", "received", "missing")
    width = fields.Integer()
    height = fields.Integer()
    taken_at = fields.String()
    lat = fields.Float()
    lng = fields.Float()


class CallbackFacts(Schema):
    outcome = choice("connected", "unreachable", "declined")
    called_at = string()
    resolved = fields.Boolean(required=True, allow_none=True)
    satisfaction = choice(*SATISFACTIONS, allow_none=True)


class CallbackShape(CallbackFacts):
    id = string()
    actor = nested(NamedThing)
    occurred_at = string()
    summary = string()
    cycle = fields.Integer(required=True)
    effective = fields.Boolean(required=True, metadata={"description": "the one that leaves with the reply"})
    retracted = fields.Boolean(required=True)


class Confirmation(Schema):
    """What the office decided about an unverified time."""

    accepted = fields.Boolean(required=True)
    by = nested(NamedThing)
    at = string()
    reason = string()
    claimed_at = string()


class TimelineEntry(Schema):
    id = string(told="of the operation")
    name = choice(*sorted(OPS))
    actor = nested(NamedThing)
    role = choice(*AUTHOR_ROLES)
    occurred_at = string()
    trust = choice(*TRUSTS)
    outcome = choice(*OUTCOMES)
    received_at = string()
    cycle = fields.Integer(required=True)
    text = string(allow_none=True)
    photos = several(EntryPhoto)
    code = fields.String()
    bounds = fields.List(fields.String(), validate=validate.Length(equal=2))
    point = fields.Nested(PointShape)
    distance_m = fields.Float()
    flags = fields.List(fields.String())
    reason = fields.String()
    callback = fields.Nested(CallbackFacts)
    joint = fields.Nested(NamedThing, metadata={"description": "the joint unit whose result this is"})
    retracts = fields.String()
    retracted_by = fields.String()
    confirmed = fields.Nested(Confirmation)
    via = fields.String(metadata={"description": "the merged ticket that it was recorded on"})
    imported_by = fields.Nested(NamedThing)
    by_leader = fields.Boolean()
    details = fields.Dict(keys=fields.String())
