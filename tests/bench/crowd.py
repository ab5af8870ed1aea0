"""Hundreds of thousands of published tickets, copied from a real one inside the database.

A million tickets through the front door would take an hour; what a pull reads (published rows, feed, digests) is
copied here instead, in the same form. Such a database is for measuring pulls, nothing else is true in it.
"""

import uuid
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from server.store.tables_sync import bucket_digest, feed, published, sync_head
from tests.bench.town import Town

CHUNK = 20_000


def fill(town: Town, count: int, buckets: int = 500) -> None:
    """Bring the feed to `count` more tickets, spread over `buckets` units (and all in the town's bucket)."""
    engine = town.parts.engine
    with engine.connect() as connection:
        model = connection.execute(sa.select(published).where(published.c.type == "ticket").limit(1)).one()
        seq = connection.execute(sa.select(sync_head.c.seq)).scalar_one()
    rows = _mappings(str(model.doc), str(model.id), seq, count, buckets)
    while chunk := [row for _, row in zip(range(CHUNK), rows, strict=False)]:
        with engine.begin() as connection:
            connection.execute(sa.insert(published), [row[0] for row in chunk])
            connection.execute(sa.insert(feed), [each for row in chunk for each in row[1]])
    with engine.begin() as connection:
        connection.execute(sa.update(sync_head).values(seq=seq + count))
        connection.execute(
            sa.update(bucket_digest)
            .where(bucket_digest.c.bucket == "town")
            .values(count=bucket_digest.c.count + count)
        )
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("ANALYZE"))


def _mappings(
    doc: str, id_: str, seq: int, count: int, buckets: int
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    for i in range(1, count + 1):
        new = str(uuid.UUID(int=(0x019A << 112) | (0x7 << 76) | (0x8 << 60) | (seq + i)))
        names = ("town", f"unit:crowd{i % buckets}")
        row = {
            "type": "ticket",
            "id": new,
            "rev": 1,
            "buckets": " ".join(sorted(names)),
            "doc": doc.replace(id_, new),
        }
        entries = [
            {
                "bucket": name,
                "type": "ticket",
                "id": new,
                "seq": seq + i,
                "since": seq + i,
                "gone": None,
                "into_id": None,
                "at": 0,
            }
            for name in names
        ]
        yield row, entries
