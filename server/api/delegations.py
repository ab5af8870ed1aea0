"""A head's dated delegation of his approvals to somebody of his unit (DOMAIN D29)."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from server.actions import people as action
from server.actions.signing_in import Refused
from server.api.context import engine, log
from server.api.errors import Problem
from server.api.guard import actor, signed_in
from server.api.people import ADMIN, problem
from server.api.people_shapes import Named, instant, named
from server.clock import now_ms
from server.store import people_rows
from server.store.engine import reading
from server.store.people import directory
from sync.clock import parse_rfc3339

blp = Blueprint("delegations", __name__, description="Who signs for a head, and when")


class Delegation(Schema):
    id = fields.String(required=True)
    head = fields.Nested(Named, required=True)
    delegate = fields.Nested(Named, required=True)
    from_ = fields.String(required=True, data_key="from")
    to = fields.String(required=True)


class Delegations(Schema):
    items = fields.List(fields.Nested(Delegation), required=True)


class NewDelegation(Schema):
    delegate = fields.UUID(required=True)
    from_ = fields.String(required=True, data_key="from")
    to = fields.String(required=True)


@blp.route("/delegations", methods=["GET"])
@signed_in("unit_head", "unit_clerk", "office_lead", ADMIN)
@blp.response(200, Delegations)
def list_delegations() -> dict[str, Any]:
    """Delegations given or received; all of the town's for the office and the administrator."""
    everybody = actor().role in {"office_lead", ADMIN}
    with reading(engine()) as connection:
        register = directory(connection)
        rows = people_rows.delegations(connection, person_id=None if everybody else actor().id)
    return {
        "items": [
            {
                "id": row.id,
                "head": named(register.people[row.head_id]),
                "delegate": named(register.people[row.delegate_id]),
                "from_": instant(row.from_at),
                "to": instant(row.to_at),
            }
            for row in rows
        ]
    }


class Created(Schema):
    id = fields.String(required=True)


@blp.route("/delegations", methods=["POST"])
@signed_in("unit_head")
@blp.arguments(NewDelegation)
@blp.response(201, Created)
def delegate(body: dict[str, Any]) -> dict[str, str]:
    """Let somebody of one's unit sign from one time until another (RFC 3339), at most a year."""
    try:
        from_ms, to_ms = parse_rfc3339(body["from_"]), parse_rfc3339(body["to"])
    except (ValueError, OverflowError):
        raise Problem(422, "invalid_args", field="from") from None
    try:
        made = action.delegate(log(), actor(), str(body["delegate"]), from_ms, to_ms, now_ms=now_ms())
    except Refused as refused:
        raise problem(refused) from None
    return {"id": made}


@blp.route("/delegations/<uuid:delegation_id>", methods=["DELETE"])
@signed_in("unit_head")
@blp.response(204)
def end_delegation(delegation_id: Any) -> Response:
    """Take a delegation back; what was signed under it stands."""
    try:
        action.end_delegation(log(), actor(), str(delegation_id), now_ms())
    except Refused as refused:
        raise problem(refused) from None
    return Response(status=204)
