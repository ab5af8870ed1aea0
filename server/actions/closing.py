"""What the clock does to tickets: closes them, takes them off the phones, misses photos, follows a new calendar.

Every operation has an id made from its cause, so that a sweep that died half-way repeats nothing.
"""

from collections.abc import Sequence

from server.actions.desk import Desk
from server.actions.op_ids import derived_id, missing_op_id
from server.domain.lifecycle import OPEN_STATES
from server.domain.roles import SYSTEM
from server.store import due_work, incidents
from server.store.due_work import Due
from server.store.engine import reading, writing
from sync.log import Author
from sync.op import Op, make_op
from sync.perform import perform

SYSTEM_AUTHOR = Author("system", None, SYSTEM)
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_CHUNK = 50
_ROUND_MAX = 2_000


def close_unrated(desk: Desk, now_ms: int) -> int:
    """Replied tickets that nobody rated within `reply_close_days` are closed; how many."""
    before_ms = now_ms - desk.handler.rules.reply_close_days * DAY_MS
    with reading(desk.engine) as connection:
        due = due_work.replied_before(connection, before_ms, _ROUND_MAX)
    return _carry_out(desk, "ticket.close", due, now_ms)


def leave_phones(desk: Desk, now_ms: int) -> int:
    """Tickets closed for `closed_leaves_phone_h` leave the phones; how many (SYNC: pull)."""
    before_ms = now_ms - desk.handler.rules.closed_leaves_phone_h * HOUR_MS
    with reading(desk.engine) as connection:
        due = due_work.closed_before(connection, before_ms, _ROUND_MAX)
    return _carry_out(desk, "ticket.leave_phones", due, now_ms)


def incidents_leave_phones(desk: Desk, now_ms: int) -> int:
    """Incidents closed for `closed_leaves_phone_h` leave the phones; how many."""
    before_ms = now_ms - desk.handler.rules.closed_leaves_phone_h * HOUR_MS
    with reading(desk.engine) as connection:
        due = incidents.closed_before(connection, before_ms, _ROUND_MAX)
    name = "incident.leave_phones"
    _perform(desk, [make_op(_id(name, id_, str(at)), name, id_, {}) for id_, at in due], now_ms)
    return len(due)


def notice_missing_photos(desk: Desk, now_ms: int) -> int:
    """Photos that were named and have not come within `photo_missing_h`: one notice each; late bytes still attach."""
    before_ms = now_ms - desk.handler.rules.photo_missing_h * HOUR_MS
    with reading(desk.engine) as connection:
        late = due_work.photos_named_before(connection, before_ms, _ROUND_MAX)
        of_incidents = incidents.which(connection, [about for _, about in late])
    ops = [
        make_op(
            missing_op_id(photo),
            "incident.photo_missing" if about in of_incidents else "ticket.photo_missing",
            about,
            {"photo": photo},
        )
        for photo, about in late
    ]
    _perform(desk, ops, now_ms)
    if late:
        with writing(desk.engine) as connection:
            due_work.mark_noticed(connection, [photo for photo, _ in late], now_ms)
    return len(late)


def recompute_deadlines(desk: Desk, calendar: str, now_ms: int) -> int:
    """The open tickets' deadlines anew, once for this change of the calendar (any name for it); how many."""
    after, total = "", 0
    while True:
        with reading(desk.engine) as connection:
            ids = due_work.open_ids(connection, sorted(OPEN_STATES), after, _CHUNK)
        if not ids:
            return total
        ops = [make_op(_id("recompute", calendar, id_), "ticket.recompute_deadlines", id_, {}) for id_ in ids]
        _perform(desk, ops, now_ms)
        after, total = ids[-1], total + len(ids)


def _carry_out(desk: Desk, name: str, due: Sequence[Due], now_ms: int) -> int:
    ops = [
        make_op(_id(name, each.ticket_id, str(each.cycle), str(each.since_ms)), name, each.ticket_id, {})
        for each in due
    ]
    _perform(desk, ops, now_ms)
    return len(ops)


def _perform(desk: Desk, ops: Sequence[Op], now_ms: int) -> None:
    for at in range(0, len(ops), _CHUNK):
        perform(desk.log, desk.handler, ops[at : at + _CHUNK], SYSTEM_AUTHOR, now_ms)


def _id(*cause: str) -> str:
    return derived_id("timer", *cause)
