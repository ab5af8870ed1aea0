"""The demo town's cast, for the sign-in page."""

from typing import Any

import orjson
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from server.api.context import engine, settings
from server.api.errors import Problem
from server.api.guard import open_to_all
from server.domain.roles import ROLES
from server.store import facts
from server.store.engine import reading
from server.store.people import directory

blp = Blueprint("demo", __name__, description="The demo town")


class CastMember(Schema):
    username = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    unit = fields.String(required=True, allow_none=True)


class Cast(Schema):
    items = fields.List(fields.Nested(CastMember), required=True)
    password = fields.String(required=True)


@blp.route("/demo/cast", methods=["GET"])
@open_to_all
@blp.response(200, Cast)
def cast() -> dict[str, Any]:
    """Who can be signed in as, in the demo town only; anywhere else there is nothing here."""
    if not settings().demo:
        raise Problem(404, "not_found")
    with reading(engine()) as connection:
        told = orjson.loads(facts.read(connection, facts.DEMO_CAST) or "{}")
        register = directory(connection)
    found = [register.person_named(username) for username in told.get("usernames", [])]
    return {
        "items": [
            {
                "username": each.username,
                "name": each.name,
                "role": each.role,
                "unit": register.units[each.unit_id].name if each.unit_id else None,
            }
            for each in found
            if each is not None
        ],
        "password": told.get("password", ""),
    }
