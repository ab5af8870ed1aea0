"""A drill begun and ended by a person at the office's desk: the same operations as anybody's, through the same door."""

from typing import Any

from server.actions.op_ids import derived_id
from server.domain.roles import Actor
from sync.log import Author, Handler, Log, Verdict
from sync.op import make_op, uuid7
from sync.perform import perform


def start(
    log: Log, handler: Handler, by: Actor, form: dict[str, Any], now_ms: int, drill_id: str | None = None
) -> tuple[str, Verdict]:
    """→ (the drill's id, what became of it). With the same `drill_id` it is begun once, however often it is sent."""
    made = drill_id or uuid7(now_ms)
    op = make_op(derived_id("drill.start", made), "drill.start", made, form)
    return made, _perform(log, handler, by, op, now_ms)


def end(log: Log, handler: Handler, by: Actor, drill_id: str, now_ms: int) -> Verdict:
    """End a drill; its open alarms end with it."""
    op = make_op(derived_id("drill.end", drill_id, str(now_ms)), "drill.end", drill_id, {})
    return _perform(log, handler, by, op, now_ms)


def _perform(log: Log, handler: Handler, by: Actor, op: Any, now_ms: int) -> Verdict:
    return perform(log, handler, [op], Author(by.id, None, by), now_ms)[0]
