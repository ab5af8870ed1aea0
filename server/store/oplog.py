"""The log of operations in the database: implements `sync.log` on SQLite and PostgreSQL.

Every writer goes through `Oplog.write`: phone, office, timer and intake. Locks are taken in one order: the
device, the rows sorted by id, and last of all the head, which is held to the commit. What is stamped with the
head is written while it is held, so whoever follows the head gets every row.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from server.store import engine as store
from server.store.asked import Asked
from server.store.bulk import chunks, insert, insert_new, listed
from server.store.oprows import ENTRIES, entry_of, entry_values, receipt_of, receipt_values
from server.store.publish import PUBLISHED_LOCKED, changed_buckets, prune, publish, row_of
from server.store.rights import entitle, ever_held
from server.store.snapshot import Snapshot
from server.store.tables_sync import device as device_table
from server.store.tables_sync import operation, sync_head
from server.store.tables_sync import receipt as receipt_table
from sync.log import Change, Device, Entry, Head, Receipt, Retry, Row

OnCommit = Callable[[int, frozenset[str]], None]

_HEAD = Asked(sa.select(sync_head.c.seq, sync_head.c.epoch, sync_head.c.pruned_seq))

_FORWARD = Asked(
    sa.update(sync_head).values(seq=sync_head.c.seq + sa.bindparam("by")).returning(sync_head.c.seq)
)

_DEVICE = Asked(
    sa.select(
        device_table.c.id,
        device_table.c.person,
        device_table.c.last_n,
        device_table.c.last_at,
        device_table.c.last_origin,
        device_table.c.last_mono_ms,
    )
    .where(device_table.c.id == sa.bindparam("device"))
    .with_for_update()
)

_MOVE = (
    sa.update(device_table)
    .where(device_table.c.id == sa.bindparam("device"))
    .values({n: sa.bindparam(n) for n in ("last_n", "last_at", "last_origin", "last_mono_ms", "seen_at")})
)


class Oplog:
    """The store's log. `secret` authenticates cursors and anchors; `on_commit(seq, buckets)` is told after each
    commit what changed in this process."""

    def __init__(self, engine: Engine, secret: bytes, on_commit: OnCommit | None = None) -> None:
        self.secret = secret
        self.engine = engine
        self._on_commit = on_commit
        self._epoch: str | None = None
        store.install(engine)

    @contextmanager
    def write(self, now_ms: int) -> Iterator["Writing"]:
        """One writing transaction; see `sync.log.Log.write`."""
        with store.writing(self.engine) as connection:
            tx = Writing(connection, now_ms)
            yield tx
            touched = tx.stamp()
        if touched and self._on_commit is not None:
            self._on_commit(tx.seq, frozenset(touched))

    @contextmanager
    def read(self) -> Iterator[Snapshot]:
        """One snapshot."""
        if self._epoch is None:
            self._meet()
        with store.reading(self.engine) as connection:
            snapshot = Snapshot(connection)
            yield snapshot
        self._epoch = snapshot.epoch or self._epoch

    def epoch(self) -> str:
        """The epoch, as this process saw it last; it changes only when the database is replaced."""
        return self._epoch or self._meet().epoch

    def head(self) -> int:
        """The last seq."""
        return self._meet().seq

    def changed_buckets(self, since: int) -> set[str]:
        """Buckets in which something changed after this seq, entitlements included (as `person:<id>`)."""
        with store.reading(self.engine) as connection:
            return changed_buckets(connection, since)

    def new_epoch(self, tx: "Writing") -> str:
        """Begin a new epoch, as after a restore: phones send again what this database may have forgotten."""
        epoch = uuid.uuid4().hex
        tx.head()
        tx.connection.execute(sa.update(sync_head).values(epoch=epoch))
        self._epoch = epoch
        return epoch

    def prune(self, now_ms: int, keep_days: int) -> int:
        """Forget departures older than this; how many. Phones whose cursor is older start anew."""
        with store.writing(self.engine) as connection:
            return prune(connection, now_ms, keep_days)

    def _meet(self) -> Head:
        with store.reading(self.engine) as connection:
            found = _HEAD.row(connection)
        if found is not None:
            head = Head(*found)
        else:
            with store.writing(self.engine) as connection:
                head = make_head(connection)
        self._epoch = head.epoch
        return head


def make_head(connection: Connection) -> Head:
    """The head, made on a new database."""
    fresh = {"id": 1, "seq": 0, "epoch": uuid.uuid4().hex, "pruned_seq": 0}
    insert_new(connection, sync_head, [fresh])
    return Head(*_HEAD.rows(connection)[0])


@dataclass(slots=True)
class Writing:
    """One writing transaction. `seq`: the head it took, after `stamp`."""

    connection: Connection
    now_ms: int
    seq: int = 0
    _changes: dict[tuple[str, str], Change] = field(default_factory=dict)
    _entries: list[Entry] = field(default_factory=list)
    _receipts: list[tuple[Device, Receipt]] = field(default_factory=list)
    _entitled: dict[str, frozenset[str]] = field(default_factory=dict)
    _moved: Device | None = None

    def head(self) -> Head:
        """Where the store stood when this was read."""
        found = _HEAD.row(self.connection)
        return Head(*found) if found else make_head(self.connection)

    def device(self, device: str, person: str) -> Device:
        """The device, its row locked; made if it is new."""
        found = _DEVICE.row(self.connection, device=device)
        if found is None:
            new = {
                "id": device,
                "person": person,
                "last_n": 0,
                "made_at": self.now_ms,
                "seen_at": self.now_ms,
            }
            insert_new(self.connection, device_table, [new])
            found = _DEVICE.row(self.connection, device=device)
        return Device(*found)

    def move_device(self, device: Device) -> None:
        """Its new place, at the end of the transaction."""
        self._moved = device

    def known(self, op_ids: Sequence[str]) -> Mapping[str, Entry]:
        """Which of these operations are in the log."""
        found: dict[str, Entry] = {}
        for part in chunks(op_ids):
            rows = ENTRIES.rows(self.connection, ids=listed(self.connection, part))
            found |= {row.id: entry_of(row) for row in rows}
        return found

    def receipted(self, device: str, numbers: Sequence[int]) -> Mapping[int, list[Receipt]]:
        """Extra receipts of this device under these numbers."""
        found: dict[int, list[Receipt]] = {}
        asked = sa.select(receipt_table).where(
            receipt_table.c.device == device, receipt_table.c.n.in_(list(numbers))
        )
        for row in self.connection.execute(asked):
            found.setdefault(row.n, []).append(receipt_of(row))
        return found

    def record(
        self, entries: Iterable[Entry], receipts: Iterable[Receipt] = (), device: Device | None = None
    ) -> None:
        """Log these operations, and extra receipts for this device."""
        self._entries += entries
        self._receipts += [(device, receipt) for receipt in receipts if device is not None]

    def change(self, changes: Iterable[Change]) -> None:
        """Publish rows; the last word on a row counts."""
        self._changes |= {(change.type, change.id): change for change in changes}

    def entitle(self, person: str, buckets: Iterable[str]) -> None:
        """From now on the person is entitled to exactly these buckets."""
        self._entitled[person] = frozenset(buckets)

    def rows(self, type_: str, ids: Sequence[str]) -> Mapping[str, Row]:
        """Published rows, locked in the order of their ids; what this transaction changed included."""
        found: dict[str, Row] = {}
        for part in chunks(sorted(set(ids))):
            rows = PUBLISHED_LOCKED.rows(self.connection, ids=listed(self.connection, part), type=type_)
            found |= {row[1]: row_of(row) for row in rows}
        for id_ in ids:
            change = self._changes.get((type_, id_))
            if change is not None:
                found[id_] = Row(type_, id_, change.rev, change.buckets, change.doc)
        return found

    def ever_held(self, person: str, ids: Sequence[str], type_: str = "ticket") -> set[str]:
        """Which of these rows the person was ever entitled to see, pulled or not."""
        return ever_held(self.connection, person, ids, type_)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """What happens inside is undone alone if it raises."""
        changes = dict(self._changes)
        try:
            with self.connection.begin_nested():
                yield
        except BaseException:
            self._changes = changes
            raise

    def sort_error(self, error: Exception) -> Exception:
        """Retry, Unfit or Unavailable for an error of the database; any other error as it is."""
        return store.sort_error(error)

    def stamp(self) -> set[str]:
        """Take the head and write all that carries it; the buckets in which something changed."""
        if not (self._changes or self._entries or self._receipts or self._entitled or self._moved):
            return set()
        taken = max(1, len(self._changes))
        self.seq = self._take_head(taken)
        touched = publish(
            self.connection, list(self._changes.values()), self.seq - taken + 1, self.now_ms
        ) | entitle(self.connection, self._entitled, self.seq, self.now_ms)
        self._log()
        if self._moved is not None:
            self._move(self._moved)
        return touched

    def _take_head(self, by: int) -> int:
        found = _FORWARD.rows(self.connection, by=by)
        if not found:
            make_head(self.connection)
            found = _FORWARD.rows(self.connection, by=by)
        return int(found[0][0])

    def _log(self) -> None:
        try:
            entries = [entry_values(entry, self.seq) for entry in self._entries]
            insert(self.connection, operation, entries)
            extra = [receipt_values(device, receipt, self.seq) for device, receipt in self._receipts]
            insert(self.connection, receipt_table, extra)
        except sa.exc.IntegrityError as error:
            # Somebody else logged the same id since we asked: run again, and it is a duplicate.
            raise Retry("an operation was logged twice at once") from error

    def _move(self, device: Device) -> None:
        bound = {
            "device": device.id,
            "last_n": device.last_n,
            "last_at": device.last_at_ms,
            "last_origin": device.last_origin,
            "last_mono_ms": device.last_mono_ms,
            "seen_at": self.now_ms,
        }
        self.connection.execute(_MOVE, bound)
