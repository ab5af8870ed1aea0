"""The ticket document of API.md for the OpenAPI description; the PWA's types are made from it.

`server/domain/doc.py` writes the document. Nothing here converts: what is written goes out as it is.
"""

from marshmallow import Schema, fields, validate

from server.api.shape_fields import (
    CRS,
    DEADLINE_KINDS,
    FINDINGS,
    RESOLUTIONS,
    SATISFACTIONS,
    NamedThing,
    choice,
    nested,
    several,
    string,
)
from server.api.timeline_shapes import CallbackFacts, CallbackShape, TimelineEntry
from server.domain.args import CATEGORIES
from server.domain.lifecycle import STATES


class Skipped(Schema):
    date = fields.String(required=True)
    name = fields.String(required=True)


class Why(Schema):
    """Why a deadline is when it is, for any language."""

    rule = fields.String(required=True)
    from_ = fields.String(required=True, data_key="from", metadata={"description": "start of the clock"})
    days = fields.Integer(required=True, metadata={"description": "working days counted"})
    minutes = fields.Integer()
    skipped = several(Skipped)


class PreviewedDeadline(Schema):
    """A deadline of a ticket that is not there yet."""

    kind = choice(*DEADLINE_KINDS)
    start_at = string()
    due_at = string()
    provisional = fields.Boolean(
        required=True, metadata={"description": "the calendar of that year is not published"}
    )
    why = nested(Why)


class DeadlineShape(PreviewedDeadline):
    met_at = string(allow_none=True)
    state = choice("open", "met", "missed")
    unverified = fields.Boolean(metadata={"description": "met by a time that waits for the office"})
    internal_due_at = fields.String(metadata={"description": "of a result: the town's own layer"})
    external_due_at = fields.String(metadata={"description": "of a result: the city's layer"})


class PlaceShape(Schema):
    village = string(allow_none=True)
    address = string(allow_none=True)
    lat = fields.Float(required=True, allow_none=True)
    lng = fields.Float(required=True, allow_none=True)
    crs = choice(*CRS, allow_none=True)


class MaskedContact(Schema):
    name = string(allow_none=True)
    phone = string(allow_none=True)


class Rejection(Schema):
    reason = string()
    by = nested(NamedThing)
    at = string()


class ReplyShape(Schema):
    id = string()
    version = fields.Integer(required=True)
    hash = string(told="of its packet; an approval names it")
    author = nested(NamedThing)
    submitted_at = string()
    finding = choice(*FINDINGS)
    resolution = choice(*RESOLUTIONS)
    text = string()
    public_text = string(allow_none=True)
    cycle = fields.Integer(required=True)
    outdated = fields.Boolean(required=True, metadata={"description": "a supplement came after it"})
    approved_at = string(allow_none=True)
    approved_by = nested(NamedThing, allow_none=True)
    rejected = nested(Rejection, allow_none=True)


class PackedCallback(CallbackFacts):
    id = string()
    by = string(told="a name")
    occurred_at = string()
    summary = string()


class JointResult(Schema):
    id = string()
    unit = string(told="a name")
    text = string()


class PacketShape(Schema):
    """The approved reply as it goes to the city."""

    finding = choice(*FINDINGS)
    resolution = choice(*RESOLUTIONS)
    text = string()
    public_text = string(allow_none=True)
    cycle = fields.Integer(required=True)
    callback = nested(PackedCallback, allow_none=True)
    merged_callbacks = fields.Dict(
        keys=fields.String(), values=fields.Nested(PackedCallback, allow_none=True), required=True
    )
    photos = fields.List(fields.String(), required=True, metadata={"description": "SHA-256"})
    joint_results = several(JointResult)
    hash = string()
    approved_at = string(allow_none=True)


class SuggestionShape(Schema):
    """While received: where the catalogue would send it."""

    unit = nested(NamedThing)
    assignee = nested(NamedThing, allow_none=True)
    joint_units = several(NamedThing)
    rule = choice("place", "duty")
    matter = string(allow_none=True)
    alternatives = several(NamedThing)


class MergedTicket(Schema):
    id = string()
    external_no = string()
    contact = nested(MaskedContact, allow_none=True)
    callback = fields.Boolean(required=True, metadata={"description": "its caller was called back"})


class ReturnRequest(Schema):
    op = string()
    by = nested(NamedThing)
    at = string()
    reason = string()
    basis = string()
    suggested_unit = nested(NamedThing, allow_none=True)
    head_approved = fields.Boolean(required=True)
    from_ = fields.String(
        required=True,
        data_key="from",
        validate=validate.OneOf(sorted(STATES)),
        metadata={"description": "state before"},
    )


class EvaluationShape(Schema):
    resolved = fields.Boolean(required=True, allow_none=True)
    satisfaction = choice(*SATISFACTIONS, allow_none=True)
    at = string()
    cycle = fields.Integer(required=True)


class SupplementShape(Schema):
    at = string()
    text = string()


class TicketSummary(Schema):
    """What a list shows of a ticket: everything but timeline and callbacks."""

    id = string()
    external_no = string()
    rev = fields.Integer(required=True)
    state = choice(*sorted(STATES))
    cycle = fields.Integer(required=True)
    category = choice(*CATEGORIES)
    urgent = fields.Boolean(required=True)
    confidential = fields.Boolean(required=True)
    title = string()
    content = string(allow_none=True)
    place = nested(PlaceShape, allow_none=True)
    contact = nested(MaskedContact, allow_none=True)
    lead_unit = nested(NamedThing, allow_none=True)
    joint_units = several(NamedThing)
    assignee = nested(NamedThing, allow_none=True)
    assistants = several(NamedThing)
    grid = string(allow_none=True)
    received_at = string()
    assigned_at = string(allow_none=True)
    external_due_at = string(allow_none=True)
    urgent_flagged_at = string(allow_none=True)
    replied_at = string(allow_none=True)
    closed_at = string(allow_none=True)
    deadlines = several(DeadlineShape)
    reply = nested(ReplyShape, allow_none=True)
    suggestion = nested(SuggestionShape, allow_none=True)
    merged = several(MergedTicket)
    merged_into = string(allow_none=True)
    return_request = nested(ReturnRequest, allow_none=True)
    evaluation = nested(EvaluationShape, allow_none=True)
    flags = fields.List(fields.String(), required=True)
    tags = fields.List(fields.String(), required=True)
    supplements = several(SupplementShape)
    timeline_cut = fields.Boolean(metadata={"description": "the timeline holds its last entries only"})


class TicketRow(TicketSummary):
    mine = fields.Boolean(required=True)


class TicketDocument(TicketSummary):
    """The ticket as a phone holds it (API.md)."""

    timeline = several(TimelineEntry)
    callbacks = several(CallbackShape)


class FormerClock(Schema):
    """A clock of the time before the deadlines were computed anew, in ms."""

    kind = choice(*DEADLINE_KINDS)
    start = fields.Integer(required=True)
    due = fields.Integer(required=True)
    met = fields.Integer(required=True, allow_none=True)
    provisional = fields.Boolean(required=True)


class ClockNote(Schema):
    at = fields.Integer(required=True, metadata={"description": "ms UTC"})
    why = string()
    by = string()
    cycle = fields.Integer(required=True)
    clocks = several(FormerClock)
    breached = fields.List(fields.String(), required=True)


class WholeTicket(TicketDocument):
    """A ticket read over the network; the last four only for the desk (DOMAIN E)."""

    respondent_unit = fields.Nested(NamedThing, allow_none=True)
    barred_units = fields.List(fields.Nested(NamedThing))
    channel = fields.String()
    clock_history = fields.List(fields.Nested(ClockNote))
