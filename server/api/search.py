"""The list of tickets: filtered, searched, in pages or as an Excel file.

What is searched for may be a resident's street or name, and an address of the web is written down in many places
(logs, histories): so the same can be asked with the words in the body.
"""

import tempfile
from collections.abc import Mapping
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields, pre_load, validate

from server.actions import exports
from server.api import json
from server.api.context import engine, language
from server.api.document_shapes import TicketRow
from server.api.errors import Problem
from server.api.excel import XLSX, excel_answer
from server.api.guard import actor, signed_in
from server.api.shape_fields import FILE
from server.api.ticket_shapes import list_row, without_survivor
from server.clock import now_ms
from server.domain.args import CATEGORIES
from server.domain.lifecycle import STATES
from server.domain.roles import knows_survivor
from server.store import ticket_list, tickets
from server.store.engine import reading
from server.store.people import Directory, directory
from server.store.ticket_list import PAGE_SIZE_MAX, SORTS, Wanted
from sync.clock import parse_rfc3339

blp = Blueprint("search", __name__, description="Tickets listed and searched")

EXPORT_ROWS_MAX = 20_000
_IN_MEMORY_BYTES = 1 << 20


class Filters(Schema):
    """Several values of one filter are separated by commas; an empty one is none."""

    @pre_load
    def _drop_empty(self, query: Any, **_: Any) -> Any:
        if not isinstance(query, Mapping):
            return query  # marshmallow says what is wrong with it
        return {name: value for name, value in query.items() if value != ""}

    state = fields.String(load_default="", validate=validate.Length(max=200))
    village = fields.String(load_default="", metadata={"description": "names or ids"})
    unit = fields.String(load_default="", metadata={"description": "lead or joint; names or ids"})
    category = fields.String(load_default="", validate=validate.Length(max=200))
    urgent = fields.Boolean(load_default=None, allow_none=True)
    overdue = fields.Boolean(load_default=False)
    due_before = fields.String(load_default=None, metadata={"format": "date-time"})
    q = fields.String(
        load_default="",
        validate=validate.Length(max=100),
        metadata={"description": "words; what people type is better sent in the body of `/tickets/search`"},
    )
    sort = fields.String(load_default="due", validate=validate.OneOf(tuple(SORTS)))


class Paged(Filters):
    page = fields.Integer(load_default=1, validate=validate.Range(1, 1_000_000))
    page_size = fields.Integer(load_default=50, validate=validate.Range(1, PAGE_SIZE_MAX))


class TicketPage(Schema):
    items = fields.List(fields.Nested(TicketRow), required=True)
    total = fields.Integer(required=True)
    page = fields.Integer(required=True)


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


@blp.route("/tickets", methods=["GET"])
@signed_in()
@blp.arguments(Paged, location="query", unknown=RAISE)
@blp.response(200, TicketPage)
def list_tickets(query: dict[str, Any]) -> Response:
    """One page of the tickets that the reader may see."""
    return _listed(query)


@blp.route("/tickets/search", methods=["POST"])
@signed_in()
@blp.arguments(Paged, unknown=RAISE)
@blp.response(200, TicketPage)
def search_tickets(body: dict[str, Any]) -> Response:
    """The same, asked in the body: words about a resident have no place in an address."""
    return _listed(body)


@blp.route("/tickets.xlsx", methods=["GET"])
@signed_in()
@blp.arguments(Filters, location="query", unknown=RAISE)
@blp.response(200, FILE, content_type=XLSX)
def export_tickets(query: dict[str, Any]) -> Response:
    """The same list as an Excel file, all pages in one; the first 20,000 tickets of it."""
    return _exported(query)


@blp.route("/tickets/search.xlsx", methods=["POST"])
@signed_in()
@blp.arguments(Filters, unknown=RAISE)
@blp.response(200, FILE, content_type=XLSX)
def export_search(body: dict[str, Any]) -> Response:
    """The file, asked in the body."""
    return _exported(body)


def _listed(asked: dict[str, Any]) -> Response:
    now = now_ms()
    with reading(engine()) as connection:
        known = directory(connection)
        wanted = _wanted(asked, known, now)
        page = asked["page"]
        ids, total = ticket_list.find_page(
            connection, actor(), wanted, asked["sort"], page, asked["page_size"]
        )
        found = tickets.load(connection, ids)
        into = tickets.load(connection, [each.merged_into for each in found.values() if each.merged_into])
    rows = []
    for ticket in (found[id_] for id_ in ids):
        row = list_row(ticket, known, actor(), now)
        fine = knows_survivor(actor(), ticket, into.get(ticket.merged_into or ""))
        rows.append(row if fine else without_survivor(row))
    response = json.answer({"items": rows, "total": total, "page": page})
    response.headers["Cache-Control"] = "no-store"
    return response


def _exported(asked: dict[str, Any]) -> Response:
    with reading(engine()) as connection:
        known = directory(connection)
        wanted = _wanted(asked, known, now_ms())
        ids, total = ticket_list.find_page(connection, actor(), wanted, asked["sort"], 1, EXPORT_ROWS_MAX)
        target = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115 - closed with the answer
        try:
            in_order = tickets.each_of(connection, ids)
            exports.ticket_list(target, in_order, known, language(), left_out=total - len(ids))
        except BaseException:
            target.close()
            raise
    target.seek(0)
    return excel_answer(target, "tickets.xlsx")
