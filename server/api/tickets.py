"""Tickets for those who may see them: the list, one with all its history, its caller, its reply for the city."""

from collections.abc import Mapping
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields, pre_load, validate
from sqlalchemy.engine import Connection

from server.actions import contact, exports, lookup
from server.actions.city_news import report
from server.api import json
from server.api.context import desk, engine, language
from server.api.document_shapes import PacketShape, TicketRow, WholeTicket
from server.api.errors import Problem
from server.api.guard import actor, signed_in
from server.api.shape_fields import FILE, choice, string
from server.api.ticket_shapes import document, list_row, without_survivor
from server.clock import now_ms
from server.domain.args import CATEGORIES
from server.domain.doc import for_office
from server.domain.lifecycle import STATES
from server.domain.roles import may_see
from server.domain.ticket import Ticket
from server.store import ticket_list, tickets
from server.store.engine import reading
from server.store.people import Directory, directory
from server.store.ticket_list import PAGE_SIZE_MAX, SORTS, Wanted
from sync.clock import parse_rfc3339

blp = Blueprint("tickets", __name__, description="Tickets in the office")

# Whom a complaint is about is told to those who choose the unit, and to nobody else (DOMAIN E).
DESK_ROLES = frozenset({"dispatcher", "office_lead", "town_leader", "leading_group"})
LOOKUP_ROLES = ("duty_room", "dispatcher", "office_lead", "town_leader")
EXPORT_ROWS_MAX = 20_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Filters(Schema):
    """Several values of one filter are separated by commas; an empty one is none."""

    @pre_load
    def _drop_empty(self, query: Mapping[str, str], **_: Any) -> dict[str, str]:
        return {name: value for name, value in query.items() if value != ""}

    state = fields.String(load_default="", validate=validate.Length(max=200))
    village = fields.String(load_default="", metadata={"description": "names or ids"})
    unit = fields.String(load_default="", metadata={"description": "lead or joint; names or ids"})
    category = fields.String(load_default="", validate=validate.Length(max=200))
    urgent = fields.Boolean(load_default=None, allow_none=True)
    overdue = fields.Boolean(load_default=False)
    due_before = fields.String(load_default=None, metadata={"format": "date-time"})
    q = fields.String(load_default="", validate=validate.Length(max=100))
    sort = fields.String(load_default="due", validate=validate.OneOf(tuple(SORTS)))


class Paged(Filters):
    page = fields.Integer(load_default=1, validate=validate.Range(1, 1_000_000))
    page_size = fields.Integer(load_default=50, validate=validate.Range(1, PAGE_SIZE_MAX))


class TicketPage(Schema):
    items = fields.List(fields.Nested(TicketRow), required=True)
    total = fields.Integer(required=True)
    page = fields.Integer(required=True)


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


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _chosen(field: str, text: str, choices: Any) -> tuple[str, ...]:
    values = _split(text)
    for value in values:
        if value not in choices:
            raise Problem(422, "invalid_args", field=field, reason="not_one_of")
    return values


def _instant(field: str, text: str | None) -> int | None:
    if not text:
        return None
    try:
        return parse_rfc3339(text.replace(" ", "+"))  # a plus sign that was not escaped in the address
    except ValueError:
        raise Problem(422, "invalid_args", field=field, reason="not_a_time") from None


def _wanted(query: dict[str, Any], known: Directory, now: int) -> Wanted:
    villages = [known.village(text) for text in _split(query["village"])]
    units = [known.unit(text) for text in _split(query["unit"])]
    return Wanted(
        states=_chosen("state", query["state"], STATES),
        villages=tuple((each.village or "") if each else "" for each in villages),
        units=tuple(each.id if each else "" for each in units),
        categories=_chosen("category", query["category"], CATEGORIES),
        urgent=query["urgent"],
        due_before_ms=_instant("due_before", query["due_before"]),
        overdue_at_ms=now if query["overdue"] else None,
        q=query["q"].replace("\x00", ""),
    )


def _page(
    connection: Connection, query: dict[str, Any], now: int, *, page: int, page_size: int
) -> tuple[list[Ticket], int]:
    wanted = _wanted(query, directory(connection), now)
    ids, total = ticket_list.find_page(connection, actor(), wanted, query["sort"], page, page_size)
    found = tickets.load(connection, ids)
    return [found[id_] for id_ in ids], total


@blp.route("/tickets", methods=["GET"])
@signed_in()
@blp.arguments(Paged, location="query", unknown=RAISE)
@blp.response(200, TicketPage)
def list_tickets(query: dict[str, Any]) -> Response:
    """One page of the tickets that the reader may see."""
    now = now_ms()
    with reading(engine()) as connection:
        found, total = _page(connection, query, now, page=query["page"], page_size=query["page_size"])
        known = directory(connection)
        into = tickets.load(connection, [each.merged_into for each in found if each.merged_into])
        rows = [
            _for_reader(ticket, into.get(ticket.merged_into or ""), list_row(ticket, known, actor(), now))
            for ticket in found
        ]
    return _no_store(json.answer({"items": rows, "total": total, "page": query["page"]}))


@blp.route("/tickets.xlsx", methods=["GET"])
@signed_in()
@blp.arguments(Filters, location="query", unknown=RAISE)
@blp.response(200, FILE, content_type=XLSX)
def export_tickets(query: dict[str, Any]) -> Response:
    """The same list as an Excel file, all pages in one."""
    now = now_ms()
    with reading(engine()) as connection:
        found, _ = _page(connection, query, now, page=1, page_size=EXPORT_ROWS_MAX)
        data = exports.ticket_list(found, directory(connection), language())
    return _file(data, "tickets.xlsx")


def _visible(connection: Connection, ticket_id: str) -> tuple[Ticket, Ticket | None]:
    """The ticket and what it was merged into, or 404 in the same words for what is not there and not his."""
    ticket = tickets.find(connection, ticket_id.lower())
    if ticket is not None:
        survivor = tickets.find(connection, ticket.merged_into) if ticket.merged_into else None
        if may_see(actor(), ticket, survivor):
            return ticket, survivor
    raise Problem(404, "not_yours")


def _for_reader(ticket: Ticket, survivor: Ticket | None, body: dict[str, Any]) -> dict[str, Any]:
    """The document, which names the survivor of a merged ticket only to who may see that one (SYNC: wire, pull)."""
    if ticket.merged_into is None or (survivor is not None and may_see(actor(), survivor)):
        return body
    return without_survivor(body)


@blp.route("/tickets/<string:ticket_id>", methods=["GET"])
@signed_in()
@blp.response(200, WholeTicket)
def get_ticket(ticket_id: str) -> Response:
    """One ticket with its whole timeline, `kept` facts included; of a confidential one the content too."""
    now = now_ms()
    with reading(engine()) as connection:
        ticket, survivor = _visible(connection, ticket_id)
        known = directory(connection)
    body = _for_reader(ticket, survivor, document(ticket, known, now, whole=True))
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
    return _file(exports.packet_sheet(ticket, packet, language()), "reply.xlsx")


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


def _file(data: bytes, name: str) -> Response:
    response = Response(data, mimetype=XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return _no_store(response)
