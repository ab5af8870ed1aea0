"""Push: operations go up, each ends applied, kept, refused or duplicate. Nothing is told before COMMIT."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sync.batch import Desk, OnFault, Task, carry_out
from sync.clock import Tap, judge, make_anchor, read_anchor, rfc3339, sample, steadiness
from sync.envelope import Envelope, read_envelope
from sync.log import Author, Device, Entry, Handler, Log, Receipt, SyncConflict, Verdict, Writing, transact
from sync.op import Broken, Op
from sync.sift import Sieve, Sifted, Slot

Words = Callable[[str, Mapping[str, Any]], str]


def push(
    log: Log,
    handler: Handler,
    envelope: object,
    author: Author,
    now_ms: int,
    *,
    words: Words | None = None,
    on_fault: OnFault | None = None,
) -> dict[str, Any]:
    """Carry out a push and answer it as the protocol says.

    `author` is the signed-in person; `words(code, details)` renders messages in the request's language.
    Raises SyncConflict (wrong_user, device_taken, epoch, device_forked, gap), SyncInvalid, SyncTooLarge,
    Unavailable. At a gap, what stood before it is stored.
    """
    wish = read_envelope(envelope)
    if wish.user != author.person:
        raise SyncConflict("wrong_user")
    desk = Desk(handler, replace(author, device=wish.device), now_ms, on_fault)

    def attempt(tx: Writing, careful: bool) -> Sifted:
        return _attempt(tx, desk, wish, log.secret, careful=careful)

    sifted = transact(log, now_ms, attempt)
    if sifted.gap:
        raise SyncConflict("gap", expected_n=sifted.last_n + 1)
    return {
        "time": answer_time(log.secret, now_ms, author.person, wish.device),
        "last_n": sifted.last_n,
        "results": [result(slot, words) for slot in sifted.slots],
    }


def answer_time(secret: bytes, now_ms: int, person: str, device: str) -> dict[str, str]:
    """The `time` of every sync answer: the server's moment and an anchor for it."""
    return {"server_at": rfc3339(now_ms), "anchor": make_anchor(secret, now_ms, person, device)}


def told(verdict: Verdict, words: Words | None) -> dict[str, Any]:
    """A verdict's fields on the wire: code, message, details and rev where there are any."""
    shown: dict[str, Any] = {}
    if verdict.code is not None:
        shown["code"] = verdict.code
        if words is not None:
            shown["message"] = words(verdict.code, verdict.details)
    if verdict.details:
        shown["details"] = dict(verdict.details)
    if verdict.rev is not None:
        shown["rev"] = verdict.rev
    return shown


def _attempt(tx: Writing, desk: Desk, wish: Envelope, secret: bytes, *, careful: bool) -> Sifted:
    device = tx.device(wish.device, desk.author.person)
    if device.person != desk.author.person:
        raise SyncConflict("device_taken")
    epoch = tx.head().epoch
    if wish.epoch is not None and wish.epoch != epoch:
        raise SyncConflict("epoch", epoch=epoch, last_n=device.last_n)
    sifted = Sieve(tx, desk.handler, device, wish.ops).sift()
    _date(sifted.slots, device, wish, secret, desk.received_at_ms)
    undecided = [slot for slot in sifted.slots if slot.kind == "new" and slot.verdict is None]
    tasks = [Task(slot.item, slot.moment) for slot in undecided if isinstance(slot.item, Op) and slot.moment]
    for slot, verdict in zip(undecided, carry_out(tx, desk, tasks, careful=careful), strict=True):
        slot.verdict = verdict
    entries = [
        log_entry(slot, desk.author, desk.received_at_ms) for slot in sifted.slots if slot.kind == "new"
    ]
    receipts = [_receipt(slot, desk.received_at_ms) for slot in sifted.slots if slot.owed]
    tx.record(entries, receipts, device)
    if sifted.last_n > device.last_n:
        tx.move_device(_moved(device, sifted))
    return sifted


def _date(slots: list[Slot], device: Device, wish: Envelope, secret: bytes, now_ms: int) -> None:
    """Honest time for what goes beyond the device's last number."""
    later = [slot for slot in slots if slot.item.n > device.last_n]
    last = Tap(device.last_at_ms, device.last_origin, device.last_mono_ms)
    steady = steadiness([_tap(slot.item) for slot in later], last)
    after = sample(wish.offset_ms, wish.offset_uncertainty_ms, wish.sent_at_ms, now_ms)
    anchors: dict[str, int | None] = {}  # a batch has one or two, each sealed once
    for slot, calm in zip(later, steady, strict=True):
        op = slot.item if isinstance(slot.item, Op) else None
        clock = op.clock if op else None
        if clock is not None and clock.anchor not in anchors:
            anchors[clock.anchor] = read_anchor(secret, clock.anchor, device.person, device.id)
        slot.moment = judge(
            at_ms=op.at_ms if op else None,
            clock=clock,
            anchor_ms=anchors[clock.anchor] if clock else None,
            received_ms=now_ms,
            after=after,
            steady=calm,
        )


def log_entry(slot: Slot, author: Author, received_ms: int, imported_by: str | None = None) -> Entry:
    """The log's entry for a decided operation."""
    item = slot.item
    verdict, moment, _ = slot.first()
    op = None if isinstance(item, Broken) else item
    return Entry(
        op_id=item.id,
        person=author.person,
        device=author.device if imported_by is None else None,
        n=item.n if author.device and imported_by is None else None,
        name=item.name or "",
        v=item.v,
        subject=op.subject if op else None,
        base=op.base if op else None,
        at_raw=op.at_raw if op else None,
        args_text=op.args_text if op else "{}",
        clock_text=op.clock_text if op else None,
        fingerprint=item.fingerprint,
        verdict=verdict,
        moment=moment,
        received_at_ms=received_ms,
        imported_by=imported_by,
    )


def _receipt(slot: Slot, now_ms: int) -> Receipt:
    verdict, moment, received_ms = slot.first()
    first = verdict.outcome if slot.kind == "seen" else None
    item = slot.item
    return Receipt(item.id, item.n, verdict, first, moment, received_ms or now_ms, item.fingerprint)


def _moved(device: Device, sifted: Sifted) -> Device:
    last = next(slot.item for slot in reversed(sifted.slots) if slot.consumes)
    tap = _tap(last)
    return replace(
        device,
        last_n=sifted.last_n,
        last_at_ms=tap.at_ms,
        last_origin=tap.origin,
        last_mono_ms=tap.mono_ms,
    )


def _tap(item: Op | Broken) -> Tap:
    if isinstance(item, Broken):
        return Tap(None)
    clock = item.clock
    return Tap(item.at_ms, clock.origin if clock else None, clock.mono_ms if clock else None)


def result(slot: Slot, words: Words | None) -> dict[str, Any]:
    """What the author is told at once of one operation."""
    verdict = slot.first()[0] if slot.kind == "seen" else slot.verdict
    if verdict is None:
        raise AssertionError("an operation is decided before it is told")
    shown: dict[str, Any] = {"id": slot.item.id, "n": slot.item.n, "outcome": verdict.outcome}
    if slot.kind == "seen":
        shown |= {"outcome": "duplicate", "first": verdict.outcome}
    return shown | told(verdict, words)
