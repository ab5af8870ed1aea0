"""Sifting a push: which operations are new, seen before, other than their known id, or too broken to log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sync.clock import Moment
from sync.log import Device, Entry, Handler, Receipt, SyncConflict, Verdict, Writing
from sync.op import VOID, Broken, Op, void_code

Kind = Literal["new", "aside", "seen", "mismatch"]
MISMATCH = Verdict("refused", "op_mismatch")


@dataclass(slots=True)
class Slot:
    """One operation of the envelope.

    kind: `new` gets an entry in the log; `aside` is refused and gets a receipt only, for its id is no id or
    is taken; `seen` was known, as `before`; `mismatch` is another operation under a known id.
    consumes: it takes its number. owed: a receipt is still to be written for it.
    """

    item: Op | Broken
    kind: Kind
    consumes: bool
    owed: bool = False
    verdict: Verdict | None = None
    moment: Moment | None = None
    before: "Entry | Receipt | Slot | None" = None

    def first(self) -> tuple[Verdict, Moment, int | None]:
        """What it came to when first seen, when that happened, and when it was received (None: now)."""
        before = self.before
        while isinstance(before, Slot) and before.before is not None:
            before = before.before
        if isinstance(before, Entry | Receipt):
            return before.verdict, before.moment, before.received_at_ms
        twin = before or self
        if twin.verdict is None or twin.moment is None:
            raise AssertionError("an operation is decided before it is told")
        return twin.verdict, twin.moment, None


@dataclass(frozen=True, slots=True)
class Sifted:
    """The slots up to the first hole; `gap`: there was one that the phone must fill."""

    slots: list[Slot]
    last_n: int
    gap: bool


class Sieve:
    """Sifts one envelope against what the log knows. Raises SyncConflict device_forked."""

    def __init__(self, tx: Writing, handler: Handler, device: Device, items: Sequence[Op | Broken]) -> None:
        self._tx = tx
        self._handler = handler
        self._device = device
        self._items = items
        self._receipted: Mapping[int, list[Receipt]] | None = None

    def sift(self) -> Sifted:
        """Each operation in turn, until a number is missing."""
        ids = [item.id for item in self._items if _loggable(item)]
        known: dict[str, Entry | Slot] = dict(self._tx.known(ids)) if ids else {}
        slots: list[Slot] = []
        last_n, stuck = self._device.last_n, False
        for item in self._items:
            if item.n > last_n + 1:
                # After a mismatch, which takes no number, the rest waits for the phone to void it.
                return Sifted(slots, last_n, gap=not stuck)
            before = known.get(item.id) if _loggable(item) else None
            slot = self._old(item, before) if item.n <= last_n else self._next(item, before)
            slots.append(slot)
            if slot.consumes:
                last_n, stuck = item.n, False
                if _loggable(item):
                    known.setdefault(item.id, slot)
            elif item.n == last_n + 1:
                stuck = True
        return Sifted(slots, last_n, gap=False)

    def _next(self, item: Op | Broken, before: Entry | Slot | None) -> Slot:
        """The operation that follows the last one."""
        verdict = _at_sight(item, self._handler)
        if before is None:
            if _loggable(item):
                return Slot(item, "new", consumes=True, verdict=verdict)
            return Slot(item, "aside", consumes=True, owed=True, verdict=verdict)
        if self._same(item, before):
            return Slot(item, "seen", consumes=True, owed=True, before=before)
        if isinstance(item, Op) and item.name == VOID:
            return Slot(item, "aside", consumes=True, owed=True, verdict=verdict)
        return Slot(item, "mismatch", consumes=False, verdict=MISMATCH)

    def _old(self, item: Op | Broken, before: Entry | Slot | None) -> Slot:
        """An operation whose number was used before: sent again, or by a cloned or rolled-back phone."""
        receipt = self._receipt(item, before)
        if receipt is not None:
            return Slot(item, "seen", consumes=False, before=receipt)
        if before is None:
            raise SyncConflict("device_forked")
        if not self._same(item, before):
            return Slot(item, "mismatch", consumes=False, verdict=MISMATCH)
        mine = isinstance(before, Entry) and (before.device, before.n) == (self._device.id, item.n)
        return Slot(item, "seen", consumes=False, owed=not mine, before=before)

    def _receipt(self, item: Op | Broken, before: Entry | Slot | None) -> Receipt | None:
        """The extra receipt this very operation got under this number."""
        if isinstance(before, Entry) and (before.device, before.n) == (self._device.id, item.n):
            return None
        if self._receipted is None:
            self._receipted = self._tx.receipted(self._device.id, [each.n for each in self._items])
        for receipt in self._receipted.get(item.n, ()):
            if receipt.op_id == item.id and receipt.fingerprint == item.fingerprint:
                return receipt
        return None

    def _same(self, item: Op | Broken, before: Entry | Slot) -> bool:
        if isinstance(before, Entry):
            return before.person == self._device.person and before.fingerprint == item.fingerprint
        return before.item.fingerprint == item.fingerprint


def _at_sight(item: Op | Broken, handler: Handler) -> Verdict | None:
    """The verdict on what needs no looking into: broken operations and void ones."""
    if isinstance(item, Broken):
        if item.name is not None and item.name != VOID and not handler.knows(item.name, item.v):
            return Verdict("refused", "unknown_op")
        return Verdict("refused", item.code, item.details)
    if item.name == VOID:
        code = void_code(item)
        return Verdict("refused", code) if code else Verdict("refused", "invalid_args", {"field": "code"})
    return None


def _loggable(item: Op | Broken) -> bool:
    return isinstance(item, Op) or item.storable
