"""Leases: a job that one process of the town holds for a while, taken by compare-and-set."""

from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from server.store.tables_ticket import worker_lease

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def take(connection: sa.Connection, name: str, holder: str, now_ms: int, length_ms: int) -> bool:
    """Take or prolong the lease; False while somebody else holds it."""
    made = _INSERT[connection.dialect.name](worker_lease)
    fresh = {"name": name, "holder": holder, "until_at": now_ms + length_ms, "beat_at": now_ms, "state": "{}"}
    free = sa.or_(worker_lease.c.holder == holder, worker_lease.c.until_at < now_ms)
    taken = {column: made.excluded[column] for column in ("holder", "until_at", "beat_at")}
    done = connection.execute(
        made.on_conflict_do_update(index_elements=["name"], set_=taken, where=free).values(fresh)
    )
    return done.rowcount == 1


def give_back(connection: sa.Connection, name: str, holder: str) -> None:
    """Let another process take it at once."""
    connection.execute(
        sa.update(worker_lease)
        .where(worker_lease.c.name == name, worker_lease.c.holder == holder)
        .values(until_at=0)
    )


def remembered(connection: sa.Connection, name: str) -> dict[str, str]:
    """What the job noted for its next round."""
    text = connection.execute(sa.select(worker_lease.c.state).where(worker_lease.c.name == name)).scalar()
    found: dict[str, str] = orjson.loads(text or "{}")
    return found


def remember(connection: sa.Connection, name: str, state: dict[str, str]) -> None:
    """Note something for the next round, by whoever runs it."""
    connection.execute(
        sa.update(worker_lease).where(worker_lease.c.name == name).values(state=orjson.dumps(state).decode())
    )
