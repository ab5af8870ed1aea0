"""Tickets in bulk: loaded locked and in order of id, written back with the columns that queries need."""

import operator
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from server.domain.roles import buckets_of_ticket
from server.domain.ticket import Ticket
from server.store import bulk
from server.store.asked import Asked
from server.store.tables_ticket import ticket, ticket_party

# Rights that do not hang on a named party are asked of the ticket's own columns.
_TOWN_WIDE = frozenset({"town", "town-confidential"})
DETERMINED_FLAG = "determined"


def _by_id(dialect: str) -> Any:
    return sa.select(ticket.c.body).where(bulk.among(dialect, ticket.c.id)).order_by(ticket.c.id)


_BY_ID = Asked(_by_id)
_BY_ID_LOCKED = Asked(lambda dialect: _by_id(dialect).with_for_update())
_DROP_PARTY = sa.delete(ticket_party).where(
    ticket_party.c.ticket_id == sa.bindparam("_ticket"), ticket_party.c.party == sa.bindparam("_party")
)
# What parties are made of: most operations change none of it.
_PARTY_FIELDS = operator.attrgetter(
    "state", "category", "confidential", "urgent", "lead_unit", "joint_units", "assignee", "assistants", "handlers",
    "grid", "flags", "tags", "barred_units",
)  # fmt: skip


def load(connection: sa.Connection, ids: Iterable[str], *, lock: bool = False) -> dict[str, Ticket]:
    """Tickets by id; unknown ids are missing. `lock` takes the rows in order of id, for a write transaction."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = (_BY_ID_LOCKED if lock else _BY_ID).rows(connection, ids=bulk.listed(connection, wanted))
    tickets = (Ticket.from_dict(orjson.loads(body)) for (body,) in rows)
    return {each.id: each for each in tickets}


def each_of(connection: sa.Connection, ids: Sequence[str]) -> Iterator[Ticket]:
    """These tickets in the order of `ids`, a few hundred at a time in memory."""
    for part in bulk.chunks(ids):
        found = load(connection, part)
        yield from (found[id_] for id_ in part)


def find(connection: sa.Connection, ticket_id: str) -> Ticket | None:
    """One ticket, or None."""
    return load(connection, [ticket_id]).get(ticket_id)


def named_on(connection: sa.Connection, person_id: str) -> dict[str, Ticket]:
    """Every ticket, closed ones too, on which the person stands by name now."""
    party = sa.select(ticket_party.c.ticket_id).where(ticket_party.c.party == f"person:{person_id}")
    found: dict[str, Ticket] = {}
    for part in bulk.chunks(connection.execute(party).scalars().all()):
        found |= load(connection, part)
    return found


def find_by_no(connection: sa.Connection, external_no: str) -> Ticket | None:
    """The ticket under the city's number, or None."""
    body = connection.execute(sa.select(ticket.c.body).where(ticket.c.external_no == external_no)).scalar()
    return Ticket.from_dict(orjson.loads(body)) if body is not None else None


def parties(of: Ticket) -> set[str]:
    """Whose ticket it is, in bucket names, also after it has left the phones or was merged (DOMAIN E)."""
    state = "handling" if of.state == "merged" else of.state
    category = "complaint" if of.category == "praise" else of.category
    found = buckets_of_ticket(of.evolve(left_phones=False, state=state, category=category)) - _TOWN_WIDE
    if DETERMINED_FLAG in of.flags and not of.confidential:
        found.add("determining")
    return found


def save(
    connection: sa.Connection, before: Mapping[str, Ticket], changed: Sequence[Ticket], now_ms: int
) -> None:
    """Write `changed`; `before` are the same tickets as they were loaded, without those that are new."""
    added: list[dict[str, Any]] = []
    altered: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for each in changed:
        row = _columns(each)
        if each.id in before:
            # Most operations change no column but these three: then no index is written either.
            old = _columns(before[each.id])
            row = {name: value for name, value in row.items() if value != old[name]}
        row |= {"id": each.id, "changed_at": now_ms, "body": orjson.dumps(each.to_dict()).decode()}
        if each.id in before:
            altered[tuple(row)].append(row)
        else:
            added.append(row)
    bulk.insert(connection, ticket, added)
    for rows in altered.values():
        bulk.update(connection, ticket, rows)
    _save_parties(connection, before, changed)


def _save_parties(connection: sa.Connection, before: Mapping[str, Ticket], changed: Sequence[Ticket]) -> None:
    added: list[dict[str, str]] = []
    dropped: list[dict[str, str]] = []
    for each in changed:
        if each.id in before and _PARTY_FIELDS(each) == _PARTY_FIELDS(before[each.id]):
            continue
        now = parties(each)
        old = parties(before[each.id]) if each.id in before else set()
        added.extend({"ticket_id": each.id, "party": party} for party in sorted(now - old))
        dropped.extend({"_ticket": each.id, "_party": party} for party in sorted(old - now))
    if dropped:
        connection.execute(_DROP_PARTY, dropped)
    bulk.insert(connection, ticket_party, added)


def _columns(of: Ticket) -> dict[str, Any]:
    due_at, result_due_at, provisional = next_due(of)
    return {
        "external_no": of.external_no,
        "rev": of.rev,
        "state": of.state,
        "cycle": of.cycle,
        "category": of.category,
        "urgent": of.urgent,
        "confidential": of.confidential,
        "title": of.title,
        "search": _search_text(of),
        "village": of.place.get("village"),
        "lead_unit": of.lead_unit,
        "assignee": of.assignee,
        "into_id": of.merged_into,
        "received_at": of.received_at,
        "assigned_at": of.assigned_at,
        "replied_at": of.replied_at,
        "closed_at": of.closed_at,
        "next_due_at": due_at,
        "result_due_at": result_due_at,
        "provisional": provisional,
        "on_phones": not of.left_phones,
    }


def _search_text(of: Ticket) -> str:
    if of.confidential:
        return ""
    parts = (of.external_no, of.title, of.content, of.place.get("village"), of.place.get("address"))
    return "\n".join(part for part in parts if part).lower()


def next_due(ticket: Ticket) -> tuple[int | None, int | None, bool]:
    """(the earliest due time still open, the result's due time, is any of this cycle provisional); ms UTC."""
    now = [clock for clock in ticket.clocks if clock["cycle"] == ticket.cycle]
    result = next((clock["due"] for clock in now if clock["kind"] == "result"), None)
    provisional = any(clock["provisional"] for clock in now)
    if ticket.state in {"replied", "closed", "merged", "terminated"}:
        return None, result, provisional
    return min((clock["due"] for clock in now if clock["met"] is None), default=None), result, provisional
