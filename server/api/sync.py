"""`/sync/push` and `/sync/pull`: who and what came, handed to `sync`, and its answer as JSON (SYNC “Wire”)."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

import orjson
import structlog
from flask import Response, request
from flask_smorest import Blueprint

from server.api.arguments import BodyParser
from server.api.context import engine, handler, language, log
from server.api.errors import Problem
from server.api.guard import actor, session, signed_in
from server.api.json import answer
from server.api.metrics import OPERATIONS
from server.api.sync_shapes import PULL_BODY, PUSH_BODY, PullAnswer, PushAnswer
from server.api.words import words
from server.clock import now_ms
from server.store import people_rows, sessions
from server.store.engine import reading
from server.store.oplog import Writing
from sync.clock import rfc3339
from sync.log import Author, SyncConflict, SyncRefusal, SyncTooLarge, transact
from sync.pull import Reader, pull
from sync.push import push

blp = Blueprint("sync", __name__, description="Operations up, changes down (sync/PROTOCOL.md)")
logger = structlog.get_logger(__name__)

OPEN = b'"state":"open"'
MISSED = b'"state":"missed"'
DUE = b'"due_at":"'
INSTANT_CHARS = 24
HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
body_parser = BodyParser()
DOC = {
    "409": {"$ref": "#/components/responses/Conflict"},
    "413": {"$ref": "#/components/responses/TooLarge"},
    "415": {"$ref": "#/components/responses/WrongType"},
}


@blp.route("/sync/push", methods=["POST"])
@signed_in()
@blp.response(200, PushAnswer)
@blp.doc(requestBody=PUSH_BODY, responses=DOC)
def push_operations() -> Response:
    """Take a batch of operations; each ends applied, kept, refused or duplicate, and the answer says which."""
    body, now = _operations(), now_ms()
    device = _check_device(body)
    author = Author(actor().id, actor=actor())
    told = _refusals_as_problems(
        lambda: push(log(), handler(), body, author, now, words=_words(), on_fault=_fault)
    )
    _remember_device(device)
    for each in told["results"]:
        OPERATIONS.labels(each["outcome"]).inc()
    return _never_stored(answer(told))


@blp.route("/sync/pull", methods=["POST"])
@signed_in()
@blp.response(200, PullAnswer)
@blp.doc(requestBody=PULL_BODY, responses=DOC)
def pull_changes() -> Response:
    """What changed for this reader since his cursor; receipts and digests with the last page."""
    body, now = body_parser.load_json(request, None), now_ms()
    device = _check_device(body)
    told = _refusals_as_problems(lambda: pull(log(), Reader(actor().id, device or ""), body, now, _words()))
    _remember_device(device)
    for change in told["changes"]:
        if "doc" in change:
            change["doc"] = orjson.Fragment(as_of(change["doc"], now))
    return _never_stored(answer(told))


def _operations() -> Any:
    """The body of a push. Half of a surrogate pair (a text cut inside an emoji, which browsers send escaped) is no
    reason to refuse it whole and block the outbox for ever: it is its operation's fault, and refused there."""
    data = request.get_data()
    try:
        return body_parser.load_json(request, None)
    except Problem as problem:
        if problem.code != "bad_json" or not HALF_PAIR.search(data):
            raise
        try:
            return json.loads(data, parse_constant=lambda _: None)
        except (ValueError, RecursionError):
            raise problem from None


def as_of(doc: str | bytes, at_ms: int) -> bytes:
    """A stored document with `deadlines[].state` as of this answer: open ones whose time has passed are missed.

    Works on the text, for a first pull brings thousands; a quote inside somebody's words is escaped in JSON, so
    the marks are found in keys and values only.
    """
    text = doc.encode() if isinstance(doc, str) else doc
    now = rfc3339(at_ms).encode()
    start = text.find(OPEN)
    while start >= 0:
        due = text.rfind(DUE, 0, start) + len(DUE)
        if due >= len(DUE) and text[due : due + INSTANT_CHARS] < now:
            text = text[:start] + MISSED + text[start + len(OPEN) :]
        start = text.find(OPEN, start + 1)
    return text


def _words() -> Callable[[str, Mapping[str, Any]], str]:
    spoken = language()
    return lambda code, details: words(code, details, spoken)


def _refusals_as_problems(call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return call()
    except SyncRefusal as refusal:
        status = 409 if isinstance(refusal, SyncConflict) else 400
        status = 413 if isinstance(refusal, SyncTooLarge) else status
        raise Problem(status, refusal.code, **refusal.details) from None


def _fault(op: Any, error: Exception) -> None:
    """An operation broke our code: it was refused alone, the rest went on; this is for us to mend."""
    logger.error("operation_fault", op=getattr(op, "id", None), error=type(error).__name__, exc_info=error)


def _check_device(body: Any) -> str | None:
    """The device named in the request, unless it was revoked (asked once per session and device)."""
    device = body.get("device") if isinstance(body, dict) else None
    if not isinstance(device, str) or device == session().device:
        return device if isinstance(device, str) else None
    with reading(engine()) as connection:
        revoked = people_rows.is_revoked(connection, device[:36].lower())
    if revoked:
        raise Problem(403, "device_revoked")
    return device


def _remember_device(device: str | None) -> None:
    if device and device != session().device:
        transact(log(), now_ms(), lambda tx, _: _bind(cast("Writing", tx), device.lower()))


def _bind(tx: Writing, device: str) -> None:
    """The device is this person's from his first sync on, though he only pulled (SYNC “Wire”: device_taken)."""
    if tx.device(device, actor().id).person != actor().id:
        raise Problem(409, "device_taken")
    sessions.bind(tx.connection, session().id, device)


def _never_stored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
