"""What the clock has to look at, found by columns that are indexed for it."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from server.store.tables_ticket import photo, ticket


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
