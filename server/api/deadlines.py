"""When a ticket would be due: for explaining, for planning, and for the city line (API.md, deadlines/preview)."""

import datetime
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields, validate

from server.api import json
from server.api.context import engine, settings
from server.api.document_shapes import PreviewedDeadline
from server.api.errors import Problem
from server.api.guard import signed_in_or_key
from server.domain import deadlines
from server.domain.args import CATEGORIES
from server.store.calendar import read_calendar
from server.store.engine import reading
from sync.clock import rfc3339

blp = Blueprint("deadlines", __name__, description="Due times")

_SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))
# Working days are counted day by day from here on; beyond these years nothing sensible can be asked.
_FIRST_MS = int(datetime.datetime(1949, 10, 1, tzinfo=_SHANGHAI).timestamp() * 1000)
_LAST_MS = int(datetime.datetime(2200, 1, 1, tzinfo=_SHANGHAI).timestamp() * 1000)


class PreviewQuery(Schema):
    category = fields.String(required=True, validate=validate.OneOf(CATEGORIES))
    urgent = fields.Boolean(load_default=False)
    received_at = fields.String(
        required=True, metadata={"description": "RFC 3339; without an offset: Asia/Shanghai"}
    )


class PreviewAnswer(Schema):
    deadlines = fields.List(fields.Nested(PreviewedDeadline), required=True)


def _instant(text: str) -> int:
    text = text.strip().replace(" ", "+")  # a plus sign that was not escaped in the address
    try:
        wall = datetime.datetime.fromisoformat(text)
        zoned = wall.replace(tzinfo=_SHANGHAI) if wall.tzinfo is None else wall
        at_ms = int(zoned.timestamp() * 1000)
    except (ValueError, OverflowError):
        at_ms = _LAST_MS
    if not _FIRST_MS <= at_ms < _LAST_MS:
        raise Problem(422, "invalid_args", field="received_at", reason="not_a_time")
    return at_ms


@blp.route("/deadlines/preview", methods=["GET"])
@signed_in_or_key
@blp.arguments(PreviewQuery, location="query", unknown=RAISE)
@blp.response(200, PreviewAnswer)
def preview(query: dict[str, Any]) -> Response:
    """The deadlines of a ticket received then; any date, past or future."""
    received_ms = _instant(query["received_at"])
    with reading(engine()) as connection:
        calendar = read_calendar(connection)
    found = deadlines.compute(
        query["category"],
        urgent=query["urgent"],
        received_at_ms=received_ms,
        calendar=calendar,
        rules=settings().rules,
    )
    return json.answer({"deadlines": [_shown(each) for each in found]})


def _shown(deadline: deadlines.Deadline) -> dict[str, Any]:
    return {
        "kind": deadline.kind,
        "start_at": rfc3339(deadline.start_at_ms),
        "due_at": rfc3339(deadline.due_at_ms),
        "provisional": deadline.provisional,
        "why": deadline.why,
    }
