"""Writes what the indicators are counted from, with the tickets and in their transaction (DOMAIN §D)."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from server.domain import indicators
from server.domain.indicators import ArrivalRow, arrival_rows, stint_at
from server.domain.rates import CaseRow, case_row
from server.domain.rules import Rules
from server.domain.ticket import Json, Ticket
from server.store.bulk import upsert
from server.store.tables_indicators import arrival, ticket_case

_DROP = sa.delete(arrival).where(
    arrival.c.ticket_id == sa.bindparam("_ticket"), arrival.c.n == sa.bindparam("_n")
)
Row = dict[str, Any]


def save(
    connection: sa.Connection, before: Mapping[str, Ticket], changed: Sequence[Ticket], rules: Rules
) -> None:
    """Write the rows of `changed`; `before` are the same tickets as they were loaded, without those that are new."""
    put: list[Row] = []
    dropped: list[Row] = []
    cases: list[Row] = []
    for each in changed:
        old = before.get(each.id)
        now, was = arrivals_of(each), arrivals_of(old) if old is not None else []
        put += [row for i, row in enumerate(now) if i >= len(was) or was[i] != row]
        dropped += [{"_ticket": each.id, "_n": n} for n in range(len(now), len(was))]
        case = case_of(each, rules)
        if old is None or case != case_of(old, rules):
            cases.append(case)
    if dropped:
        connection.execute(_DROP, dropped)
    if put:
        upsert(connection, arrival, put)
    if cases:
        upsert(connection, ticket_case, cases)


def arrivals_of(ticket: Ticket) -> list[Row]:
    """The ticket's rows of `arrival`."""
    clocks = [*ticket.clocks, *(clock for note in ticket.clock_history for clock in note["clocks"])]
    if not any(clock["kind"] == "arrival" for clock in clocks):
        return []
    return [as_columns(row, n) for n, row in enumerate(arrival_rows(ticket))]


def as_columns(row: ArrivalRow, n: int) -> Row:
    """A row of `arrival`; `n` is its place among those of its ticket."""
    return {
        "ticket_id": row.ticket,
        "n": n,
        "cycle": row.cycle,
        "scope": row.scope,
        "start_at": row.start_ms,
        "due_at": row.due_ms,
        "met_at": row.met_ms,
        "known_at": row.known_ms,
        "trust": row.trust,
        "excluded": row.excluded,
        "part": indicators.verdict(row),
        "seconds": indicators.seconds_of(row),
        "told_late": int(indicators.is_told_late(row)),
        "village": row.village,
        "unit": row.unit,
        "worker": row.worker,
    }


def case_of(ticket: Ticket, rules: Rules) -> Row:
    """The ticket's row of `ticket_case`."""
    row = case_row(ticket, rules)
    return {
        **case_columns(row),
        "ticket_id": ticket.id,
        "village": ticket.place.get("village"),
        **_holder("", ticket.stints[-1] if ticket.stints else None),
        **_holder("acceptance_", stint_at(ticket, row.acceptance_due_ms)),
        **_holder("result_", stint_at(ticket, row.result_due_ms)),
    }


def case_columns(row: CaseRow) -> Row:
    """The columns that are fields of the domain's row."""
    return {column: getattr(row, name) for column, name in CASE_FIELDS.items()}


def _holder(prefix: str, stint: Json | None) -> Row:
    return {
        f"{prefix}unit": stint["unit"] if stint is not None else None,
        f"{prefix}worker": stint["assignee"] if stint is not None else None,
    }


# Column → field of `CaseRow`; its times end in `_ms`, the columns' in `_at`.
CASE_FIELDS = {
    (name.removesuffix("_ms") + "_at" if name.endswith("_ms") else name): name
    for name in CaseRow.__slots__
    if name != "n"
}
