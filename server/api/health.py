"""Whether the server and what it stands on are well."""

from typing import Any

from flask import Flask, Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from server.api.context import engine, parts
from server.api.guard import open_to_all
from server.api.json import answer
from server.clock import now_ms
from server.config import VERSION
from server.store import facts
from server.store.engine import reading
from sync.log import Retry, Unavailable

blp = Blueprint("health", __name__, description="Is the server well")

LATE_MS = 180_000  # a worker beats once a minute


class Health(Schema):
    status = fields.String(required=True, validate=validate.OneOf(("ok", "degraded", "down")))
    version = fields.String(required=True)
    database = fields.String(required=True, validate=validate.OneOf(("ok", "unavailable")))
    workers = fields.Dict(
        required=True,
        keys=fields.String(),
        values=fields.String(validate=validate.OneOf(("ok", "starting", "late", "missing"))),
    )
    outbox = fields.Dict(
        required=True, metadata={"description": "`waiting`: how many notices are not sent yet"}
    )


@blp.route("/health", methods=["GET"])
@open_to_all
@blp.response(200, Health)
@blp.alt_response(503, schema=Health, description="The database cannot be reached")
def health() -> Response:
    """`ok`; `degraded` when a worker process is late; `down` (503) when the database cannot be reached."""
    return answer_health()


def install(app: Flask) -> None:
    """The same at the root, where load balancers look."""
    app.add_url_rule("/health", "root_health", answer_health)


def answer_health() -> Response:
    try:
        with reading(engine()) as connection:
            connection.execute(text("SELECT 1"))
            beats = facts.beginning_with(connection, facts.HEARTBEAT)
    except (SQLAlchemyError, Unavailable, Retry):
        return answer(_told("down", "unavailable", {}), 503)
    workers = {"sweeper": _state(beats.get("sweeper"))}
    well = all(state in {"ok", "starting"} for state in workers.values())
    return answer(_told("ok" if well else "degraded", "ok", workers))


def _state(beat: str | None) -> str:
    now = now_ms()
    if beat is None:
        return "starting" if parts().started_at_ms + LATE_MS > now else "missing"
    return "late" if int(beat) + LATE_MS < now else "ok"


def _told(status: str, database: str, workers: dict[str, str]) -> dict[str, Any]:
    return {
        "status": status,
        "version": VERSION,
        "database": database,
        "workers": workers,
        "outbox": {"waiting": 0},
    }
