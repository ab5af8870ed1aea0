"""The rota's turns. None is overwritten: one taken back is cancelled and stays in the table."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from server.domain.instants import DAY_MS
from server.domain.rota import Turn
from server.store.tables_alerts import rota_turn

_OVERLAPPING = (
    sa.select(rota_turn)
    .where(
        rota_turn.c.cancelled_at.is_(None),
        rota_turn.c.from_at < sa.bindparam("to_ms"),
        rota_turn.c.to_at > sa.bindparam("from_ms"),
    )
    .order_by(rota_turn.c.from_at, rota_turn.c.id)
)


def around(connection: Connection, at_ms: int) -> list[Turn]:
    """The turns within a day of a moment: enough to say who is on duty then."""
    return between(connection, at_ms - DAY_MS, at_ms + DAY_MS)


def between(connection: Connection, from_ms: int, to_ms: int) -> list[Turn]:
    """The turns that overlap [from, to), by their beginning."""
    rows = connection.execute(_OVERLAPPING, {"from_ms": from_ms, "to_ms": to_ms})
    return [_turn(row) for row in rows]


def find(connection: Connection, turn_id: str) -> Turn | None:
    """A turn that was not taken back."""
    row = connection.execute(
        sa.select(rota_turn).where(rota_turn.c.id == turn_id, rota_turn.c.cancelled_at.is_(None))
    ).first()
    return None if row is None else _turn(row)


def other_half(connection: Connection, turn: Turn) -> Turn | None:
    """The entry made together with this one when two people changed turns, if it stands still."""
    if turn.kind != "swap":
        return None
    made = sa.select(rota_turn.c.created_at).where(rota_turn.c.id == turn.id).scalar_subquery()
    row = connection.execute(
        sa.select(rota_turn).where(
            rota_turn.c.kind == "swap",
            rota_turn.c.person_id == turn.replaces,
            rota_turn.c.replaces == turn.person_id,
            rota_turn.c.created_at == made,
            rota_turn.c.cancelled_at.is_(None),
        )
    ).first()
    return None if row is None else _turn(row)


def add(connection: Connection, turns: Sequence[Turn], by: str, now_ms: int) -> None:
    """Write turns that have been looked at for clashes in this transaction."""
    if not turns:
        return
    connection.execute(
        sa.insert(rota_turn),
        [
            {
                "id": each.id,
                "post": each.post,
                "unit_id": each.unit_id,
                "person_id": each.person_id,
                "from_at": each.from_ms,
                "to_at": each.to_ms,
                "kind": each.kind,
                "replaces": each.replaces,
                "note": each.note,
                "created_by": by,
                "created_at": now_ms,
            }
            for each in turns
        ],
    )


def cancel(connection: Connection, turn_id: str, now_ms: int) -> bool:
    """Take a turn back; False if it was taken back already."""
    done = connection.execute(
        sa.update(rota_turn)
        .where(rota_turn.c.id == turn_id, rota_turn.c.cancelled_at.is_(None))
        .values(cancelled_at=now_ms)
    )
    return done.rowcount == 1


def _turn(row: Row[tuple[object, ...]]) -> Turn:
    return Turn(
        id=row.id,
        post=row.post,
        unit_id=row.unit_id,
        person_id=row.person_id,
        from_ms=row.from_at,
        to_ms=row.to_at,
        kind=row.kind,
        replaces=row.replaces,
        note=row.note,
    )
