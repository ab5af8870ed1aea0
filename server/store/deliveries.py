"""The outbox: what is to be sent, who is sending it, and what became of it.

Rows are put in with the commit of the operation that causes them. A worker takes a row by compare-and-set and
writes its answer only while the row is still its own, so two workers never send one row. `app` rows are nobody's:
an open app asks for itself.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server.store.bulk import insert_new
from server.store.tables_alerts import alarm, alert, delivery, person_reach, push_subscription
from server.store.tables_alerts import channel as channel_table
from server.store.tables_people import RevokedDeviceRow

APP = "app"
PUSH = "push"
LIFE_MS = 3_600_000  # an alert that could not be sent for an hour is not sent any more: others know by then
TEST = "test"
WORKER_LOST = "worker_lost"  # who had it in hand was killed

_thread = threading.local()


@dataclass(frozen=True, slots=True)
class New:
    """One thing to send. `id` is derived from alert, rung, channel and target: put in twice, it is there once."""

    id: str
    alert: str | None
    alarm: str | None
    person: str | None
    rung: int
    channel: str
    target: str
    kind: str
    drill: bool
    channel_id: str | None = None


def enqueue(connection: sa.Connection, rows: Sequence[New], now_ms: int, *, life_ms: int = LIFE_MS) -> None:
    """Put rows into the outbox, due at once; those that are there already stay as they are."""
    if not rows:
        return
    insert_new(connection, delivery, [_row(each, now_ms, life_ms) for each in rows])
    _thread.waiting = True


def _row(new: New, now_ms: int, life_ms: int) -> dict[str, Any]:
    return {
        "id": new.id,
        "alert_id": new.alert,
        "alarm_id": new.alarm,
        "person_id": new.person,
        "rung": new.rung,
        "channel": new.channel,
        "channel_id": new.channel_id,
        "target": new.target,
        "kind": new.kind,
        "drill": new.drill,
        # The stream and the poll carry it: with this commit it is there to be seen.
        "state": "sent" if new.channel == APP else "queued",
        "sent_at": now_ms if new.channel == APP else None,
        "attempts": 0,
        "queued_at": now_ms,
        "next_at": now_ms,
        "expires_at": now_ms + life_ms,
    }


def take_ring() -> bool:
    """Whether this thread put something into the outbox since it was asked last: time to ring for the worker."""
    waiting = getattr(_thread, "waiting", False)
    _thread.waiting = False
    return waiting


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row in our hands, with all that sending it needs. What is missing is None."""

    id: str
    alert: str | None
    kind: str
    channel: str
    target: str
    drill: bool
    attempts: int  # this one included
    due_ms: int
    claimed_at_ms: int
    expires_at_ms: int
    acked: bool  # he acknowledged before this could be sent
    ended: bool  # or the alarm ended
    endpoint: str | None
    p256dh: str | None
    auth: str | None
    channel_row: str | None
    phone: str | None
    email: str | None
    accounts: str | None


@dataclass(frozen=True, slots=True)
class Full:
    """Other sides for which nothing is taken out for now. `services`: ends of push hosts' names, or host:port;
    `channels`: ids of channels."""

    services: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


NOBODY_FULL = Full()


def _takes(full: Full) -> list[sa.ColumnElement[bool]]:
    """Rows for whom there is room."""
    found: list[sa.ColumnElement[bool]] = []
    if full.channels:
        elsewhere = delivery.c.channel_id.not_in(full.channels)
        found.append(sa.or_(delivery.c.channel_id.is_(None), elsewhere))
    if full.services:
        named = [push_subscription.c.endpoint.ilike(f"%{each}/%") for each in full.services]
        there = sa.select(push_subscription.c.device).where(sa.or_(*named))
        found.append(delivery.c.target.not_in(there))
    return found


def claim(
    connection: sa.Connection, claim: str, now_ms: int, n_max: int, full: Full = NOBODY_FULL
) -> list[Claimed]:
    """Take up to `n_max` rows that are due: real ones before drills, what was not tried yet before what failed, then
    the longest waiting. Nobody's emergency stands behind a thousand phones whose push service hangs."""
    due = (
        sa.select(delivery.c.id)
        .where(delivery.c.state == "queued", delivery.c.next_at <= now_ms, delivery.c.channel != APP)
        .where(*_takes(full))
        .order_by(delivery.c.drill, delivery.c.attempts > 0, delivery.c.next_at)
        .limit(n_max)
        .with_for_update(skip_locked=True)  # SQLite has one writer and leaves this out
    )
    # Asked apart: PostgreSQL may carry out a subquery again and again, and each time skips what it has locked before.
    wanted = list(connection.execute(due).scalars())
    if not wanted:
        return []
    taken = connection.execute(
        sa.update(delivery)
        .where(delivery.c.id.in_(wanted), delivery.c.state == "queued")
        .values(state="sending", claim=claim, claimed_at=now_ms, attempts=delivery.c.attempts + 1)
        .returning(delivery.c.id)
    )
    ids = [row.id for row in taken]
    return _whole(connection, ids) if ids else []


def _whole(connection: sa.Connection, ids: Sequence[str]) -> list[Claimed]:
    """With the subscription of the person it is meant for: a device that changed hands gets nothing of his."""
    joined = (
        delivery.outerjoin(alert, alert.c.id == delivery.c.alert_id)
        .outerjoin(alarm, alarm.c.id == delivery.c.alarm_id)
        .outerjoin(
            push_subscription,
            sa.and_(
                push_subscription.c.device == delivery.c.target,
                push_subscription.c.person_id == delivery.c.person_id,
                push_subscription.c.device.not_in(sa.select(RevokedDeviceRow.id)),
            ),
        )
        .outerjoin(channel_table, channel_table.c.id == delivery.c.channel_id)
        .outerjoin(person_reach, person_reach.c.person_id == delivery.c.person_id)
    )
    query = (
        sa.select(
            delivery.c.id,
            delivery.c.alert_id,
            delivery.c.kind,
            delivery.c.channel,
            delivery.c.target,
            delivery.c.drill,
            delivery.c.attempts,
            delivery.c.next_at,
            delivery.c.claimed_at,
            delivery.c.expires_at,
            alert.c.acked_at.is_not(None).label("acked"),
            sa.func.coalesce(alarm.c.state, "").label("alarm_state") == "ended",
            push_subscription.c.endpoint,
            push_subscription.c.p256dh,
            push_subscription.c.auth,
            channel_table.c.id.label("channel_row"),
            person_reach.c.phone,
            person_reach.c.email,
            person_reach.c.accounts,
        )
        .select_from(joined)
        .where(delivery.c.id.in_(ids))
        .order_by(delivery.c.next_at)
    )
    return [Claimed(*list(row)) for row in connection.execute(query)]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one attempt. `state`: sent | gone | failed | acked, or queued with a new `next_at_ms`."""

    id: str
    state: str
    error: str | None
    at_ms: int
    next_at_ms: int | None = None


def write(connection: sa.Connection, claim: str, results: Sequence[Result]) -> None:
    """Note what became of rows that are still ours. A receipt that overtook us keeps the state it brought."""
    if not results:
        return
    b = sa.bindparam
    overtaken = sa.case(
        (delivery.c.acked_at.is_not(None), "acked"),
        (delivery.c.seen_at.is_not(None), "seen"),
        (delivery.c.delivered_at.is_not(None), "delivered"),
        else_=b("b_state"),
    )
    statement = (
        sa.update(delivery)
        .where(delivery.c.id == b("b_id"), delivery.c.claim == claim)
        .values(
            state=sa.case((delivery.c.state == "sending", overtaken), else_=delivery.c.state),
            error=b("b_error"),
            sent_at=sa.func.coalesce(delivery.c.sent_at, b("b_sent")),
            next_at=sa.func.coalesce(b("b_next"), delivery.c.next_at),
            claim=None,
            claimed_at=None,
        )
    )
    rows = [
        {
            "b_id": each.id,
            "b_state": each.state,
            "b_error": each.error,
            "b_sent": each.at_ms if each.state == "sent" else None,
            "b_next": each.next_at_ms,
        }
        for each in sorted(results, key=lambda result: result.id)  # one order of locks for all
    ]
    connection.execute(statement, rows)


def held_by(connection: sa.Connection, claim: str) -> list[str]:
    """Rows in the hands of this worker."""
    query = sa.select(delivery.c.id).where(delivery.c.state == "sending", delivery.c.claim == claim)
    return list(connection.execute(query).scalars())


def hold_on(connection: sa.Connection, claim: str, now_ms: int) -> None:
    """We are still at it: nobody shall take our rows for a dead worker's."""
    connection.execute(
        sa.update(delivery)
        .where(delivery.c.state == "sending", delivery.c.claim == claim)
        .values(claimed_at=now_ms)
    )


def put_back(connection: sa.Connection, claim: str, due: Mapping[str, int]) -> None:
    """Rows of a worker that is no more, due again at these times. Attempts are kept: none is forgotten."""
    write(
        connection,
        claim,
        [Result(id_, "queued", WORKER_LOST, at_ms, next_at_ms=at_ms) for id_, at_ms in due.items()],
    )


def put_back_stale(connection: sa.Connection, claimed_before_ms: int, now_ms: int) -> int:
    """Rows of workers that have not been heard of: another server's, whose journal we cannot read → how many."""
    stale = sa.select(delivery.c.id, delivery.c.claim).where(
        delivery.c.state == "sending", delivery.c.claimed_at < claimed_before_ms
    )
    held: dict[str, dict[str, int]] = {}
    for row in connection.execute(stale.with_for_update(skip_locked=True)):
        held.setdefault(row.claim, {})[row.id] = now_ms
    for claim, due in held.items():
        put_back(connection, claim, due)
    return sum(len(due) for due in held.values())


def expire(connection: sa.Connection, now_ms: int) -> None:
    """Give up what came too late to be sent at all. But what nobody tried to send, for the worker was out, of an
    alarm that nobody has answered yet: that begins its life anew, for who stands on one rung only hears it once."""
    unheard = sa.select(alarm.c.id).where(alarm.c.state.in_(("open", "unanswered")))
    untried = sa.and_(
        sa.or_(delivery.c.error.is_(None), delivery.c.error == WORKER_LOST), delivery.c.alarm_id.in_(unheard)
    )
    connection.execute(
        sa.update(delivery)
        .where(delivery.c.state == "queued", delivery.c.channel != APP, delivery.c.expires_at <= now_ms)
        .values(
            state=sa.case((untried, delivery.c.state), else_="failed"),
            error=sa.case((untried, delivery.c.error), else_=sa.func.coalesce(delivery.c.error, "expired")),
            expires_at=sa.case((untried, now_ms + LIFE_MS), else_=delivery.c.expires_at),
        )
    )


def next_at(connection: sa.Connection, full: Full = NOBODY_FULL) -> int | None:
    """When the next row is due for whom there is room; None while nothing waits."""
    query = sa.select(sa.func.min(delivery.c.next_at)).where(
        delivery.c.state == "queued", delivery.c.channel != APP, *_takes(full)
    )
    return connection.execute(query).scalar()


def waiting(connection: sa.Connection) -> tuple[int, int | None]:
    """(how many wait to be sent, since when the oldest of them waits)."""
    query = sa.select(sa.func.count(), sa.func.min(delivery.c.queued_at)).where(
        delivery.c.state.in_(("queued", "sending")), delivery.c.channel != APP
    )
    n, oldest = connection.execute(query).one()
    return int(n), oldest


def state_of(connection: sa.Connection, delivery_id: str, person: str) -> tuple[str, str | None] | None:
    """(state, error) of one of this person's rows."""
    query = sa.select(delivery.c.state, delivery.c.error).where(
        delivery.c.id == delivery_id, delivery.c.person_id == person
    )
    found = connection.execute(query).first()
    return (found.state, found.error) if found else None
