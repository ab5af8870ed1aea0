"""The audit trail, for the auditor."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields, validate

from server.api.context import engine
from server.api.guard import signed_in
from server.api.people_shapes import instant
from server.store import audit
from server.store.engine import reading
from server.store.people import directory

blp = Blueprint("audit", __name__, description="Who did what")


class AuditQuery(Schema):
    before = fields.Integer(load_default=None, validate=validate.Range(min=1, max=2**53))
    actor = fields.String(load_default="", validate=validate.Length(max=64))
    action = fields.String(load_default="", validate=validate.Length(max=64))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 500))


class AuditEntry(Schema):
    seq = fields.Integer(required=True)
    at = fields.String(required=True)
    actor = fields.String(required=True)
    actor_name = fields.String(required=True)
    action = fields.String(required=True)
    subject = fields.String(required=True)
    details = fields.Dict(required=True)


class AuditPage(Schema):
    items = fields.List(fields.Nested(AuditEntry), required=True)


class AuditCheck(Schema):
    whole = fields.Boolean(required=True)
    first_broken = fields.Integer(required=True, allow_none=True)


@blp.route("/audit", methods=["GET"])
@signed_in("auditor", "sys_admin")
@blp.arguments(AuditQuery, location="query", unknown=RAISE)
@blp.response(200, AuditPage)
def list_audit(query: dict[str, Any]) -> dict[str, Any]:
    """The newest entries first; `before` (a `seq`) goes on where an earlier answer ended."""
    with reading(engine()) as connection:
        people = directory(connection).people
        found = audit.entries(
            connection,
            before_seq=query["before"],
            actor=query["actor"],
            action=query["action"],
            limit=query["limit"],
        )
    return {
        "items": [
            {**vars(each), "at": instant(each.at_ms), "actor_name": _name(people, each.actor)}
            for each in found
        ]
    }


def _name(people: Any, actor: str) -> str:
    return people[actor].name if actor in people else actor


@blp.route("/audit/check", methods=["GET"])
@signed_in("auditor", "sys_admin")
@blp.response(200, AuditCheck)
def check_audit() -> dict[str, Any]:
    """Follows the chain of hashes from the first entry to the last."""
    with reading(engine()) as connection:
        broken = audit.first_broken(connection)
    return {"whole": broken is None, "first_broken": broken}
