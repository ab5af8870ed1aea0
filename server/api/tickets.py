"""One ticket for those who may see it: all its history, its caller, its reply for the city."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate
from sqlalchemy.engine import Connection

from server.actions import contact, exports, lookup
from server.actions.city_news import report
from server.api import json
from server.api.context import desk, engine, language
from server.api.document_shapes import PacketShape, WholeTicket
from server.api.errors import Problem
from server.api.excel import XLSX, excel_answer
from server.api.guard import actor, signed_in
from server.api.shape_fields import FILE, choice, string
from server.api.ticket_shapes import document, without_survivor
from server.clock import now_ms
from server.domain.doc import for_office
from server.domain.lifecycle import STATES
from server.domain.roles import knows_survivor, may_see
from server.domain.ticket import Ticket
from server.store import tickets
from server.store.engine import reading
from server.store.people import directory

blp = Blueprint("tickets", __name__, description="Tickets in the office")

# Whom a complaint is about is told to those who choose the unit, and to nobody else (DOMAIN E).
DESK_ROLES = frozenset({"dispatcher", "office_lead", "town_leader", "leading_group"})
LOOKUP_ROLES = ("duty_room", "dispatcher", "office_lead", "town_leader")


class Purpose(Schema):
    purpose = fields.String(required=True, validate=validate.Length(1, 200))


class ContactAnswer(Schema):
    name = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)
    title = fields.String(allow_none=True)
    content = fields.String(allow_none=True, metadata={"description": "what the caller said, unmasked"})
    supplements = fields.List(fields.String())


class FoundTicket(Schema):
    id = string()
    rev = fields.Integer(required=True)
    external_no = string()
    state = choice(*sorted(STATES))
    urgent = fields.Boolean(required=True)
    village = string(allow_none=True)
    title = fields.String(metadata={"description": "if the reader may see the ticket, like the address"})
    address = fields.String(allow_none=True)


class PacketAnswer(Schema):
    packet = fields.Nested(PacketShape, required=True)


def _visible(connection: Connection, ticket_id: str) -> tuple[Ticket, Ticket | None]:
    """The ticket and what it was merged into, or 404 in the same words for what is not there and not his."""
    ticket = tickets.find(connection, ticket_id.lower())
    if ticket is not None:
        survivor = tickets.find(connection, ticket.merged_into) if ticket.merged_into else None
        if may_see(actor(), ticket, survivor):
            return ticket, survivor
    raise Problem(404, "not_yours")


@blp.route("/tickets/<string:ticket_id>", methods=["GET"])
@signed_in()
@blp.response(200, WholeTicket)
def get_ticket(ticket_id: str) -> Response:
    """One ticket with its whole timeline, `kept` facts included; of a confidential one the content too."""
    now = now_ms()
    with reading(engine()) as connection:
        ticket, survivor = _visible(connection, ticket_id)
        known = directory(connection)
    body = document(ticket, known, now, whole=True)
    if not knows_survivor(actor(), ticket, survivor):
        body = without_survivor(body)
    if actor().role in DESK_ROLES:
        body |= for_office(ticket, known.units)
    return _no_store(json.answer(body))


@blp.route("/tickets/number/<path:external_no>", methods=["GET"])
@signed_in(*LOOKUP_ROLES)
@blp.response(200, FoundTicket)
def get_by_number(external_no: str) -> Response:
    """What it takes to raise a ticket to urgent, found by the city's number, before the reader can see it."""
    found = lookup.by_number(engine(), actor(), external_no.strip(), now_ms())
    if found is None:
        raise Problem(404, "not_found")
    ticket, visible = found
    body = {name: getattr(ticket, name) for name in ("id", "rev", "external_no", "state", "urgent")}
    body["village"] = ticket.place.get("village")
    if visible:
        body |= {"title": ticket.title, "address": ticket.place.get("address")}
    return _no_store(json.answer(body))


@blp.route("/tickets/<string:ticket_id>/contact", methods=["POST"])
@signed_in()
@blp.arguments(Purpose)
@blp.response(200, ContactAnswer)
def reveal_contact(body: dict[str, str], ticket_id: str) -> Response:
    """The caller's name and number, for those whose work it is; every look is written down with its purpose."""
    with reading(engine()) as connection:
        ticket, _ = _visible(connection, ticket_id)
    if not contact.may_reveal(actor(), ticket):
        raise Problem(403, "forbidden")
    return _no_store(json.answer(contact.reveal(desk(), actor(), ticket, body["purpose"], now_ms())))


@blp.route("/tickets/<string:ticket_id>/packet", methods=["GET"])
@signed_in()
@blp.response(200, PacketAnswer)
def get_packet(ticket_id: str) -> Response:
    """The approved reply as it goes to the city."""
    _, packet = _packet(ticket_id)
    return _no_store(json.answer({"packet": packet}))


@blp.route("/tickets/<string:ticket_id>/packet.xlsx", methods=["GET"])
@signed_in()
@blp.response(200, FILE, content_type=XLSX)
def export_packet(ticket_id: str) -> Response:
    """The same as an Excel file."""
    ticket, packet = _packet(ticket_id)
    return excel_answer(exports.packet_sheet(ticket, packet, language()), "reply.xlsx")


def _packet(ticket_id: str) -> tuple[Ticket, dict[str, Any]]:
    with reading(engine()) as connection:
        ticket, _ = _visible(connection, ticket_id)
        packet = report(connection, ticket, actor())
    if packet is None:
        raise Problem(404, "not_found")
    return ticket, packet


def _no_store(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
