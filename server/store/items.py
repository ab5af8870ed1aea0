"""What a supervisor must look at, as rows: added once, settled once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from server.domain.roles import UNIT_ROLES, Actor
from server.store import ticket_list
from server.store.bulk import insert_new
from server.store.tables_ticket import item, ticket

_WITH_TICKET = item.outerjoin(ticket, ticket.c.id == item.c.ticket_id)


@dataclass(frozen=True)
class Item:
    """One thing to look at; `kind` is the domain's notice kind, or `external_no_taken`, `photo_missing`."""

    id: str
    kind: str
    ticket_id: str | None
    op_id: str | None
    unit: str | None
    details: Mapping[str, Any]
    created_at_ms: int


def add(connection: sa.Connection, new: Sequence[Item]) -> None:
    """Put them on the list; an id that is there already stays as it is, done or not."""
    rows = [
        {
            "id": each.id,
            "kind": each.kind,
            "ticket_id": each.ticket_id,
            "op_id": each.op_id,
            "unit": each.unit,
            "details": orjson.dumps(each.details).decode(),
            "created_at": each.created_at_ms,
        }
        for each in new
    ]
    insert_new(connection, item, rows)


def settle(connection: sa.Connection, kind: str, op_ids: Sequence[str], by: str, now_ms: int) -> None:
    """Items of that kind about these operations are done."""
    connection.execute(
        sa.update(item)
        .where(item.c.kind == kind, item.c.op_id.in_(op_ids), item.c.done_at.is_(None))
        .values(done_at=now_ms, done_by=by)
    )


def finish(connection: sa.Connection, item_id: str, by: str, note: str, now_ms: int) -> bool:
    """Somebody dealt with it; False if there is no such open item."""
    done = connection.execute(
        sa.update(item)
        .where(item.c.id == item_id, item.c.done_at.is_(None))
        .values(done_at=now_ms, done_by=by, note=note)
    )
    return done.rowcount == 1


def listed(
    connection: sa.Connection, actor: Actor, *, kind: str | None, open_only: bool, limit: int, offset: int
) -> tuple[list[sa.Row[Any]], int]:
    """Items that are this person's to look at, the newest first, with number, title and secrecy of their tickets;
    and how many there are in all."""
    conditions = [_his(actor)]
    if kind is not None:
        conditions.append(item.c.kind == kind)
    if open_only:
        conditions.append(item.c.done_at.is_(None))
    total = connection.execute(
        sa.select(sa.func.count()).select_from(_WITH_TICKET).where(*conditions)
    ).scalar_one()
    rows = connection.execute(
        sa.select(item, ticket.c.external_no, ticket.c.title, ticket.c.confidential, ticket.c.state)
        .select_from(_WITH_TICKET)
        .where(*conditions)
        .order_by(item.c.created_at.desc(), item.c.id)
        .limit(limit)
        .offset(offset)
    ).all()
    return list(rows), total


def find(connection: sa.Connection, actor: Actor, item_id: str) -> sa.Row[Any] | None:
    """One item, or None, also if it is not this person's to look at."""
    return connection.execute(
        sa.select(item).select_from(_WITH_TICKET).where(item.c.id == item_id, _his(actor))
    ).first()


def _his(actor: Actor) -> sa.ColumnElement[bool]:
    """Of the tickets that he may see now; of a unit's people only those that it leads now, and what concerns units.

    Whose the ticket was when it happened does not count: it may have been taken away, or turned confidential.
    """
    seen = sa.or_(item.c.ticket_id.is_(None), ticket_list.rights(actor))
    if actor.role not in UNIT_ROLES:
        return seen
    return sa.and_(seen, item.c.unit.is_not(None), ticket.c.lead_unit == actor.unit_id)
