"""Pull: what changed in the reader's buckets comes down, then the receipts of his device, from one snapshot."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync import cursor, digest
from sync.bucket import Positions
from sync.clock import rfc3339
from sync.envelope import Request, read_request
from sync.log import (
    FeedRow,
    Head,
    Log,
    Range,
    Reading,
    Receipt,
    Row,
    SyncConflict,
    SyncInvalid,
)
from sync.push import Words, answer_time, told

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks, and from which device."""

    person: str
    device: str


@dataclass(frozen=True, slots=True)
class _Page:
    """Feed rows in order; `end`: the last seq that is complete, None if nothing is left after it."""

    rows: list[FeedRow]
    end: int | None


def pull(
    log: Log, reader: Reader, request: object, now_ms: int, words: Words | None = None
) -> dict[str, Any]:
    """One page of what the reader does not have yet, as the protocol says.

    `changes[].doc` is JSON text, or its UTF-8. `words(code, details)` renders receipts' messages in the request's
    language.
    Raises SyncConflict (wrong_user, device_taken), SyncInvalid (bad_cursor, invalid_envelope), Unavailable.
    """
    wish = read_request(request)
    if wish.user != reader.person or wish.device != reader.device.lower():
        raise SyncConflict("wrong_user")
    reader = Reader(reader.person, wish.device)
    with log.read() as snapshot:
        return _pull(snapshot, reader, wish, log.secret, words) | {
            "time": answer_time(log.secret, now_ms, reader.person, reader.device)
        }


def _pull(
    snapshot: Reading, reader: Reader, wish: Request, secret: bytes, words: Words | None
) -> dict[str, Any]:
    standing = snapshot.standing(reader.person, reader.device)
    if standing.owner not in {None, reader.person}:
        raise SyncConflict("device_taken")
    head, entitled = standing.head, standing.entitled
    positions, reset = _place(wish, reader, secret, head, entitled)
    taken, more = _taken_back(snapshot, positions, wish.limit)
    given: list[FeedRow] = []
    room = wish.limit - len({(row.type, row.id) for row in taken})
    if not more and room > 0:
        page = _collect(snapshot, positions.wanted(), room)
        # Who cannot hold a row is not told that it left.
        given = [row for row in page.rows if row.gone is None or row.since <= positions.seen]
        positions.advance(head.seq if page.end is None else page.end)
        more = page.end is not None
    elif not more:
        more = True
    positions.seen = head.seq
    changes = _changes(snapshot, [*taken, *given], entitled)
    answer: dict[str, Any] = {"epoch": head.epoch, "more": more, "reset": reset, "changes": changes}
    answer["receipts"] = []
    if not more:
        found = snapshot.receipts(reader.device, reader.person, positions.receipts)
        answer["receipts"] = [_receipt(receipt, words) for receipt in found]
        positions.receipts = head.seq
        if wish.digest:
            answer["digest"] = _digest(snapshot, entitled)
    answer["cursor"] = cursor.seal(secret, reader.person, reader.device, head.epoch, positions)
    return answer


def _place(
    wish: Request, reader: Reader, secret: bytes, head: Head, entitled: frozenset[str]
) -> tuple[Positions, str | list[str] | None]:
    """Where the phone stands, and what it must rebuild."""
    if wish.cursor is None:
        return Positions.start(entitled, head.seq), None
    opened = cursor.unseal(secret, reader.person, reader.device, wish.cursor)
    if opened is None:
        raise SyncInvalid("bad_cursor")
    epoch, positions = opened
    too_old = positions.oldest(head.seq) < head.pruned_seq
    if epoch != head.epoch or too_old or positions.newest() > head.seq:
        return Positions.start(entitled, head.seq), "all"
    positions.adjust(entitled, head.seq)
    return positions, positions.refill(wish.refill, head.seq) or None


def _taken_back(snapshot: Reading, positions: Positions, limit: int) -> tuple[list[FeedRow], bool]:
    """Rows of buckets that the reader lost, and whether more of them are left for the next page."""
    if not positions.lost:
        return [], False
    page = _collect(snapshot, positions.drains(), limit)
    positions.drained(page.end)
    return page.rows, page.end is not None


def _collect(snapshot: Reading, ranges: Sequence[Range], limit: int) -> _Page:
    """At most `limit` rows' changes, cut between two seqs: a row stands in several buckets under one seq."""
    want = limit + len(ranges) + 1
    rows = snapshot.feed(ranges, want) if ranges else []
    cut = len(rows)
    if len(rows) == want:
        cut = next(index for index, row in enumerate(rows) if row.seq == rows[-1].seq)
    seen: set[Key] = set()
    for index, row in enumerate(rows[:cut]):
        if (row.type, row.id) not in seen and len(seen) == limit:
            cut = index
            break
        seen.add((row.type, row.id))
    if cut == len(rows):
        return _Page(rows, None)
    return _Page(rows[:cut], rows[cut - 1].seq)


def _changes(snapshot: Reading, rows: Sequence[FeedRow], entitled: frozenset[str]) -> list[dict[str, Any]]:
    latest: dict[Key, FeedRow] = {}
    for row in rows:
        key = (row.type, row.id)
        other = latest.pop(key, None)
        # The latest departure says why; it is asked for only where nobody of the reader's holds the row.
        latest[key] = row if other is None or row.gone is not None or other.gone is None else other
    published = snapshot.published(list(latest))
    into = [(row.type, row.into) for row in latest.values() if row.into is not None]
    survivors = snapshot.published(into) if into else {}
    return [_change(row, published.get(key), survivors, entitled) for key, row in latest.items()]


def _change(
    row: FeedRow, now: Row | None, survivors: Mapping[Key, Row], entitled: frozenset[str]
) -> dict[str, Any]:
    buckets = now.buckets & entitled if now is not None else frozenset()
    if now is not None and buckets:
        return {"type": row.type, "id": row.id, "rev": now.rev, "buckets": sorted(buckets), "doc": now.doc}
    gone: dict[str, Any] = {"type": row.type, "id": row.id, "gone": row.gone or "moved"}
    if row.gone == "merged":
        survivor = survivors.get((row.type, row.into or ""))
        if survivor is None or not survivor.buckets & entitled:
            gone["gone"] = "moved"
        else:
            gone["into"] = row.into
    return gone


def _receipt(receipt: Receipt, words: Words | None) -> dict[str, Any]:
    moment = receipt.moment
    shown: dict[str, Any] = {"id": receipt.op_id, "n": receipt.n, "outcome": receipt.verdict.outcome}
    if receipt.first is not None:
        shown |= {"outcome": "duplicate", "first": receipt.first}
    return (
        shown
        | told(receipt.verdict, words)
        | {
            "occurred_at": rfc3339(moment.occurred_at_ms),
            "bounds": [rfc3339(moment.from_ms), rfc3339(moment.to_ms)],
            "trust": moment.trust,
            "received_at": rfc3339(receipt.received_at_ms),
        }
    )


def _digest(snapshot: Reading, entitled: Iterable[str]) -> dict[str, dict[str, Any]]:
    kept = snapshot.digests(entitled)
    return {
        bucket: {"count": kept.get(bucket, (0, 0))[0], "checksum": digest.shown(kept.get(bucket, (0, 0))[1])}
        for bucket in sorted(entitled)
    }


def parsed(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer with its documents as objects, for callers that have no way to embed JSON text."""
    changes = [c | {"doc": json.loads(c["doc"])} if "doc" in c else c for c in answer["changes"]]
    return {**answer, "changes": changes}
