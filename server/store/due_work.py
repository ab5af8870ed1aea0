"""What the clock has to look at, found by columns that are indexed for it."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from server.domain.instants import DAY_MS
from server.domain.lifecycle import OPEN_STATES
from server.store.tables_indicators import arrival
from server.store.tables_sync import operation
from server.store.tables_ticket import photo, ticket

_OVERDUE_TOLD_MS = 7 * DAY_MS  # what was missed longer ago than this is in the reports


@dataclass(frozen=True)
class Due:
    """A ticket whose time has come: since when it waited, and in which cycle."""

    ticket_id: str
    cycle: int
    since_ms: int


def replied_before(connection: sa.Connection, before_ms: int, limit: int) -> list[Due]:
    """Replied tickets whose reply was approved no later than that."""
    return _due(
        connection,
        ticket.c.replied_at,
        (ticket.c.state == "replied", ticket.c.replied_at <= before_ms),
        limit,
    )


def closed_before(connection: sa.Connection, before_ms: int, limit: int) -> list[Due]:
    """Closed or terminated tickets that still are on phones; praise never was."""
    conditions = (
        ticket.c.on_phones.is_(True),
        ticket.c.closed_at <= before_ms,
        ticket.c.state.in_(("closed", "terminated")),
        ticket.c.category != "praise",
    )
    return _due(connection, ticket.c.closed_at, conditions, limit)


def _due(
    connection: sa.Connection, since: sa.Column[int], conditions: Sequence[sa.ColumnElement[bool]], limit: int
) -> list[Due]:
    rows = connection.execute(
        sa.select(ticket.c.id, ticket.c.cycle, since)
        .where(*conditions)
        .order_by(since, ticket.c.id)
        .limit(limit)
    )
    return [Due(*row) for row in rows]


def photos_named_before(connection: sa.Connection, before_ms: int, limit: int) -> list[tuple[str, str]]:
    """(photo, ticket) of photos that were named by then, have not come, and whose notice has not gone out."""
    rows = connection.execute(
        sa.select(photo.c.id, photo.c.ticket_id)
        .where(
            photo.c.state != "received",
            photo.c.op_id.is_not(None),
            photo.c.named_at <= before_ms,
            photo.c.noticed_at.is_(None),
        )
        .order_by(photo.c.named_at)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


def mark_noticed(connection: sa.Connection, photos: Sequence[str], now_ms: int) -> None:
    """Their notice went out."""
    for at in range(0, len(photos), 500):
        connection.execute(
            sa.update(photo).where(photo.c.id.in_(photos[at : at + 500])).values(noticed_at=now_ms)
        )


def open_ids(connection: sa.Connection, states: Sequence[str], after: str, limit: int) -> list[str]:
    """The next ids after `after`, in order, of tickets in these states."""
    query = sa.select(ticket.c.id).where(ticket.c.state.in_(states), ticket.c.id > after)
    return list(connection.execute(query.order_by(ticket.c.id).limit(limit)).scalars())


@dataclass(frozen=True, slots=True)
class Arrival:
    """An emergency at which nobody has arrived, and until when somebody has to."""

    ticket_id: str
    due_ms: int


def arrivals_due(connection: sa.Connection, now_ms: int, ahead_ms: int) -> list[Arrival]:
    """Emergencies without arrival whose time runs out within `ahead_ms`, or ran out in the last days."""
    rows = connection.execute(
        sa.select(arrival.c.ticket_id, arrival.c.due_at)
        .join(ticket, sa.and_(ticket.c.id == arrival.c.ticket_id, ticket.c.cycle == arrival.c.cycle))
        .where(
            arrival.c.scope == "town",
            arrival.c.due_at > now_ms - _OVERDUE_TOLD_MS,
            arrival.c.due_at <= now_ms + ahead_ms,
            arrival.c.met_at.is_(None),
            ticket.c.urgent.is_(True),
            ticket.c.state.in_(sorted(OPEN_STATES)),
        )
        .order_by(arrival.c.due_at, arrival.c.ticket_id)
    )
    return [Arrival(row.ticket_id, row.due_at) for row in rows]


def known_ops(connection: sa.Connection, ids: Sequence[str]) -> set[str]:
    """Which of these operations were carried out before."""
    if not ids:
        return set()
    return set(connection.execute(sa.select(operation.c.id).where(operation.c.id.in_(list(ids)))).scalars())
