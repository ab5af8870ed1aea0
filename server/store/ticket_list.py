"""The list of tickets a person may see: filters, order and pages in SQL over the columns of `ticket`."""

from dataclasses import dataclass

import sqlalchemy as sa

from server.domain.roles import Actor, buckets_of_person
from server.store.tables_ticket import ticket, ticket_party

PAGE_SIZE_MAX = 500
_DUE = (ticket.c.next_due_at.asc().nulls_last(), ticket.c.received_at.desc())
_DUE_LAST = (ticket.c.next_due_at.desc().nulls_last(), ticket.c.received_at.desc())
# Times go by the document's names too.
SORTS = {
    "due": _DUE,
    "-due": _DUE_LAST,
    "due_at": _DUE,
    "-due_at": _DUE_LAST,
    "received": (ticket.c.received_at.asc(),),
    "-received": (ticket.c.received_at.desc(),),
    "received_at": (ticket.c.received_at.asc(),),
    "-received_at": (ticket.c.received_at.desc(),),
    "external_no": (ticket.c.external_no.asc(),),
    "-external_no": (ticket.c.external_no.desc(),),
    "state": (ticket.c.state.asc(), ticket.c.next_due_at.asc().nulls_last()),
    "-state": (ticket.c.state.desc(), ticket.c.next_due_at.asc().nulls_last()),
    "closed": (ticket.c.closed_at.asc().nulls_last(),),
    "-closed": (ticket.c.closed_at.desc().nulls_last(),),
    "closed_at": (ticket.c.closed_at.asc().nulls_last(),),
    "-closed_at": (ticket.c.closed_at.desc().nulls_last(),),
}
_SEES_ALL = frozenset({"office_lead"})
_SEES_TOWN = frozenset({"dispatcher", "town_leader"})
_SEES_NONE = frozenset({"kb_liaison", "auditor", "sys_admin"})
_ESCAPE = "\\"


@dataclass(frozen=True)
class Wanted:
    """Filters; empty means no filter. `villages` are names, `units` ids, times ms UTC."""

    states: tuple[str, ...] = ()
    villages: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    urgent: bool | None = None
    due_before_ms: int | None = None
    q: str = ""
    assignee: str | None = None
    overdue_at_ms: int | None = None


def rights(actor: Actor) -> sa.ColumnElement[bool]:
    """Which rows this person may see (DOMAIN E), in the terms of `domain.roles.may_see`."""
    if actor.role in _SEES_NONE or actor.revoked_at_ms is not None:
        return sa.false()
    if actor.role in _SEES_ALL:
        return sa.true()
    named = ticket.c.id.in_(
        sa.select(ticket_party.c.ticket_id).where(ticket_party.c.party == f"person:{actor.id}")
    )
    if actor.role in _SEES_TOWN:
        return sa.or_(ticket.c.confidential.is_(False), named)
    mine = sorted(buckets_of_person(actor))
    return ticket.c.id.in_(sa.select(ticket_party.c.ticket_id).where(ticket_party.c.party.in_(mine)))


def _conditions(actor: Actor, wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    found = [rights(actor)]
    for column, values in (
        (ticket.c.state, wanted.states),
        (ticket.c.village, wanted.villages),
        (ticket.c.category, wanted.categories),
    ):
        if values:
            found.append(column.in_(values))
    if wanted.units:
        found.append(_of_units(wanted.units))
    if wanted.urgent is not None:
        found.append(ticket.c.urgent.is_(wanted.urgent))
    if wanted.assignee:
        found.append(ticket.c.assignee == wanted.assignee)
    if wanted.due_before_ms is not None:
        found.append(ticket.c.next_due_at < wanted.due_before_ms)
    if wanted.overdue_at_ms is not None:
        found.append(ticket.c.next_due_at < wanted.overdue_at_ms)
    found.extend(_search(word) for word in wanted.q.lower().split()[:8])
    return found


def _of_units(units: tuple[str, ...]) -> sa.ColumnElement[bool]:
    """Lead or joint; a confidential ticket has no unit among its parties, so its lead unit is asked directly."""
    joint = sa.select(ticket_party.c.ticket_id).where(
        ticket_party.c.party.in_([f"unit:{unit}" for unit in units])
    )
    return sa.or_(ticket.c.lead_unit.in_(units), ticket.c.id.in_(joint))


def _search(word: str) -> sa.ColumnElement[bool]:
    for special in (_ESCAPE, "%", "_"):
        word = word.replace(special, _ESCAPE + special)
    return ticket.c.search.like(f"%{word}%", escape=_ESCAPE)


def find_page(
    connection: sa.Connection, actor: Actor, wanted: Wanted, sort: str, page: int, page_size: int
) -> tuple[list[str], int]:
    """Ids of one page (from 1) in order, and how many tickets there are in all."""
    conditions = _conditions(actor, wanted)
    total = connection.execute(sa.select(sa.func.count()).select_from(ticket).where(*conditions)).scalar_one()
    ids = connection.execute(
        sa.select(ticket.c.id)
        .where(*conditions)
        .order_by(*SORTS[sort], ticket.c.id)
        .limit(page_size)
        .offset((page - 1) * page_size)
    ).scalars()
    return list(ids), total


def open_counts(connection: sa.Connection) -> dict[str, int]:
    """How many tickets each unit leads that are still to be worked on, by unit id."""
    rows = connection.execute(
        sa.select(ticket.c.lead_unit, sa.func.count())
        .where(ticket.c.state.in_(("assigned", "accepted", "handling", "reply_review", "returning")))
        .where(ticket.c.lead_unit.is_not(None))
        .group_by(ticket.c.lead_unit)
    )
    return {row[0]: row[1] for row in rows}
