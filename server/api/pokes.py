"""`/sync/pokes`: server-sent events that say “something of yours changed”, and nothing of what (SYNC “Wire”)."""

import time
from collections.abc import Iterator

from flask import Response
from flask_smorest import Blueprint
from sqlalchemy.exc import SQLAlchemyError

from server.api.context import Parts, parts
from server.api.errors import Problem
from server.api.guard import actor, session, signed_in
from server.api.metrics import STREAMS
from server.api.poke_streams import Listener
from server.clock import now_ms
from server.store import sessions
from server.store.engine import reading
from sync.log import Retry, Unavailable

blp = Blueprint("pokes", __name__, description="A stream that says when to pull")

COMMENT_S = 20.0
LIFE_S = 300.0
RETRY_LATER_S = 30
POKE = "event: poke\ndata:\n\n"  # without a data line browsers drop the event
HELLO = "retry: 3000\n: hello\n\n"


@blp.route("/sync/pokes", methods=["GET"])
@signed_in()
@blp.response(200, content_type="text/event-stream")
def pokes() -> Response:
    """An event `poke`, empty, whenever something in the reader's buckets changed; ends after 5 minutes."""
    here, session_id, person = parts(), session().id, actor().id
    place = here.streams.open(_buckets(here, person))
    if place is None:
        raise Problem(503, "too_many_streams", retry_after_s=RETRY_LATER_S)
    key, listener = place
    STREAMS.inc()

    def close() -> None:
        here.streams.close(key)
        STREAMS.dec()

    response = Response(_events(here, listener, session_id, person), mimetype="text/event-stream")
    response.call_on_close(close)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx would hold small events back
    return response


def _events(here: Parts, listener: Listener, session_id: str, person: str) -> Iterator[str]:
    ends = time.monotonic() + LIFE_S
    yield HELLO
    comment_at = time.monotonic() + COMMENT_S
    while (now := time.monotonic()) < ends:
        call = listener.wait(min(comment_at, ends) - now)
        if call is False:
            return
        if call:
            yield POKE
        elif time.monotonic() >= comment_at:
            if not _still_signed_in(here, session_id):
                return
            buckets = _buckets(here, person, otherwise=listener.buckets)
            gained_or_lost, listener.buckets = buckets != listener.buckets, buckets
            yield POKE if gained_or_lost else ": still here\n\n"
            comment_at = time.monotonic() + COMMENT_S


def _still_signed_in(here: Parts, session_id: str) -> bool:
    """While the database cannot say, the stream stays: it tells nothing by itself."""
    try:
        with reading(here.engine) as connection:
            return sessions.find(connection, session_id, now_ms()) is not None
    except (SQLAlchemyError, Unavailable, Retry):
        return True


def _buckets(here: Parts, person: str, *, otherwise: frozenset[str] | None = None) -> frozenset[str]:
    try:
        with here.log.read() as snapshot:
            return snapshot.entitled(person)
    except (SQLAlchemyError, Unavailable, Retry):
        if otherwise is None:
            raise
        return otherwise
