"""The ladders (逐级提醒): who is alarmed after how many minutes; the town's own over the defaults."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from server.api.context import engine, settings
from server.api.errors import Problem
from server.api.guard import actor, signed_in
from server.api.shape_fields import choice, several
from server.clock import now_ms
from server.domain.escalation import (
    AFTER_MIN_MAX,
    DEFAULTS,
    LADDERS,
    POSTS,
    RUNGS_MAX,
    BadLadder,
    Ladder,
    parse_ladder,
)
from server.store import audit, ladders
from server.store.engine import reading, writing

blp = Blueprint("ladders", __name__, description="Who is alarmed after how many minutes")

EDITORS = ("sys_admin", "office_lead", "duty_room")
READERS = (*EDITORS, "dispatcher", "town_leader")


class RungShape(Schema):
    after_min = fields.Float(
        required=True,
        validate=validate.Range(0, AFTER_MIN_MAX),
        metadata={"description": "minutes since the alarm was raised, before the scale"},
    )
    posts = fields.List(fields.String(validate=validate.OneOf(POSTS)), required=True)
    informs = fields.List(fields.String(validate=validate.OneOf(POSTS)), load_default=list)
    channels = fields.List(
        fields.String(), load_default=None, allow_none=True, metadata={"description": "null: all of them"}
    )


class LadderIn(Schema):
    rungs = fields.List(
        fields.Nested(RungShape), required=True, validate=validate.Length(min=1, max=RUNGS_MAX)
    )


class LadderShape(Schema):
    kind = choice(*LADDERS)
    rungs = several(RungShape)
    changed = fields.Boolean(required=True, metadata={"description": "the town's own, not the default"})


class LaddersAnswer(Schema):
    items = several(LadderShape)
    scale = fields.Float(required=True, metadata={"description": "what every minute is multiplied by"})
    posts = fields.List(choice(*POSTS), required=True)


@blp.route("/ladders", methods=["GET"])
@signed_in(*READERS)
@blp.response(200, LaddersAnswer)
def get_ladders() -> dict[str, Any]:
    """Every kind's ladder as new alarms climb it; alarms that run keep the one they were raised with."""
    with reading(engine()) as connection:
        own = ladders.own(connection)
    return {
        "items": [_shown(kind, own.get(kind)) for kind in LADDERS],
        "scale": settings().rules.ladder_scale,
        "posts": list(POSTS),
    }


@blp.route("/ladders/<string:kind>", methods=["PUT"])
@signed_in(*EDITORS)
@blp.arguments(LadderIn)
@blp.response(200, LadderShape)
def put_ladder(body: dict[str, Any], kind: str) -> dict[str, Any]:
    """Change a kind's ladder for the alarms to come."""
    _known(kind)
    try:
        ladder = parse_ladder(body["rungs"])
    except BadLadder as bad:
        raise Problem(422, "bad_ladder", field=bad.field, reason=bad.reason) from None
    if ladder == DEFAULTS[kind]:
        _forget(kind)
        return _shown(kind, None)
    with writing(engine()) as connection:
        ladders.write(connection, kind, ladder)
        audit.append(connection, now_ms(), actor().id, "ladder.set", kind, rungs=ladder.to_list())
    return _shown(kind, ladder)


@blp.route("/ladders/<string:kind>", methods=["DELETE"])
@signed_in(*EDITORS)
@blp.response(204)
def delete_ladder(kind: str) -> Response:
    """Back to the default. Harmless when it was the default."""
    _known(kind)
    _forget(kind)
    return Response(status=204)


def _known(kind: str) -> None:
    if kind not in DEFAULTS:
        raise Problem(404, "not_found")


def _forget(kind: str) -> None:
    with writing(engine()) as connection:
        if ladders.forget(connection, kind):
            audit.append(connection, now_ms(), actor().id, "ladder.clear", kind)


def _shown(kind: str, own: Ladder | None) -> dict[str, Any]:
    ladder = own or DEFAULTS[kind]
    return {"kind": kind, "rungs": ladder.to_list(), "changed": own is not None}
