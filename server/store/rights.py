"""Who is, and who ever was, entitled to what. Never pruned: a visit that took place stays a visit."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server.store.asked import Asked
from server.store.bulk import among, chunks, insert, listed
from server.store.publish import touch
from server.store.tables_sync import OPEN, entitlement, held

_ENTITLED = Asked(
    sa.select(entitlement.c.bucket).where(
        entitlement.c.person == sa.bindparam("person"), entitlement.c.to_seq == OPEN
    )
)


def entitled(connection: Connection, person: str) -> frozenset[str]:
    """The buckets of a person now."""
    return frozenset(bucket for (bucket,) in _ENTITLED.rows(connection, person=person))


def entitle(connection: Connection, wanted: Mapping[str, frozenset[str]], seq: int, now_ms: int) -> set[str]:
    """Give each person exactly these buckets from `seq` on; the buckets to poke."""
    begun: list[dict[str, Any]] = []
    ended: list[dict[str, Any]] = []
    for person, buckets in wanted.items():
        had = entitled(connection, person)
        begun += [
            {"person": person, "bucket": b, "from_seq": seq, "to_seq": OPEN, "from_at": now_ms, "to_at": None}
            for b in sorted(buckets - had)
        ]
        ended += [
            {"whose": person, "which": b, "ended_seq": seq, "ended_at": now_ms} for b in sorted(had - buckets)
        ]
    insert(connection, entitlement, begun)
    if ended:
        connection.execute(_END, ended)
    poked = {f"person:{person}" for person in [r["person"] for r in begun] + [r["whose"] for r in ended]}
    if poked:
        touch(connection, sorted(poked), seq)
    return poked


def ever_held(connection: Connection, person: str, ids: Sequence[str], type_: str = "ticket") -> set[str]:
    """Which of these rows the person was ever entitled to see: spans of the row's buckets and of the person's
    that overlap."""
    found: set[str] = set()
    for part in chunks(ids):
        rows = _HELD_BY.rows(connection, type=type_, person=person, ids=listed(connection, part))
        found |= {id_ for (id_,) in rows}
    return found


def _held_by(dialect: str) -> Any:
    return (
        sa.select(held.c.id)
        .distinct()
        .join(entitlement, entitlement.c.bucket == held.c.bucket)
        .where(
            held.c.type == sa.bindparam("type"),
            among(dialect, held.c.id),
            entitlement.c.person == sa.bindparam("person"),
            held.c.from_seq < entitlement.c.to_seq,
            entitlement.c.from_seq < held.c.to_seq,
        )
    )


_HELD_BY = Asked(_held_by)
_END = (
    sa.update(entitlement)
    .where(
        entitlement.c.person == sa.bindparam("whose"),
        entitlement.c.bucket == sa.bindparam("which"),
        entitlement.c.to_seq == OPEN,
    )
    .values(to_seq=sa.bindparam("ended_seq"), to_at=sa.bindparam("ended_at"))
)
