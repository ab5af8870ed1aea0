"""The reference store: the port over dictionaries, for the contract tests and for whoever reads the port."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sync import digest
from sync.log import Change, Device, Entry, FeedRow, Head, Range, Receipt, Row, Standing, Unfit

OPEN = 2**62


@dataclass(frozen=True, slots=True)
class Span:
    """Something that held from one seq to another."""

    from_seq: int
    to_seq: int = OPEN

    def overlaps(self, other: "Span") -> bool:
        """Whether both held at some seq."""
        return self.from_seq < other.to_seq and other.from_seq < self.to_seq


@dataclass(slots=True)
class _State:
    head: Head
    devices: dict[str, Device] = field(default_factory=dict)
    operations: dict[str, tuple[int, Entry]] = field(default_factory=dict)
    receipts: dict[tuple[str, int, str], tuple[int, str, Receipt]] = field(default_factory=dict)
    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    feed: dict[tuple[str, str, str], tuple[FeedRow, int]] = field(default_factory=dict)
    digests: dict[str, tuple[int, int]] = field(default_factory=dict)
    entitled: dict[tuple[str, str], tuple[Span, ...]] = field(default_factory=dict)
    held: dict[tuple[str, str, str], tuple[Span, ...]] = field(default_factory=dict)

    def copy(self) -> "_State":
        return _State(
            self.head,
            dict(self.devices),
            dict(self.operations),
            dict(self.receipts),
            dict(self.rows),
            dict(self.feed),
            dict(self.digests),
            dict(self.entitled),
            dict(self.held),
        )


class MemoryLog:
    """A store in memory. One writer at a time; readers see what was committed."""

    def __init__(self, secret: bytes = b"memory", epoch: str = "epoch-1") -> None:
        self.secret = secret
        self._lock = threading.Lock()
        self._state = _State(Head(0, epoch, 0))

    @contextmanager
    def write(self, now_ms: int) -> Iterator["MemoryWriting"]:
        """One writing transaction."""
        with self._lock:
            tx = MemoryWriting(self._state.copy(), now_ms)
            yield tx
            tx.stamp()
            self._state = tx.state

    @contextmanager
    def read(self) -> Iterator["MemoryReading"]:
        """One snapshot: states are replaced whole, never changed."""
        yield MemoryReading(self._state)

    def epoch(self) -> str:
        """The epoch."""
        return self._state.head.epoch

    def new_epoch(self, tx: "MemoryWriting") -> None:
        """What a restore does."""
        tx.state.head = tx.state.head._replace(epoch=f"{tx.state.head.epoch}'")

    def prune(self, now_ms: int, keep_days: int) -> None:
        """Forget departures older than this; cursors older than those start anew."""
        with self._lock:
            state = self._state.copy()
            old = [
                key
                for key, (row, at_ms) in state.feed.items()
                if row.gone is not None and at_ms < now_ms - keep_days * 86_400_000
            ]
            pruned = max([state.head.pruned_seq, *(state.feed.pop(key)[0].seq for key in old)])
            state.head = state.head._replace(pruned_seq=pruned)
            self._state = state


class MemoryWriting:
    """A writing transaction on a copy of the state."""

    def __init__(self, state: _State, now_ms: int) -> None:
        self.state = state
        self._now_ms = now_ms
        self._changes: dict[tuple[str, str], Change] = {}
        self._entries: list[Entry] = []
        self._receipts: list[tuple[Device, Receipt]] = []
        self._entitled: dict[str, frozenset[str]] = {}
        self._device: Device | None = None

    def head(self) -> Head:
        """Where the store stands."""
        return self.state.head

    def device(self, device: str, person: str) -> Device:
        """The device; made if it is new."""
        return self.state.devices.setdefault(device, Device(device, person))

    def move_device(self, device: Device) -> None:
        """Its new place."""
        self._device = device

    def known(self, op_ids: Sequence[str]) -> Mapping[str, Entry]:
        """Which of these are in the log."""
        return {op_id: self.state.operations[op_id][1] for op_id in op_ids if op_id in self.state.operations}

    def receipted(self, device: str, numbers: Sequence[int]) -> Mapping[int, list[Receipt]]:
        """Extra receipts under these numbers."""
        found: dict[int, list[Receipt]] = {}
        for (whose, n, _), (_, _, receipt) in self.state.receipts.items():
            if whose == device and n in numbers:
                found.setdefault(n, []).append(receipt)
        return found

    def record(
        self, entries: Iterable[Entry], receipts: Iterable[Receipt] = (), device: Device | None = None
    ) -> None:
        """Log these."""
        self._entries += entries
        self._receipts += [(device, receipt) for receipt in receipts if device is not None]

    def change(self, changes: Iterable[Change]) -> None:
        """Publish rows."""
        self._changes |= {(change.type, change.id): change for change in changes}

    def entitle(self, person: str, buckets: Iterable[str]) -> None:
        """From now on exactly these buckets."""
        self._entitled[person] = frozenset(buckets)

    def rows(self, type_: str, ids: Sequence[str]) -> Mapping[str, Row]:
        """Published rows, those of this transaction included."""
        pending = {
            key: Row(change.type, change.id, change.rev, change.buckets, change.doc)
            for key, change in self._changes.items()
        }
        both = self.state.rows | pending
        return {id_: both[type_, id_] for id_ in sorted(set(ids)) if (type_, id_) in both}

    def ever_held(self, person: str, ids: Sequence[str], type_: str = "ticket") -> set[str]:
        """Which of these rows the person was ever entitled to see."""
        mine = {bucket: spans for (who, bucket), spans in self.state.entitled.items() if who == person}
        return {
            id_
            for (kind, id_, bucket), spans in self.state.held.items()
            if kind == type_
            and id_ in ids
            and any(span.overlaps(other) for span in spans for other in mine.get(bucket, ()))
        }

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undone alone if it raises."""
        before, changes = self.state.copy(), dict(self._changes)
        try:
            yield
        except BaseException:
            self.state, self._changes = before, changes
            raise

    def sort_error(self, error: Exception) -> Exception:
        """A dictionary takes everything, but for what a test says it does not."""
        return error if not isinstance(error, UnicodeError) else Unfit(str(error))

    def stamp(self) -> None:
        """Take the head and stamp everything with it."""
        if not (self._changes or self._entries or self._receipts or self._entitled or self._device):
            return
        first = self.state.head.seq + 1
        last = self.state.head.seq + max(1, len(self._changes))
        self.state.head = self.state.head._replace(seq=last)
        for seq, change in enumerate(self._changes.values(), start=first):
            self._publish(change, seq)
        for entry in self._entries:
            self.state.operations[entry.op_id] = (last, entry)
        for device, receipt in self._receipts:
            key = (device.id, receipt.n, receipt.op_id)
            self.state.receipts[key] = (last, device.person, receipt)
        for person, buckets in self._entitled.items():
            self._entitle(person, buckets, last)
        if self._device is not None:
            self.state.devices[self._device.id] = self._device

    def _publish(self, change: Change, seq: int) -> None:
        state, key = self.state, (change.type, change.id)
        before = state.rows.get(key)
        for bucket, (count, total) in digest.deltas([(before, change)]).items():
            had_count, had_total = state.digests.get(bucket, (0, 0))
            state.digests[bucket] = had_count + count, (had_total + total) % digest.MODULUS
        state.rows[key] = Row(change.type, change.id, change.rev, change.buckets, change.doc)
        had = before.buckets if before else frozenset()
        for bucket in change.buckets | had:
            live = bucket in change.buckets
            old = state.feed.get((bucket, *key))
            since = old[0].since if old else seq
            gone, into = (None, None) if live else (change.gone or "moved", change.into)
            state.feed[bucket, *key] = FeedRow(bucket, *key, seq, since, gone, into), self._now_ms
            _span(state.held, (*key, bucket), seq, begins=live and bucket not in had, ends=not live)

    def _entitle(self, person: str, buckets: frozenset[str], seq: int) -> None:
        had = _entitled(self.state, person)
        for bucket in had ^ buckets:
            _span(self.state.entitled, (person, bucket), seq, begins=bucket in buckets, ends=bucket in had)


class MemoryReading:
    """One snapshot."""

    def __init__(self, state: _State) -> None:
        self.state = state

    def standing(self, person: str, device: str) -> Standing:
        """Where the store, the device and the person stand."""
        found = self.state.devices.get(device)
        owner = found.person if found else None
        return Standing(self.state.head, owner, frozenset(_entitled(self.state, person)))

    def feed(self, ranges: Sequence[Range], limit: int) -> list[FeedRow]:
        """The first rows of these ranges together, by seq."""
        by_bucket = {range_.bucket: range_ for range_ in ranges}
        found = [
            row
            for row, _ in self.state.feed.values()
            if (wanted := by_bucket.get(row.bucket)) is not None
            and row.seq > wanted.after
            and (row.gone is None or row.seq > wanted.gone_after)
            and (wanted.entered_by is None or row.since <= wanted.entered_by)
        ]
        return sorted(found, key=lambda row: (row.seq, row.bucket))[:limit]

    def published(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Row]:
        """Rows by (type, id)."""
        return {key: self.state.rows[key] for key in keys if key in self.state.rows}

    def receipts(self, device: str, person: str, after_seq: int) -> list[Receipt]:
        """Receipts of this device after this seq."""
        own = [
            Receipt(e.op_id, e.n or 0, e.verdict, None, e.moment, e.received_at_ms, e.fingerprint)
            for seq, e in self.state.operations.values()
            if e.device == device and e.person == person and seq > after_seq
        ]
        extra = [
            receipt
            for (whose, _, _), (seq, owner, receipt) in self.state.receipts.items()
            if whose == device and owner == person and seq > after_seq
        ]
        return sorted([*own, *extra], key=lambda receipt: receipt.n)

    def digests(self, buckets: Iterable[str]) -> Mapping[str, tuple[int, int]]:
        """Count and checksum per bucket."""
        return {bucket: self.state.digests[bucket] for bucket in buckets if bucket in self.state.digests}


def _entitled(state: _State, person: str) -> set[str]:
    return {b for (who, b), spans in state.entitled.items() if who == person and spans[-1].to_seq == OPEN}


def _span(
    spans: dict[Any, tuple[Span, ...]], key: tuple[str, ...], seq: int, *, begins: bool, ends: bool
) -> None:
    if begins:
        spans[key] = (*spans.get(key, ()), Span(seq))
    elif ends and key in spans and spans[key][-1].to_seq == OPEN:
        spans[key] = (*spans[key][:-1], replace(spans[key][-1], to_seq=seq))
