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
from server.store import deliveries, facts
from server.store.engine import reading
from sync.log import Retry, Unavailable

blp = Blueprint("health", __name__, description="Is the server well")

LATE_MS = {
    "sweeper": 180_000,  # beats once a minute
    "alarms": 60_000,  # beats every ten seconds; without it nobody is alarmed
}


class OutboxHealth(Schema):
    waiting = fields.Integer(required=True, metadata={"description": "how many messages are not sent yet"})
    oldest_s = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "since when the oldest of them waits, seconds"},
    )


class Health(Schema):
    status = fields.String(required=True, validate=validate.OneOf(("ok", "degraded", "down")))
    version = fields.String(required=True)
    database = fields.String(required=True, validate=validate.OneOf(("ok", "unavailable")))
    workers = fields.Dict(
        required=True,
        keys=fields.String(),
        values=fields.String(validate=validate.OneOf(("ok", "starting", "late", "missing"))),
    )
    outbox = fields.Nested(OutboxHealth, required=True)


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
            waiting, oldest_ms = deliveries.waiting(connection)
    except (SQLAlchemyError, Unavailable, Retry):
        return answer(_told("down", "unavailable", {}, 0, None), 503)
    now = now_ms()
    workers = {name: _state(beats.get(name), late_ms, now) for name, late_ms in LATE_MS.items()}
    well = all(state in {"ok", "starting"} for state in workers.values())
    oldest_s = None if oldest_ms is None else max(0, (now - oldest_ms) // 1000)
    return answer(_told("ok" if well else "degraded", "ok", workers, waiting, oldest_s))


def _state(beat: str | None, late_ms: int, now: int) -> str:
    """A beat from before this server's start says nothing yet about the worker that was started with it."""
    last = int(beat) if beat is not None else 0
    if last + late_ms >= now:
        return "ok"
    if parts().started_at_ms + late_ms > now:
        return "starting"
    return "missing" if beat is None else "late"


def _told(
    status: str, database: str, workers: dict[str, str], waiting: int, oldest_s: int | None
) -> dict[str, Any]:
    return {
        "status": status,
        "version": VERSION,
        "database": database,
        "workers": workers,
        "outbox": {"waiting": waiting, "oldest_s": oldest_s},
    }
