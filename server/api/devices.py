"""Phones and browsers that sync: one's own, and for the administrator anybody's."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from server.actions import people as action
from server.actions.signing_in import Refused
from server.api.context import engine, log
from server.api.guard import actor, signed_in
from server.api.people import ADMIN, problem
from server.api.people_shapes import instant
from server.clock import now_ms
from server.store import people_rows
from server.store.engine import reading

blp = Blueprint("devices", __name__, description="Devices that sync")


class Device(Schema):
    id = fields.String(required=True)
    first_seen_at = fields.String(required=True)
    last_seen_at = fields.String(required=True)
    revoked_at = fields.String(required=True, allow_none=True)


class Devices(Schema):
    items = fields.List(fields.Nested(Device), required=True)


@blp.route("/devices", methods=["GET"])
@signed_in()
@blp.response(200, Devices)
def own_devices() -> dict[str, Any]:
    """One's own devices, the last used first."""
    return _devices(actor().id)


@blp.route("/people/<uuid:person_id>/devices", methods=["GET"])
@signed_in(ADMIN)
@blp.response(200, Devices)
def devices_of(person_id: Any) -> dict[str, Any]:
    """A person's devices, the last used first."""
    return _devices(str(person_id))


@blp.route("/devices/<uuid:device_id>/revoke", methods=["POST"])
@signed_in()
@blp.response(204)
def revoke_device(device_id: Any) -> Response:
    """Stop a lost device, one's own or (for the admin) anybody's: it is signed out and never syncs again."""
    try:
        action.revoke_device(log(), actor(), str(device_id), now_ms())
    except Refused as refused:
        raise problem(refused) from None
    return Response(status=204)


def _devices(person_id: str) -> dict[str, Any]:
    with reading(engine()) as connection:
        rows = people_rows.devices(connection, person_id)
    return {
        "items": [
            {
                "id": row.id,
                "first_seen_at": instant(row.made_at),
                "last_seen_at": instant(row.seen_at),
                "revoked_at": instant(row.revoked_at),
            }
            for row in rows
        ]
    }
