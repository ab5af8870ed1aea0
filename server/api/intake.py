"""The city line's door: new tickets, news of them, and the packet that goes back (API.md “Intake”)."""

from typing import Any, NoReturn

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from server.actions import intake
from server.actions.city_news import report, tell
from server.actions.intake import CITY_AUTHOR, Refused, Taken
from server.actions.intake_form import CATEGORIES, CRS, FieldError, read_form
from server.api import json
from server.api.context import desk, engine
from server.api.document_shapes import DeadlineShape, PacketShape
from server.api.errors import Problem
from server.api.guard import with_key
from server.api.shape_fields import NamedThing, choice
from server.api.ticket_shapes import intake_answer
from server.clock import now_ms
from server.domain.lifecycle import STATES
from server.store import tickets
from server.store.engine import reading
from server.store.people import directory
from sync.clock import parse_rfc3339

blp = Blueprint("intake", __name__, description="The city line")

UPDATE_KINDS = ("urgent", "supplement", "urge", "due", "withdraw", "result")
_NAMED_CODES = {"unknown_village", "unknown_unit"}


class PlaceIn(Schema):
    village = fields.String(allow_none=True, metadata={"description": "name or id"})
    address = fields.String(allow_none=True, validate=validate.Length(max=200))
    lat = fields.Float(allow_none=True, validate=validate.Range(-90, 90))
    lng = fields.Float(allow_none=True, validate=validate.Range(-180, 180))
    crs = fields.String(allow_none=True, validate=validate.OneOf(CRS))


class ContactIn(Schema):
    name = fields.String(allow_none=True, validate=validate.Length(max=64))
    phone = fields.String(allow_none=True, validate=validate.Length(max=32))


class TicketIn(Schema):
    external_no = fields.String(required=True, validate=validate.Length(1, 64))
    category = fields.String(required=True, validate=validate.OneOf(CATEGORIES))
    urgent = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    confidential = fields.Boolean(load_default=False, truthy={True}, falsy={False})
    title = fields.String(required=True, validate=validate.Length(1, 200))
    content = fields.String(load_default="", validate=validate.Length(max=10_000))
    place = fields.Nested(PlaceIn, load_default=None, allow_none=True)
    contact = fields.Nested(ContactIn, load_default=None, allow_none=True)
    respondent_unit = fields.String(
        load_default=None, allow_none=True, metadata={"description": "name or id"}
    )
    received_at = fields.String(required=True, metadata={"format": "date-time"})
    external_due_at = fields.String(load_default=None, allow_none=True, metadata={"format": "date-time"})


class IntakeAnswer(Schema):
    id = fields.String(required=True)
    external_no = fields.String(required=True)
    state = choice(*sorted(STATES))
    cycle = fields.Integer(required=True)
    lead_unit = fields.Nested(NamedThing, required=True, allow_none=True)
    deadlines = fields.List(fields.Nested(DeadlineShape), required=True)
    flags = fields.List(fields.String(), required=True)


class UpdateIn(Schema):
    update_no = fields.String(required=True, validate=validate.Length(1, 64))
    kind = fields.String(required=True, validate=validate.OneOf(UPDATE_KINDS))
    text = fields.String(allow_none=True, validate=validate.Length(max=10_000))
    external_due_at = fields.String(
        allow_none=True, metadata={"format": "date-time", "description": "with kind `due`"}
    )
    resolved = fields.Boolean(allow_none=True, truthy={True}, falsy={False})
    satisfaction = fields.String(
        allow_none=True, validate=validate.OneOf(("very_satisfied", "satisfied", "fair", "unsatisfied"))
    )


class StatusAnswer(IntakeAnswer):
    packet = fields.Nested(PacketShape, required=True, allow_none=True)


def refuse_fields(errors: list[FieldError]) -> NoReturn:
    """422 for what read_form found; a village or unit that nobody knows has a code of its own."""
    first = next((each for each in errors if each.code in _NAMED_CODES), errors[0])
    code = first.code if first.code in _NAMED_CODES else "invalid_args"
    listed = {each.field: [each.code] for each in errors}
    raise Problem(422, code, field=first.field, reason=first.code, fields=listed, **dict(first.details))


@blp.route("/intake/tickets", methods=["POST"])
@with_key
@blp.arguments(TicketIn)
@blp.response(201, IntakeAnswer)
@blp.alt_response(200, schema=IntakeAnswer, description="This ticket is here already, with the same content")
@blp.alt_response(409, description="`external_no_taken`: the number belongs to a ticket of other content")
def post_ticket(body: dict[str, Any]) -> Response:
    """Take in a ticket. Idempotent by `external_no`; an emergency takes effect even under a taken number."""
    now = now_ms()
    with reading(engine()) as connection:
        form = read_form(body, directory(connection))
    if isinstance(form, list):
        refuse_fields(form)
    try:
        taken = intake.ingest(desk(), form, CITY_AUTHOR, now)
    except Refused as refused:
        raise Problem(422, refused.code, **refused.details) from None
    if taken.outcome == "taken":
        raise Problem(409, "external_no_taken", differs=list(taken.differs), id=taken.ticket_id)
    return _answer(taken, now)


def _answer(taken: Taken, now: int) -> Response:
    with reading(engine()) as connection:
        ticket = tickets.load(connection, [taken.ticket_id])[taken.ticket_id]
        body = intake_answer(ticket, directory(connection), now)
    return json.answer(body, 201 if taken.outcome == "created" else 200)


def _instant(field: str, text: str) -> int:
    try:
        return parse_rfc3339(text)
    except ValueError:
        raise Problem(422, "invalid_args", field=field, reason="not_a_time") from None


@blp.route("/intake/tickets/<path:external_no>/updates", methods=["POST"])
@with_key
@blp.arguments(UpdateIn)
@blp.response(200, IntakeAnswer)
@blp.alt_response(409, description="`update_no_taken`, or the ticket's state does not allow it")
def post_update(body: dict[str, Any], external_no: str) -> Response:
    """Later news of a ticket: it became urgent, more was said, another due date, withdrawn, or its result.

    Idempotent by `update_no`.
    """
    now = now_ms()
    if body.get("external_due_at"):
        body["external_due_at_ms"] = _instant("external_due_at", body["external_due_at"])
    try:
        ticket_id = tell(desk(), external_no, body, now)
    except Refused as refused:
        status = {"not_found": 404, "update_no_taken": 409, "wrong_state": 409}.get(refused.code, 422)
        raise Problem(status, refused.code, **refused.details) from None
    return _answer(Taken("same", ticket_id), now)


@blp.route("/intake/tickets/<path:external_no>", methods=["GET"])
@with_key
@blp.response(200, StatusAnswer)
def get_status(external_no: str) -> Response:
    """State and deadlines; once the reply is approved, the packet for the city to take over."""
    now = now_ms()
    with reading(engine()) as connection:
        ticket = tickets.find_by_no(connection, external_no)
        if ticket is None:
            raise Problem(404, "not_found")
        body = intake_answer(ticket, directory(connection), now)
        body["packet"] = report(connection, ticket)
    return json.answer(body)
