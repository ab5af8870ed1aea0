"""The timer's half of alarms: ladders climb, arrivals are reminded of, what is over leaves the phones.

Everything is an operation of the system, dated at its deadline however late it is carried out; its id is made of
its cause, and the alarm is locked: two workers never climb one rung twice.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from server.actions.desk import Desk
from server.actions.operations import SYSTEM_AUTHOR
from server.domain.alarm import Alarm, climb_op_id, next_at
from server.domain.derived import derived_id
from server.domain.instants import HOUR_MS, MINUTE_MS
from server.store import alarms, due_work
from server.store.due_work import Arrival
from server.store.engine import reading
from sync.clock import proven
from sync.log import Verdict
from sync.op import Op, make_op, uuid7
from sync.perform import perform

_CHUNK = 50
_ROUND_MAX = 2_000


def climb_due(desk: Desk, now_ms: int) -> int:
    """Climb every rung that is due, each dated at its deadline, in order; how many."""
    total = 0
    while total < _ROUND_MAX:
        with reading(desk.engine) as connection:
            waiting = alarms.climbing(connection, now_ms, _CHUNK)
        if not waiting:
            return total
        done = _climb(desk, waiting, now_ms)
        if done == 0:  # somebody else took them, or they were answered meanwhile
            return total
        total += done
    return total


def _climb(desk: Desk, waiting: Sequence[Alarm], now_ms: int) -> int:
    """One rung of each: which one comes next, and when, may depend on whom this one found."""
    steps = [(each, at) for each in waiting if (at := next_at(each)) is not None and at <= now_ms]
    ops = [_climb_op(climb_op_id(each.id, len(each.climbs)), each, at) for each, at in steps]
    verdicts = _perform(desk, ops, [at for _, at in steps], now_ms)
    again = [step for step, verdict in zip(steps, verdicts, strict=True) if _was_hindered(verdict)]
    if again:  # the id was used up by a fault, or by a guess of somebody's: the rung is climbed all the same
        ops = [_climb_op(uuid7(now_ms), each, at) for each, at in again]
        verdicts += _perform(desk, ops, [at for _, at in again], now_ms)
    return sum(verdict.outcome == "applied" for verdict in verdicts)


def _climb_op(id_: str, alarm: Alarm, at_ms: int) -> Op:
    return make_op(id_, "alarm.climb", alarm.id, {"rung": len(alarm.climbs), "at": at_ms})


def _was_hindered(verdict: Verdict) -> bool:
    return verdict.code == "op_mismatch" or (
        verdict.outcome == "refused" and bool(verdict.details.get("fault"))
    )


def remind_due(desk: Desk, now_ms: int) -> int:
    """Remind of arrivals that are due soon, and tell of those that were missed, once each; how many.

    After an outage only the latest reminder that still makes sense; that nobody arrived is always told.
    """
    rules = desk.handler.rules
    with reading(desk.engine) as connection:
        running = due_work.arrivals_due(connection, now_ms, max((*rules.reminders_min, 0)) * MINUTE_MS)
        wanted = [(each, _left(each, rules.reminders_min, now_ms)) for each in running]
        ops = {_reminder_op(each, left).id: (each, left) for each, left in wanted if left is not None}
        done = due_work.known_ops(connection, list(ops))
    fresh = [step for id_, step in ops.items() if id_ not in done]
    moments = [each.due_ms - left * MINUTE_MS for each, left in fresh]
    verdicts = _perform(desk, [_reminder_op(*step) for step in fresh], moments, now_ms)
    return sum(verdict.outcome == "applied" for verdict in verdicts)


def leave_phones(desk: Desk, now_ms: int) -> int:
    """Alarms that ended `alarm_kept_h` ago leave the phones; how many."""
    before_ms = now_ms - desk.handler.rules.alarm_kept_h * HOUR_MS
    with reading(desk.engine) as connection:
        over = alarms.ended_before(connection, before_ms, _ROUND_MAX)
    ops = [make_op(derived_id("alarm-leaves", id_), "alarm.leave_phones", id_, {}) for id_ in over]
    return len(_perform(desk, ops, [now_ms] * len(ops), now_ms))


def next_due(connection: sa.Connection) -> int | None:
    """When the next rung of any alarm is due."""
    return alarms.next_climb(connection)


def _left(arrival: Arrival, reminders_min: Sequence[int], now_ms: int) -> int | None:
    """The latest of the reminders whose time has come, in minutes left; 0: overdue."""
    if now_ms >= arrival.due_ms:
        return 0
    return min((m for m in reminders_min if m and arrival.due_ms - m * MINUTE_MS <= now_ms), default=None)


def _reminder_op(arrival: Arrival, left: int) -> Op:
    id_ = derived_id("alarm-remind", arrival.ticket_id, str(arrival.due_ms), str(left))
    return make_op(id_, "alarm.remind", arrival.ticket_id, {"due_at": arrival.due_ms, "left_min": left})


def _perform(desk: Desk, ops: Sequence[Op], at_ms: Sequence[int], now_ms: int) -> list[Verdict]:
    verdicts: list[Verdict] = []
    moments = {op.id: proven(min(at, now_ms)) for op, at in zip(ops, at_ms, strict=True)}
    for start in range(0, len(ops), _CHUNK):
        part = ops[start : start + _CHUNK]
        verdicts += perform(desk.log, desk.handler, part, SYSTEM_AUTHOR, now_ms, moment=moments)
    return verdicts
