"""Publishing rows: their latest state, the feed of each bucket, its digest, and who held what.

All of it is written while the head is held, so none of it needs locks of its own.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server.store.asked import Asked
from server.store.bulk import among, chunks, insert, listed, upsert
from server.store.tables_sync import OPEN, bucket_digest, feed, held, published, sync_head
from sync import digest
from sync.log import Change, Row

DAY_MS = 86_400_000


def row_of(found: Any) -> Row:
    """The row of a row of `published`."""
    type_, id_, rev, buckets, doc = found
    return Row(type_, id_, rev, frozenset(buckets.split()), doc)


def publish(connection: Connection, changes: Sequence[Change], first_seq: int, now_ms: int) -> set[str]:
    """Write these changes under `first_seq` and the ones that follow; the buckets that they touch."""
    touched: set[str] = set()
    for part in chunks(enumerate(changes, start=first_seq)):
        touched |= _publish(connection, part, now_ms)
    return touched


def changed_buckets(connection: Connection, since: int) -> set[str]:
    """Buckets in which something changed after this seq."""
    asked = sa.select(bucket_digest.c.bucket).where(bucket_digest.c.seq > since)
    return set(connection.execute(asked).scalars())


def touch(connection: Connection, buckets: Sequence[str], seq: int) -> None:
    """Note a change of these buckets that is no row's."""
    empty = [{"bucket": b, "count": 0, "checksum": digest.shown(0), "seq": seq} for b in buckets]
    upsert(connection, bucket_digest, empty, keep=("count", "checksum"))


def prune(connection: Connection, now_ms: int, keep_days: int) -> int:
    """Forget departures older than this; how many."""
    old = (feed.c.gone.is_not(None), feed.c.at < now_ms - keep_days * DAY_MS)
    newest = connection.execute(sa.select(sa.func.max(feed.c.seq)).where(*old)).scalar()
    if newest is None:
        return 0
    connection.execute(sa.update(sync_head).where(sync_head.c.pruned_seq < newest).values(pruned_seq=newest))
    return connection.execute(sa.delete(feed).where(*old)).rowcount


def _publish(connection: Connection, part: Sequence[tuple[int, Change]], now_ms: int) -> set[str]:
    before = _before(connection, [change for _, change in part])
    rows, fed = [], []
    entered, left = [], []
    for seq, change in part:
        was = before.get((change.type, change.id))
        had = was.buckets if was else frozenset()
        key = {"type": change.type, "id": change.id}
        rows.append(
            {**key, "rev": change.rev, "buckets": " ".join(sorted(change.buckets)), "doc": change.doc}
        )
        stamp = {**key, "seq": seq, "since": seq, "at": now_ms}
        gone = {"gone": change.gone or "moved", "into_id": change.into}
        fed += [{**stamp, "bucket": b, "gone": None, "into_id": None} for b in change.buckets]
        fed += [{**stamp, "bucket": b, **gone} for b in had - change.buckets]
        begun = {**key, "from_seq": seq, "to_seq": OPEN, "from_at": now_ms, "to_at": None}
        entered += [{**begun, "bucket": bucket} for bucket in change.buckets - had]
        ended = {"key_type": change.type, "key_id": change.id, "ended_seq": seq, "ended_at": now_ms}
        left += [{**ended, "key_bucket": bucket} for bucket in had - change.buckets]
    upsert(connection, published, rows)
    upsert(connection, feed, fed, keep=("since",))
    insert(connection, held, entered)
    if left:
        connection.execute(_END_HELD, left)
    pairs = [(before.get((change.type, change.id)), change) for _, change in part]
    return _count(connection, digest.deltas(pairs), part[-1][0])


_END_HELD = (
    sa.update(held)
    .where(
        held.c.type == sa.bindparam("key_type"),
        held.c.id == sa.bindparam("key_id"),
        held.c.bucket == sa.bindparam("key_bucket"),
        held.c.to_seq == OPEN,
    )
    .values(to_seq=sa.bindparam("ended_seq"), to_at=sa.bindparam("ended_at"))
)


def _before(connection: Connection, changes: Sequence[Change]) -> dict[tuple[str, str], Row]:
    found = {}
    for type_ in {change.type for change in changes}:
        ids = [change.id for change in changes if change.type == type_]
        for row in _BEFORE.rows(connection, ids=listed(connection, ids), type=type_):
            found[row[0], row[1]] = row_of((*row, ""))
    return found


def _published(dialect: str, *, lock: bool = False, doc: bool = True) -> Any:
    table = published.c
    columns: list[Any] = [table.type, table.id, table.rev, table.buckets]
    if doc:
        # SQLite keeps UTF-8, which is what is sent: reading it as text would decode megabytes to encode them again.
        columns.append(sa.cast(table.doc, sa.LargeBinary) if dialect == "sqlite" else table.doc)
    asked = sa.select(*columns).where(among(dialect, table.id), table.type == sa.bindparam("type"))
    return asked.order_by(table.id).with_for_update() if lock else asked


# Rows of a `:type` with these `:ids`; locked in the order of their ids; and without their documents.
PUBLISHED = Asked(_published)
PUBLISHED_LOCKED = Asked(partial(_published, lock=True))
_BEFORE = Asked(partial(_published, doc=False))


def _digests(dialect: str) -> Any:
    table = bucket_digest.c
    return sa.select(table.bucket, table.count, table.checksum).where(among(dialect, table.bucket))


_DIGESTS = Asked(_digests)


def digests_of(connection: Connection, buckets: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Count and checksum of live rows by bucket; one that never held a row is missing."""
    rows = _DIGESTS.rows(connection, ids=listed(connection, buckets))
    return {bucket: (count, int(checksum, 16)) for bucket, count, checksum in rows}


def _count(connection: Connection, deltas: dict[str, tuple[int, int]], seq: int) -> set[str]:
    if not deltas:
        return set()
    kept = digests_of(connection, list(deltas))
    values = []
    for bucket, (count, total) in deltas.items():
        had_count, had_total = kept.get(bucket, (0, 0))
        checksum = digest.shown((had_total + total) % digest.MODULUS)
        values.append({"bucket": bucket, "count": had_count + count, "checksum": checksum, "seq": seq})
    upsert(connection, bucket_digest, values)
    return set(deltas)
