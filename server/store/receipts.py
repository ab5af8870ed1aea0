"""What phones tell of alerts that came to them: delivered, seen. Best effort, only about one's own, never backwards."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from server.store.deliveries import WORKER_LOST
from server.store.tables_alerts import alert, delivery

# What a receipt may move on. A row in a worker's hands keeps its state (the claim is a compare-and-set on it): its
# times alone tell the receipt then. One given up may have come through after all.
_BEFORE_DELIVERED = ("sent", "failed", "gone")
_BEFORE_SEEN = (*_BEFORE_DELIVERED, "delivered")


@dataclass(frozen=True, slots=True)
class Told:
    """One receipt; `at_ms`: when it happened, by the phone's own count of its age."""

    alert: str
    channel: str  # push | app
    state: str  # delivered | seen
    at_ms: int


def note(connection: sa.Connection, person: str, device: str, told: Sequence[Told], now_ms: int) -> None:
    """Write receipts of this person's device. Alerts that are not his are passed over without a word."""
    ids = sorted({one.alert for one in told})
    rows = connection.execute(
        sa.select(alert.c.id, alert.c.raised_at).where(alert.c.id.in_(ids), alert.c.person_id == person)
    )
    mine = {row.id: int(row.raised_at) for row in rows}
    for one in sorted(told, key=lambda each: each.alert):  # one order of locks for all
        if one.alert in mine:
            at_ms = min(max(one.at_ms, mine[one.alert]), now_ms)
            connection.execute(_moved(one, person, device, at_ms))
            if one.state == "seen":
                connection.execute(
                    sa.update(alert)
                    .where(alert.c.id == one.alert, alert.c.seen_at.is_(None))
                    .values(seen_at=at_ms)
                )


def _moved(one: Told, person: str, device: str, at_ms: int) -> sa.Update:
    seen = one.state == "seen"
    before = _BEFORE_SEEN if seen else _BEFORE_DELIVERED
    ways = (*before, "queued") if one.channel == "app" else before  # the app asks for itself: nothing is sent
    # Whoever sent it was killed, and it waits for this very receipt before it is sent again.
    unsure = sa.and_(delivery.c.state == "queued", delivery.c.error == WORKER_LOST)
    values: dict[str, sa.ColumnElement[object]] = {
        "state": sa.case((sa.or_(delivery.c.state.in_(ways), unsure), one.state), else_=delivery.c.state),
        "delivered_at": sa.func.coalesce(delivery.c.delivered_at, at_ms),
    }
    if seen:
        values["seen_at"] = sa.func.coalesce(delivery.c.seen_at, at_ms)
    at = [
        delivery.c.alert_id == one.alert,
        delivery.c.person_id == person,
        delivery.c.channel == one.channel,
        delivery.c.queued_at <= at_ms,
    ]
    if one.channel == "push":
        at.append(delivery.c.target == device)
    return sa.update(delivery).where(*at).values(**values)
