"""What a supervisor has to look at: kept facts, unsure times, numbers taken twice, photos that never came."""

from typing import Any

import orjson
from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields, validate

from server.api import json
from server.api.context import engine
from server.api.errors import Problem
from server.api.guard import actor, signed_in
from server.api.people_shapes import Named, instant, named
from server.clock import now_ms
from server.domain.lifecycle import STATES
from server.store import audit, items
from server.store.engine import reading, writing
from server.store.people import Directory, directory

blp = Blueprint("items", __name__, description="What a supervisor has to look at")

READING_ROLES = ("dispatcher", "office_lead", "town_leader", "duty_room", "unit_head", "unit_clerk")
FINISHING_ROLES = ("dispatcher", "office_lead", "unit_head")


class ItemQuery(Schema):
    kind = fields.String(load_default=None, validate=validate.Length(max=32))
    open = fields.Boolean(load_default=True)
    page = fields.Integer(load_default=1, validate=validate.Range(1, 1_000_000))
    page_size = fields.Integer(load_default=100, validate=validate.Range(1, 200))


class ItemTicket(Schema):
    id = fields.String(required=True)
    external_no = fields.String(required=True)
    title = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(sorted(STATES)))


class ItemAnswer(Schema):
    id = fields.String(required=True)
    kind = fields.String(required=True)
    ticket = fields.Nested(ItemTicket, required=True, allow_none=True)
    op = fields.String(required=True, allow_none=True)
    unit = fields.Nested(Named, required=True, allow_none=True)
    person = fields.Nested(Named, required=True, allow_none=True)
    at = fields.String(required=True)
    done_at = fields.String(required=True, allow_none=True)
    done_by = fields.Nested(Named, required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)
    details = fields.Dict(keys=fields.String(), required=True)


class ItemPage(Schema):
    items = fields.List(fields.Nested(ItemAnswer), required=True)
    total = fields.Integer(required=True)
    page = fields.Integer(required=True)


class DoneIn(Schema):
    note = fields.String(load_default="", validate=validate.Length(max=2_000))


def _shown(row: Any, known: Directory) -> dict[str, Any]:
    details = orjson.loads(row.details)
    ticket = None
    if row.external_no is not None:
        title = "保密单" if row.confidential else row.title
        ticket = {"id": row.ticket_id, "external_no": row.external_no, "title": title, "state": row.state}
    return {
        "id": row.id,
        "kind": row.kind,
        "ticket": ticket,
        "op": row.op_id,
        "unit": named(known.units.get(row.unit or "")),
        "person": named(known.people.get(details.get("person") or "")),
        "at": instant(row.created_at),
        "done_at": instant(row.done_at),
        "done_by": named(known.people.get(row.done_by or "")),
        "note": row.note,
        "details": details,
    }


@blp.route("/items", methods=["GET"])
@signed_in(*READING_ROLES)
@blp.arguments(ItemQuery, location="query", unknown=RAISE)
@blp.response(200, ItemPage)
def list_items(query: dict[str, Any]) -> Response:
    """The newest first, about tickets that the reader may see; a unit those that it leads now."""
    with reading(engine()) as connection:
        rows, total = items.listed(
            connection,
            actor(),
            kind=query["kind"],
            open_only=query["open"],
            limit=query["page_size"],
            offset=(query["page"] - 1) * query["page_size"],
        )
        known = directory(connection)
    body = {"items": [_shown(row, known) for row in rows], "total": total, "page": query["page"]}
    response = json.answer(body)
    response.headers["Cache-Control"] = "no-store"
    return response


@blp.route("/items/<string:item_id>/done", methods=["POST"])
@signed_in(*FINISHING_ROLES)
@blp.arguments(DoneIn)
@blp.response(204)
def finish_item(body: dict[str, str], item_id: str) -> Response:
    """Somebody dealt with it. Harmless when it was done before; what is not there or not his is 404."""
    me, now = actor(), now_ms()
    with writing(engine()) as connection:
        found = items.find(connection, me, item_id)
        if found is None:
            raise Problem(404, "not_found")
        if items.finish(connection, item_id, me.id, body["note"], now):
            audit.append(connection, now, me.id, "item.done", item_id, kind=found.kind)
    return Response(status=204)
