"""Drills: named runs of the real machinery (DOMAIN D20). Their alarms name them in `alarm.drill`."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server.store.tables_alerts import alarm, drill


@dataclass(frozen=True, slots=True)
class Drill:
    """One drill; times are ms UTC, `ended_ms` None while it runs."""

    id: str
    kind: str
    title: str
    started_by: str
    started_ms: int
    ended_ms: int | None
    note: str


def add(connection: Connection, made: Drill) -> None:
    """Write a new drill, in the transaction that raises its alarm."""
    connection.execute(
        sa.insert(drill).values(
            id=made.id,
            kind=made.kind,
            title=made.title,
            started_by=made.started_by,
            started_at=made.started_ms,
            ended_at=made.ended_ms,
            note=made.note,
        )
    )


def end(connection: Connection, drill_id: str, at_ms: int) -> bool:
    """Note its end; False if there is no such drill or it has ended."""
    done = connection.execute(
        sa.update(drill).where(drill.c.id == drill_id, drill.c.ended_at.is_(None)).values(ended_at=at_ms)
    )
    return done.rowcount == 1


def find(connection: Connection, drill_id: str) -> Drill | None:
    """The drill with this id."""
    row = connection.execute(sa.select(drill).where(drill.c.id == drill_id)).first()
    return None if row is None else _made(row)


def page(connection: Connection, number: int, size: int) -> tuple[list[Drill], int]:
    """One page (from 1), the newest first, and how many there are in all."""
    total = connection.execute(sa.select(sa.func.count()).select_from(drill)).scalar_one()
    rows = connection.execute(
        sa.select(drill)
        .order_by(drill.c.started_at.desc(), drill.c.id)
        .limit(size)
        .offset((number - 1) * size)
    )
    return [_made(row) for row in rows], int(total)


def within(connection: Connection, from_ms: int, to_ms: int) -> list[Drill]:
    """Drills that began in this time, the first one first."""
    rows = connection.execute(
        sa.select(drill)
        .where(drill.c.started_at >= from_ms, drill.c.started_at < to_ms)
        .order_by(drill.c.started_at, drill.c.id)
    )
    return [_made(row) for row in rows]


def alarms_of(connection: Connection, drill_ids: Iterable[str]) -> dict[str, list[str]]:
    """Ids of the alarms of each drill, in the order in which they were raised."""
    wanted = list(drill_ids)
    found: dict[str, list[str]] = {each: [] for each in wanted}
    rows = connection.execute(
        sa.select(alarm.c.drill, alarm.c.id).where(alarm.c.drill.in_(wanted)).order_by(alarm.c.raised_at)
    )
    for row in rows:
        found[row.drill].append(row.id)
    return found


def _made(row: sa.Row[Any]) -> Drill:
    return Drill(row.id, row.kind, row.title, row.started_by, row.started_at, row.ended_at, row.note)
