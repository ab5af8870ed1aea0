"""Reading for a pull: head, entitlements, feed, rows and receipts of one moment."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server.store.asked import Asked
from server.store.bulk import chunks, listed
from server.store.oprows import RECEIPTS, receipt_of
from server.store.publish import PUBLISHED, digests_of, row_of
from server.store.rights import entitled
from server.store.tables_sync import OPEN, entitlement, sync_head
from server.store.tables_sync import device as device_table
from sync.log import FeedRow, Head, Range, Receipt, Row, Standing

_STANDING = Asked(
    sa.select(
        sync_head.c.seq,
        sync_head.c.epoch,
        sync_head.c.pruned_seq,
        device_table.c.person,
        entitlement.c.bucket,
    )
    .join_from(sync_head, device_table, device_table.c.id == sa.bindparam("device"), isouter=True)
    .join(
        entitlement,
        sa.and_(entitlement.c.person == sa.bindparam("person"), entitlement.c.to_seq == OPEN),
        isouter=True,
    )
)


class Snapshot:
    """One snapshot of the store; implements `sync.log.Reading`. `epoch`: as it was seen, empty before."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.epoch = ""

    def standing(self, person: str, device: str) -> Standing:
        """Where the store, the device and the person stand."""
        rows = _STANDING.rows(self.connection, person=person, device=device)
        seq, self.epoch, pruned_seq, owner, _ = rows[0]
        return Standing(Head(seq, self.epoch, pruned_seq), owner, frozenset(row[4] for row in rows if row[4]))

    def entitled(self, person: str) -> frozenset[str]:
        """The buckets of a person."""
        return entitled(self.connection, person)

    def feed(self, ranges: Sequence[Range], limit: int) -> list[FeedRow]:
        """The first `limit` feed rows of these ranges together, by seq."""
        bound: dict[str, Any] = {"wanted": limit}
        for index, each in enumerate(ranges):
            bound |= {
                f"bucket{index}": each.bucket,
                f"after{index}": each.after,
                f"gone{index}": each.gone_after,
            }
            if each.entered_by is not None:
                bound[f"by{index}"] = each.entered_by
        asked = _feed_of(tuple(each.entered_by is not None for each in ranges))
        return [FeedRow(*row) for row in asked.rows(self.connection, **bound)]

    def published(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Row]:
        """Rows by (type, id)."""
        found: dict[tuple[str, str], Row] = {}
        for type_ in {type_ for type_, _ in keys}:
            for part in chunks(id_ for kind, id_ in keys if kind == type_):
                rows = PUBLISHED.rows(self.connection, ids=listed(self.connection, part), type=type_)
                found |= {(row[0], row[1]): row_of(row) for row in rows}
        return found

    def receipts(self, device: str, person: str, after_seq: int) -> list[Receipt]:
        """Receipts of this device's operations after this seq, by n."""
        rows = RECEIPTS.rows(self.connection, device=device, person=person, after=after_seq)
        found = [receipt_of(row) for row in rows]
        return sorted(found, key=lambda receipt: receipt.n)

    def digests(self, buckets: Iterable[str]) -> Mapping[str, tuple[int, int]]:
        """Count and checksum of live rows per bucket."""
        return digests_of(self.connection, list(buckets))


@lru_cache(maxsize=256)
def _feed_of(bounded: tuple[bool, ...]) -> Asked:
    """One limited index range per bucket, merged by seq. `bounded`: which have an `entered_by`."""
    parts = [
        f"""SELECT * FROM (
        SELECT bucket, type, id, seq, since, gone, into_id FROM feed
        WHERE bucket = :bucket{index} AND seq > :after{index} AND (gone IS NULL OR seq > :gone{index})
        {f"AND since <= :by{index}" if limited else ""}
        ORDER BY seq LIMIT :wanted) AS part{index}"""  # noqa: S608 - only numbers of our own are put in
        for index, limited in enumerate(bounded)
    ]
    return Asked(sa.text(f"{' UNION ALL '.join(parts)} ORDER BY 4, 1 LIMIT :wanted"))
