"""The arrival indicator of DOMAIN §D counted in the database. The formula is the domain's; tests hold the two equal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server.domain import indicators, instants
from server.domain.indicators import KEYS, LATE, MISSING, ON_TIME, Tally
from server.domain.roles import Actor
from server.store.rate_reports import NOBODY
from server.store.tables_indicators import arrival
from server.store.tables_ticket import ticket
from server.store.ticket_list import rights

_KEY_COLUMNS = {
    "town": sa.literal("town"),
    "village": arrival.c.village,
    "unit": arrival.c.unit,
    "worker": arrival.c.worker,
}
_PARTS = {
    "all": (ON_TIME, LATE, MISSING),
    "late": (LATE, MISSING),  # what the denominator has and the numerator has not
}
PARTS = ("all", ON_TIME, "late", MISSING, "unverified", "excluded", "told_late")


@dataclass(frozen=True)
class Asked:
    """What is to be counted: dues in [from, to), as of now; `unit`: only the tickets of this one."""

    from_ms: int
    to_ms: int
    now_ms: int
    unit: str | None = None

    def before(self) -> "Asked":
        """The period of the same length just before."""
        return Asked(2 * self.from_ms - self.to_ms, self.from_ms, self.now_ms, self.unit)


def _conditions(asked: Asked, scope: str) -> list[sa.ColumnElement[bool]]:
    counted = sa.or_(
        arrival.c.due_at <= asked.now_ms, arrival.c.part.in_((indicators.EXCLUDED, indicators.UNVERIFIED))
    )
    found = [
        arrival.c.scope == scope,
        arrival.c.due_at >= asked.from_ms,
        arrival.c.due_at < asked.to_ms,
        counted,
    ]
    if asked.unit is not None:
        found.append(arrival.c.unit == asked.unit)
    return found


def arrivals(connection: sa.Connection, by: str, asked: Asked) -> dict[str, Tally]:
    """The arrival indicator by village, unit, worker or for the town; key `NOBODY` where there is none."""
    key = _KEY_COLUMNS[by]
    rows = connection.execute(
        sa.select(
            key,
            arrival.c.part,
            sa.func.count(),
            sa.func.sum(arrival.c.told_late),
            # All seconds of a group in one text: a row for each would cost more than the count itself.
            sa.func.aggregate_strings(sa.cast(arrival.c.seconds, sa.Text), ","),
        )
        .where(*_conditions(asked, KEYS[by][0]))
        .group_by(*([] if by == "town" else [key]), arrival.c.part)
    )
    found: dict[str, Tally] = {}
    for name, part, n, told_late, seconds in rows:
        took = list(map(int, seconds.split(","))) if seconds else []
        found.setdefault(name or NOBODY, Tally()).add(part, n, int(told_late), took)
    return found


def total(tallies: Sequence[Tally]) -> Tally:
    """All of them together."""
    whole = Tally()
    for each in tallies:
        whole.join(each)
    return whole


@dataclass(frozen=True)
class Behind:
    """One ticket behind a figure. Times in ms UTC."""

    id: str
    external_no: str
    title: str
    confidential: bool
    cycle: int
    village: str | None
    unit: str | None
    worker: str | None
    start_ms: int
    due_ms: int
    met_ms: int | None
    known_ms: int | None
    trust: str | None
    part: str
    excluded: str | None
    seconds: int | None
    told_late: bool


def arrivals_behind(
    connection: sa.Connection,
    reader: Actor,
    asked: Asked,
    *,
    by: str,
    key: str | None,
    part: str,
    page: int,
    page_size: int,
) -> tuple[list[Behind], int, int]:
    """One page (from 1) of the tickets behind a figure that the reader may see, their number, and the number of
    those that he may not see; the longest waits first."""
    conditions = _conditions(asked, KEYS[by][0])
    if part == "told_late":
        conditions.append(arrival.c.told_late == 1)
    else:
        conditions.append(arrival.c.part.in_(_PARTS.get(part, (part,))))
    if key is not None and by != "town":
        column = _KEY_COLUMNS[by]
        conditions.append(column.is_(None) if key == NOBODY else column == key)
    whole = connection.execute(
        sa.select(sa.func.count()).select_from(arrival).where(*conditions)
    ).scalar_one()
    joined = arrival.join(ticket, ticket.c.id == arrival.c.ticket_id)
    conditions.append(rights(reader))
    seen = connection.execute(sa.select(sa.func.count()).select_from(joined).where(*conditions)).scalar_one()
    rows = connection.execute(
        sa.select(ticket.c.external_no, ticket.c.title, ticket.c.confidential, arrival)
        .select_from(joined)
        .where(*conditions)
        .order_by(
            arrival.c.met_at.is_not(None),
            arrival.c.seconds.desc().nulls_last(),
            arrival.c.due_at.desc(),
            arrival.c.ticket_id,
            arrival.c.n,
        )
        .limit(page_size)
        .offset((page - 1) * page_size)
    )
    return [_behind(row) for row in rows], seen, whole - seen


def _behind(row: sa.Row[Any]) -> Behind:
    return Behind(
        id=row.ticket_id,
        external_no=row.external_no,
        title=row.title,
        confidential=row.confidential,
        cycle=row.cycle,
        village=row.village,
        unit=row.unit,
        worker=row.worker,
        start_ms=row.start_at,
        due_ms=row.due_at,
        met_ms=row.met_at,
        known_ms=row.known_at,
        trust=row.trust,
        part=row.part,
        excluded=row.excluded,
        seconds=row.seconds,
        told_late=bool(row.told_late),
    )


def day_span(first: Any, last: Any) -> tuple[int, int]:
    """[from, to) in ms UTC of Shanghai's days from the first to the last, both included."""
    return instants.start_of(first), instants.end_of(last)
