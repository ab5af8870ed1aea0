"""The port: what sync asks of a store, and what the server registers as the meaning of operations.

One commit-ordered counter (`seq`, the head) runs per store. A writing transaction locks what it needs,
decides, writes, and takes the head last, holding it to the commit; so whoever follows the head misses
nothing. A row's `rev` is its own counter, never the head.
"""

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

from sync.clock import Moment
from sync.op import Op

RETRIES = 3
T = TypeVar("T")


class Retry(Exception):
    """The transaction lost against another (deadlock, serialization, busy): run all of it again."""


class Unfit(Exception):
    """The store cannot take a value that an operation brought, or its handler failed while saving it."""


class Unavailable(Exception):
    """The store is gone, full, read-only or too busy; nothing was written. `retry_after_s` is a hint."""

    retry_after_s = 2


class SyncRefusal(Exception):
    """A whole request is refused: `code` and `details` for the one error shape."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


class SyncConflict(SyncRefusal):
    """wrong_user, device_taken, epoch, device_forked, gap (409 on the wire)."""


class SyncInvalid(SyncRefusal):
    """invalid_envelope, bad_cursor (400 on the wire)."""


class SyncTooLarge(SyncRefusal):
    """too_large: more than 100 operations (413 on the wire)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an operation: applied | kept | refused; `rev` is its row's after it.

    `then`: what follows from it, carried out right after it in the same transaction (PROTOCOL: consequences).
    """

    outcome: str
    code: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    rev: int | None = None
    then: "tuple[Follow, ...]" = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A row after the transaction. `gone` and `into` are told to those who lose it by this change."""

    type: str
    id: str
    rev: int
    buckets: frozenset[str]
    doc: str  # JSON text
    gone: str | None = None  # moved (default) | closed | merged
    into: str | None = None  # with merged: the survivor's id


@dataclass(frozen=True, slots=True)
class Author:
    """Whose operation it is: a person's id, `system` or `city`. `actor` speaks to the handler only."""

    person: str
    device: str | None = None
    actor: Any = None


@dataclass(frozen=True, slots=True)
class Follow:
    """An operation that follows from another. Its id is made from its cause: what is in the log is not repeated."""

    op: Op
    author: Author


class Work(Protocol):
    """A batch in memory."""

    def apply(self, op: Op, moment: Moment, received_at_ms: int, author: Author) -> Verdict:
        """Decide one operation. If it raises, nothing in the work has changed.

        Subjects of what follows were not named to `open`: they are locked and loaded when they come.
        """

    def save(self) -> list[Change]:
        """Write the handler's own tables in bulk; every row that changed, as it is now."""


class Handler(Protocol):
    """What operations mean. Implemented by the server."""

    def knows(self, name: str, v: int) -> bool:
        """Whether this operation in this version is (still) understood."""

    def upcast(self, op: Op) -> Op:
        """The same operation in today's version."""

    def open(self, tx: "Writing", subjects: Sequence[str], author: Author) -> Work:
        """Lock the subjects, sorted by id, and load what the batch needs, in bulk."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation in the log. `device` and `n` are None for what came by no phone."""

    op_id: str
    person: str
    device: str | None
    n: int | None
    name: str
    v: int
    subject: str | None
    base: int | None
    at_raw: str | None
    args_text: str
    clock_text: str | None
    fingerprint: str
    verdict: Verdict
    moment: Moment
    received_at_ms: int
    imported_by: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a device is told of one of its numbers. `first` is set for a duplicate: the outcome it had."""

    op_id: str
    n: int
    verdict: Verdict
    first: str | None
    moment: Moment
    received_at_ms: int
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Device:
    """A phone's place in its numbering, and the last tap seen of it."""

    id: str
    person: str
    last_n: int = 0
    last_at_ms: int | None = None
    last_origin: str | None = None
    last_mono_ms: float | None = None


class Row(NamedTuple):
    """The latest state of a row. A tuple, for a page has hundreds."""

    type: str
    id: str
    rev: int
    buckets: frozenset[str]
    doc: str | bytes  # JSON text, or its UTF-8 where a store has it at hand: it is only passed on


class FeedRow(NamedTuple):
    """The latest change of a row in a bucket; `gone` set: it left. `since`: the seq at which it came in."""

    bucket: str
    type: str
    id: str
    seq: int
    since: int
    gone: str | None
    into: str | None


@dataclass(frozen=True, slots=True)
class Range:
    """What is wanted of a bucket: changes after `after`, departures only after `gone_after`; with
    `entered_by`, only rows that came in no later than that."""

    bucket: str
    after: int
    gone_after: int
    entered_by: int | None = None


class Head(NamedTuple):
    """Where the store stands: last seq, epoch, and up to where departures were pruned."""

    seq: int
    epoch: str
    pruned_seq: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What a pull begins with: the head, the device's person (None: unknown device), the reader's buckets."""

    head: Head
    owner: str | None
    entitled: frozenset[str]


class Writing(Protocol):
    """One writing transaction. What is handed over by `record`, `change` and `entitle` is stamped with the
    head at its end."""

    def head(self) -> Head:
        """Where the store stood when this was read (the head moves on until it is taken)."""

    def device(self, device: str, person: str) -> Device:
        """The device, locked; made if it is new. It may turn out to be another person's."""

    def move_device(self, device: Device) -> None:
        """Its new place, at the end of the transaction."""

    def known(self, op_ids: Sequence[str]) -> Mapping[str, Entry]:
        """Which of these operations are in the log."""

    def receipted(self, device: str, numbers: Sequence[int]) -> Mapping[int, list[Receipt]]:
        """Extra receipts (duplicates, broken ones) that this device has under these numbers."""

    def record(
        self, entries: Iterable[Entry], receipts: Iterable[Receipt] = (), device: Device | None = None
    ) -> None:
        """Log these operations, and extra receipts for this device."""

    def change(self, changes: Iterable[Change]) -> None:
        """Publish rows; the last word on a row counts."""

    def entitle(self, person: str, buckets: Iterable[str]) -> None:
        """From now on the person is entitled to exactly these buckets."""

    def rows(self, type_: str, ids: Sequence[str]) -> Mapping[str, Row]:
        """Published rows, locked in the order of their ids."""

    def ever_held(self, person: str, ids: Sequence[str], type_: str = "ticket") -> set[str]:
        """Which of these rows the person was ever entitled to see, pulled or not."""

    def savepoint(self) -> AbstractContextManager[None]:
        """What happens inside is undone alone if it raises."""

    def sort_error(self, error: Exception) -> Exception:
        """Retry, Unfit or Unavailable for an error of the store; any other error as it is."""


class Reading(Protocol):
    """One snapshot."""

    def standing(self, person: str, device: str) -> Standing:
        """Where the store, the device and the person stand."""

    def feed(self, ranges: Sequence[Range], limit: int) -> list[FeedRow]:
        """The first `limit` feed rows of these ranges together, by seq."""

    def published(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Row]:
        """Rows by (type, id)."""

    def receipts(self, device: str, person: str, after_seq: int) -> list[Receipt]:
        """Receipts of this device's operations after this seq, by n."""

    def digests(self, buckets: Iterable[str]) -> Mapping[str, tuple[int, int]]:
        """Count and checksum of live rows per bucket; a bucket without rows may be missing."""


class Log(Protocol):
    """A store that keeps the log of operations, the feed and the entitlements."""

    secret: bytes  # authenticates cursors and anchors

    def write(self, now_ms: int) -> AbstractContextManager[Writing]:
        """One writing transaction: committed at the end, undone on an exception. Raises Retry, Unfit,
        Unavailable."""

    def read(self) -> AbstractContextManager[Reading]:
        """One snapshot."""

    def epoch(self) -> str:
        """The store's epoch; another one after a restore."""


def transact(log: Log, now_ms: int, body: Callable[[Writing, bool], T]) -> T:
    """Run `body(tx, careful)` in a writing transaction.

    All of it is run again, up to three times, after Retry; and once more with `careful=True` after Unfit,
    where the body gives each operation a savepoint of its own. Raises Unavailable when it keeps losing.
    """
    careful, lost = False, 0
    while True:
        try:
            with log.write(now_ms) as tx:
                return body(tx, careful)
        except Retry as error:
            lost += 1
            if lost > RETRIES:
                raise Unavailable("the store is too busy") from error
            time.sleep(random.uniform(0.002, 0.02) * lost)  # noqa: S311 - jitter, not a secret
        except Unfit:
            if careful:
                raise
            careful = True
