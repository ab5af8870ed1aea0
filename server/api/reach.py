"""How to reach a person beside the app: for who may phone him when an alarm goes unanswered."""

import re
from typing import Any

from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from server.api.context import engine
from server.api.errors import Problem
from server.api.guard import actor, signed_in
from server.clock import now_ms
from server.domain.phone import CHARS_MAX, plain_phone
from server.store import audit, reach
from server.store.engine import reading, writing
from server.store.people import directory
from server.store.reach import Reach

blp = Blueprint("reach", __name__, description="Phone, mail and accounts of staff")

EDITORS = ("sys_admin", "office_lead")
_CHANNEL = validate.Regexp(r"^[a-z][a-z0-9_]{0,19}$")
_MAIL = re.compile(r"[^\s@<>,;\"]{1,64}@[^\s@<>,;\"]{1,180}")
_ACCOUNTS_MAX = 12


class ReachShape(Schema):
    phone = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=CHARS_MAX))
    email = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=120))
    accounts = fields.Dict(
        keys=fields.String(validate=_CHANNEL),
        values=fields.String(validate=validate.Length(1, 120)),
        load_default=dict,
        validate=validate.Length(max=_ACCOUNTS_MAX),
        metadata={"description": "kind of channel → the person's account there"},
    )


@blp.route("/people/<uuid:person_id>/reach", methods=["GET"])
@signed_in(*EDITORS, "duty_room")
@blp.response(200, ReachShape)
def get_reach(person_id: Any) -> dict[str, Any]:
    """A person's addresses; empty ones are null."""
    with reading(engine()) as connection:
        _known(directory(connection).people.get(str(person_id)))
        return _shown(reach.find(connection, str(person_id)))


@blp.route("/people/<uuid:person_id>/reach", methods=["PUT"])
@signed_in(*EDITORS)
@blp.arguments(ReachShape)
@blp.response(200, ReachShape)
def put_reach(body: dict[str, Any], person_id: Any) -> dict[str, Any]:
    """Put these addresses in place of those before; what is left out is taken away."""
    told = Reach(_phone(body["phone"]), _email(body["email"]), body["accounts"])
    with writing(engine()) as connection:
        _known(directory(connection).people.get(str(person_id)))
        reach.write(connection, str(person_id), told, now_ms())
        # which of them are known now, never the addresses themselves
        audit.append(
            connection,
            now_ms(),
            actor().id,
            "reach.set",
            str(person_id),
            phone=told.phone is not None,
            email=told.email is not None,
            accounts=sorted(told.accounts),
        )
    return _shown(told)


def _known(person: object) -> None:
    if person is None:
        raise Problem(404, "unknown_person")


def _phone(text: str | None) -> str | None:
    if not (text or "").strip():
        return None
    number = plain_phone(str(text))
    if number is None:
        raise Problem(422, "invalid_args", field="phone", reason="format")
    return number


def _email(text: str | None) -> str | None:
    mail = (text or "").strip()
    if mail and not _MAIL.fullmatch(mail):
        raise Problem(422, "invalid_args", field="email", reason="format")
    return mail or None


def _shown(told: Reach) -> dict[str, Any]:
    return {"phone": told.phone, "email": told.email, "accounts": dict(told.accounts)}
