"""What duty room and office ask of alarms: alerts by many filters, their deliveries, a month's rows for the report."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from server.domain.drill_report import Alarmed, Phone, Sending
from server.store.bulk import among, chunks, listed
from server.store.tables_alerts import (
    alarm,
    alert,
    delivery,
    drill,
    push_device,
    push_subscription,
)
from server.store.tables_ticket import ticket

PAGE_SIZE_MAX = 500
OPEN_STATES = ("open", "unanswered")
# How far a delivery has come; of several tries of one channel the furthest counts.
_LOST = ("failed", "gone")
RANK = {"gone": 0, "failed": 1, "queued": 2, "sent": 3, "delivered": 4, "seen": 5, "acked": 6}


@dataclass(frozen=True)
class Wanted:
    """Filters of alerts; None or empty: no filter. Times are ms UTC, from included, to excluded."""

    alarm: str = ""
    subject: str = ""
    person: str = ""
    kind: str = ""
    state: str = ""  # open | acked | ended
    is_drill: bool | None = None
    drill: str = ""
    from_ms: int | None = None
    to_ms: int | None = None
    confidential: bool = True  # False: without alarms of tickets that are confidential now


def find_alerts(
    connection: Connection, wanted: Wanted, page: int, page_size: int
) -> tuple[list[tuple[str, str]], int]:
    """One page (from 1) of (alarm, person), the newest first, and how many there are in all."""
    where = _conditions(wanted)
    joined = alert.join(alarm, alarm.c.id == alert.c.alarm_id)
    total = connection.execute(sa.select(sa.func.count()).select_from(joined).where(*where)).scalar_one()
    rows = connection.execute(
        sa.select(alert.c.alarm_id, alert.c.person_id)
        .select_from(joined)
        .where(*where)
        .order_by(alert.c.raised_at.desc(), alert.c.id)
        .limit(page_size)
        .offset((page - 1) * page_size)
    )
    return [(row.alarm_id, row.person_id) for row in rows], int(total)


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    found = [
        column == value
        for column, value in (
            (alert.c.alarm_id, wanted.alarm),
            (alarm.c.subject_id, wanted.subject),
            (alert.c.person_id, wanted.person),
            (alarm.c.kind, wanted.kind),
            (alarm.c.drill, wanted.drill),
        )
        if value
    ]
    if wanted.is_drill is not None:
        found.append(alarm.c.drill.is_not(None) if wanted.is_drill else alarm.c.drill.is_(None))
    if wanted.from_ms is not None:
        found.append(alert.c.raised_at >= wanted.from_ms)
    if wanted.to_ms is not None:
        found.append(alert.c.raised_at < wanted.to_ms)
    if wanted.state:
        found.append(_in_state(wanted.state))
    if not wanted.confidential:
        found.append(_OPENLY)
    return found


# Who works on a confidential ticket is part of what is kept (DOMAIN §E).
_OPENLY = alarm.c.subject_id.not_in(sa.select(ticket.c.id).where(ticket.c.confidential.is_(True)))


def _in_state(state: str) -> sa.ColumnElement[bool]:
    """The state as the alert tells it: of the whole alarm, whoever answered it. Unanswered is still open."""
    return alarm.c.state.in_(OPEN_STATES) if state == "open" else alarm.c.state == state


def find_alarms(
    connection: Connection,
    *,
    open_only: bool,
    is_drill: bool | None,
    drill_id: str,
    subject: str,
    page: int,
    page_size: int,
    confidential: bool = True,
) -> tuple[list[str], int]:
    """Ids of one page of alarms, the newest first, and how many there are in all."""
    where: list[sa.ColumnElement[bool]] = [] if confidential else [_OPENLY]
    if open_only:
        where.append(alarm.c.state.in_(OPEN_STATES))
    if is_drill is not None:
        where.append(alarm.c.drill.is_not(None) if is_drill else alarm.c.drill.is_(None))
    if drill_id:
        where.append(alarm.c.drill == drill_id)
    if subject:
        where.append(alarm.c.subject_id == subject)
    total = connection.execute(sa.select(sa.func.count()).select_from(alarm).where(*where)).scalar_one()
    ids = connection.execute(
        sa.select(alarm.c.id)
        .where(*where)
        .order_by(alarm.c.raised_at.desc(), alarm.c.id)
        .limit(page_size)
        .offset((page - 1) * page_size)
    ).scalars()
    return list(ids), int(total)


def place_of(connection: Connection, alert_id: str) -> tuple[str, str] | None:
    """(alarm, person) of an alert, None if there is none."""
    row = connection.execute(
        sa.select(alert.c.alarm_id, alert.c.person_id).where(alert.c.id == alert_id)
    ).first()
    return (row.alarm_id, row.person_id) if row is not None else None


def deliveries(connection: Connection, alarm_ids: Iterable[str]) -> list[Row[Any]]:
    """Everything sent or to be sent for these alarms, in the order in which it was queued."""
    asked = sa.select(delivery).where(among(connection.dialect.name, delivery.c.alarm_id))
    found: list[Row[Any]] = []
    for part in chunks(sorted(set(alarm_ids))):
        found += connection.execute(asked, {"ids": listed(connection, part)})
    return sorted(found, key=lambda row: (row.queued_at, row.rung, row.channel, row.target))


def seen(connection: Connection, alarm_ids: Iterable[str]) -> dict[str, int]:
    """When each alert of these alarms was first looked at, by alert; the others are left out."""
    asked = sa.select(alert.c.id, alert.c.seen_at).where(
        among(connection.dialect.name, alert.c.alarm_id), alert.c.seen_at.is_not(None)
    )
    found: dict[str, int] = {}
    for part in chunks(sorted(set(alarm_ids))):
        rows = connection.execute(asked, {"ids": listed(connection, part)})
        found |= {row.id: int(row.seen_at) for row in rows}
    return found


def state_of(row: Row[Any]) -> tuple[str, int]:
    """How far it came and since when. A receipt may be faster than the sender's own note, so times go first; but
    what was given up did not carry the answer that came another way."""
    acked_at = None if row.state in _LOST else row.acked_at
    for state, at in (("acked", acked_at), ("seen", row.seen_at), ("delivered", row.delivered_at)):
        if at is not None:
            return state, int(at)
    if row.state in {"queued", "sending"}:
        return "queued", int(row.queued_at)
    if row.state == "sent" and row.sent_at is not None:
        return "sent", int(row.sent_at)
    return str(row.state), int(row.next_at)  # when it was last due: given up then, or found needless


def best(rows: Sequence[Row[Any]]) -> Row[Any]:
    """The try that came furthest; of equal ones the newest."""
    return max(rows, key=lambda row: (RANK[state_of(row)[0]], row.queued_at))


def month_rows(connection: Connection, from_ms: int, to_ms: int, *, drills: bool) -> list[Alarmed]:
    """Everybody alarmed in this time by drills, or by real alarms; a drill belongs to the time it began in."""
    mine = sa.select(drill.c.id).where(drill.c.started_at >= from_ms, drill.c.started_at < to_ms)
    raised = sa.and_(alarm.c.raised_at >= from_ms, alarm.c.raised_at < to_ms)
    if drills:
        # A drill that has no row of its own (a report made as a drill) is placed by its alarm.
        unlisted = sa.and_(raised, alarm.c.drill.is_not(None), alarm.c.drill.not_in(sa.select(drill.c.id)))
        where: sa.ColumnElement[bool] = sa.or_(alarm.c.drill.in_(mine), unlisted)
    else:
        where = sa.and_(raised, alarm.c.drill.is_(None))
    rows = connection.execute(
        sa.select(alert, alarm.c.drill, alarm.c.kind)
        .join_from(alert, alarm, alarm.c.id == alert.c.alarm_id)
        .where(where)
        .order_by(alert.c.raised_at, alert.c.id)
    ).all()
    sent: dict[str, list[Sending]] = {}
    for row in deliveries(connection, {each.alarm_id for each in rows}):
        if row.alert_id is not None:
            sent.setdefault(row.alert_id, []).append(_sending(row))
    return [
        Alarmed(
            alarm=row.alarm_id,
            alert=row.id,
            group=row.drill or "",
            kind=row.kind,
            person=row.person_id,
            raised_ms=row.raised_at,
            acked_ms=row.acked_at,
            informed=row.informed,
            seen_ms=row.seen_at,
            sendings=tuple(sent.get(row.id, ())),
        )
        for row in rows
    ]


def _sending(row: Row[Any]) -> Sending:
    state = state_of(row)[0]
    return Sending(
        channel=row.channel,
        state=state,
        sent_ms=row.sent_at,
        delivered_ms=row.delivered_at,
        seen_ms=row.seen_at,
        acked_ms=row.acked_at if state == "acked" else None,
        target=row.target,
        error=row.error,
    )


def phones(connection: Connection) -> list[Phone]:
    """Every device that ever told about its notifications; `subscribed` as the town knows it now."""
    live = set(connection.execute(sa.select(push_subscription.c.device)).scalars())
    return [
        Phone(
            device=row.device,
            person=row.person_id,
            permission=row.permission,
            subscribed=row.device in live,
            reason=row.reason,
            platform=row.platform,
            installed=row.installed,
            reported_ms=row.reported_at,
            gone_ms=row.gone_at,
        )
        for row in connection.execute(sa.select(push_device))
    ]


@dataclass(frozen=True)
class Standing:
    """What is open now, for the metrics. `oldest_open_ms`: when the oldest unanswered alarm was raised."""

    open_alarms: dict[str, int]
    oldest_open_ms: int | None
    deliveries: dict[str, int]


def standing(connection: Connection, since_ms: int) -> Standing:
    """Open alarms by real or drill, the oldest real one unanswered, and deliveries queued since then by state."""
    is_drill = alarm.c.drill.is_not(None)
    opened = connection.execute(
        sa.select(
            is_drill.label("drill"), sa.func.count().label("n"), sa.func.min(alarm.c.raised_at).label("first")
        )
        .where(alarm.c.state.in_(OPEN_STATES))
        .group_by(is_drill)
    ).all()
    sent = connection.execute(
        sa.select(delivery.c.state, sa.func.count())
        .where(sa.or_(delivery.c.queued_at >= since_ms, delivery.c.state.in_(("queued", "sending"))))
        .group_by(delivery.c.state)
    )
    counts = {"real": 0, "drill": 0} | {("drill" if row.drill else "real"): int(row.n) for row in opened}
    oldest = next((int(row.first) for row in opened if not row.drill and row.first is not None), None)
    return Standing(counts, oldest, {row[0]: int(row[1]) for row in sent})
