"""How people, units and sessions look on the wire."""

from typing import Any

from marshmallow import Schema, fields, validate

from server.clock import now_ms
from server.domain.roles import ROLES, Actor
from server.store.people import Directory
from sync.clock import rfc3339


class Named(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)


class SignedInUser(Schema):
    id = fields.UUID(required=True)
    username = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    unit = fields.Nested(Named, required=True, allow_none=True)
    villages = fields.List(fields.String(), required=True)
    grid = fields.String(required=True, allow_none=True, metadata={"description": "id of the grid"})
    grid_name = fields.String(required=True, allow_none=True)
    delegate_of = fields.List(
        fields.String(), required=True, metadata={"description": "ids of units whose replies he may sign now"}
    )
    must_change_password = fields.Boolean(required=True)


class SessionAnswer(Schema):
    user = fields.Nested(SignedInUser, required=True)
    csrf = fields.String(required=True)


class Person(Schema):
    id = fields.UUID(required=True)
    username = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    unit = fields.Nested(Named, required=True, allow_none=True)
    grid = fields.Nested(Named, required=True, allow_none=True)
    revoked_at = fields.String(required=True, allow_none=True)


class Secret(Schema):
    """A password for the first sign-in, told once."""

    password = fields.String(required=True)


def named(thing: Any) -> dict[str, str] | None:
    """`{id, name}` of a unit, grid or person."""
    return {"id": thing.id, "name": thing.name} if thing is not None else None


def instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else rfc3339(at_ms)


def person(actor: Actor, register: Directory) -> dict[str, Any]:
    return {
        "id": actor.id,
        "username": actor.username,
        "name": actor.name,
        "role": actor.role,
        "unit": named(register.units.get(actor.unit_id or "")),
        "grid": named(register.grids.get(actor.grid_id or "")),
        "revoked_at": instant(actor.revoked_at_ms),
    }


def signed_in_user(actor: Actor, register: Directory, must_change: bool) -> dict[str, Any]:
    """`user` of a session answer (API.md “The demo town”)."""
    unit = register.units.get(actor.unit_id or "")
    grid = register.grids.get(actor.grid_id or "")
    now = now_ms()
    return {
        "id": actor.id,
        "username": actor.username,
        "name": actor.name,
        "role": actor.role,
        "unit": named(unit),
        "villages": [unit.village] if unit and unit.village else [],
        "grid": actor.grid_id,
        "grid_name": grid.name if grid else None,
        "delegate_of": [each.unit_id for each in actor.delegate_of if each.from_ms <= now < each.to_ms],
        "must_change_password": must_change,
    }
