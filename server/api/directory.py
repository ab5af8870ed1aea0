"""Units and people by name and role, for those who dispatch and assign; no user names, no numbers."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields, validate

from server.api import json
from server.api.context import engine
from server.api.guard import actor, signed_in
from server.domain.roles import ROLES, Actor
from server.store import ticket_list
from server.store.engine import reading
from server.store.people import Directory, directory

blp = Blueprint("directory", __name__, description="Units and people by name")

TOWN_ROLES = ("dispatcher", "office_lead", "town_leader", "duty_room", "leading_group")
UNIT_ROLES = ("unit_head", "unit_clerk")
_WORKING = frozenset({"grid_worker", "unit_clerk", "unit_head"})


class GridShape(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)


class UnitShape(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True)
    village = fields.String(required=True, allow_none=True)
    duties = fields.List(fields.String(), required=True)
    grids = fields.List(fields.Nested(GridShape), required=True)
    open = fields.Integer(required=True)


class WorkerShape(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    unit_id = fields.String(required=True, allow_none=True)
    grid_id = fields.String(required=True, allow_none=True)


class DirectoryAnswer(Schema):
    units = fields.List(fields.Nested(UnitShape), required=True)
    people = fields.List(fields.Nested(WorkerShape), required=True)


class UnitsAnswer(Schema):
    items = fields.List(fields.Nested(UnitShape), required=True)


class WorkersAnswer(Schema):
    items = fields.List(fields.Nested(WorkerShape), required=True)


class WorkersQuery(Schema):
    unit = fields.String(load_default="", metadata={"description": "name or id"})


def _units(known: Directory, open_counts: dict[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "id": unit.id,
            "name": unit.name,
            "kind": unit.kind,
            "village": unit.village,
            "duties": list(unit.duties),
            "grids": [{"id": grid.id, "name": grid.name} for grid in known.grids_of(unit.id)],
            "open": open_counts.get(unit.id, 0),
        }
        for unit in known.units.values()
    ]


def _workers(known: Directory, reader: Actor, unit_id: str | None) -> list[dict[str, Any]]:
    """Those who do the work; a unit's people see only their own."""
    wanted = reader.unit_id if reader.role in UNIT_ROLES else unit_id
    return [
        {"id": one.id, "name": one.name, "role": one.role, "unit_id": one.unit_id, "grid_id": one.grid_id}
        for one in known.people.values()
        if one.role in _WORKING and one.revoked_at_ms is None and (wanted is None or one.unit_id == wanted)
    ]


@blp.route("/directory", methods=["GET"])
@signed_in(*TOWN_ROLES, *UNIT_ROLES)
@blp.response(200, DirectoryAnswer)
def whole() -> Response:
    """All units with how many tickets each has open, and the people who work."""
    with reading(engine()) as connection:
        known = directory(connection)
        counts = ticket_list.open_counts(connection)
    return json.answer({"units": _units(known, counts), "people": _workers(known, actor(), None)})


@blp.route("/units", methods=["GET"])
@signed_in(*TOWN_ROLES, *UNIT_ROLES)
@blp.response(200, UnitsAnswer)
def units() -> Response:
    """All units."""
    with reading(engine()) as connection:
        return json.answer({"items": _units(directory(connection), ticket_list.open_counts(connection))})


@blp.route("/units/people", methods=["GET"])
@signed_in(*TOWN_ROLES, *UNIT_ROLES)
@blp.arguments(WorkersQuery, location="query", unknown=RAISE)
@blp.response(200, WorkersAnswer)
def workers(query: dict[str, str]) -> Response:
    """The people of one unit, or of all."""
    with reading(engine()) as connection:
        known = directory(connection)
    unit = known.unit(query["unit"]) if query["unit"] else None
    unit_id = None if not query["unit"] else unit.id if unit else ""
    return json.answer({"items": _workers(known, actor(), unit_id)})
