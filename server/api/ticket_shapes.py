"""How tickets look on the wire outside sync: the intake's answers, rows of the list, the whole ticket."""

from typing import Any

from marshmallow import Schema, fields, validate

from server.api.context import settings
from server.domain.doc import as_of, render
from server.domain.roles import Actor
from server.domain.ticket import Ticket
from server.store.people import Directory

CATEGORIES = ("complaint", "report", "help", "consult", "suggest", "praise")


class Skipped(Schema):
    date = fields.String(required=True)
    name = fields.String(required=True)


class Why(Schema):
    """Why a deadline is when it is, for any language."""

    rule = fields.String(required=True)
    from_ = fields.String(required=True, data_key="from")
    days = fields.Integer(required=True)
    minutes = fields.Integer()
    skipped = fields.List(fields.Nested(Skipped), required=True)


class DeadlineShape(Schema):
    kind = fields.String(
        required=True, validate=validate.OneOf(("acceptance", "arrival", "handling", "result"))
    )
    due_at = fields.String(required=True)
    met_at = fields.String(allow_none=True)
    provisional = fields.Boolean(required=True)
    state = fields.String(validate=validate.OneOf(("open", "met", "missed")))
    why = fields.Nested(Why, required=True)


class NamedThing(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)


class TicketShape(Schema):
    """The ticket as a phone holds it (API.md); `sync/PROTOCOL.md` has every field."""

    id = fields.String(required=True)
    external_no = fields.String(required=True)
    rev = fields.Integer(required=True)
    state = fields.String(required=True)


def document(ticket: Ticket, known: Directory, now_ms: int, *, whole: bool = False) -> dict[str, Any]:
    """The wire document as of now; `whole` gives the content of a confidential one and the full timeline."""
    return as_of(
        render(ticket, known.units, known.people, now_ms=now_ms, whole=whole, rules=settings().rules), now_ms
    )


def intake_answer(ticket: Ticket, known: Directory, now_ms: int) -> dict[str, Any]:
    """What the city is told of its ticket: never more than it sent, and what the town decided."""
    doc = document(ticket, known, now_ms)
    return {
        "id": ticket.id,
        "external_no": ticket.external_no,
        "state": ticket.state,
        "cycle": ticket.cycle,
        "lead_unit": doc.get("lead_unit"),
        "deadlines": doc.get("deadlines", []),
        "flags": list(ticket.flags),
    }


def list_row(ticket: Ticket, known: Directory, actor: Actor, now_ms: int) -> dict[str, Any]:
    """A row of the list: the document without its timeline, content only where it is no secret."""
    doc = document(ticket, known, now_ms)
    for long in ("timeline", "callbacks"):
        doc.pop(long, None)
    doc["mine"] = actor.id == ticket.assignee
    return doc
