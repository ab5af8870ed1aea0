"""Operations that come by no push: the server's own, or of an outbox file. The same path, the same log."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sync.batch import Desk, OnFault, Task, carry_out
from sync.clock import Moment, judge, proven, read_anchor
from sync.log import Author, Handler, Log, SyncConflict, SyncInvalid, SyncTooLarge, Verdict, Writing, transact
from sync.op import UUID, VOID, Broken, Op, parse_op
from sync.push import Words, log_entry, result
from sync.sift import MISMATCH, Slot

MAX_IMPORTED = 5_000


def perform(
    log: Log,
    handler: Handler,
    ops: Sequence[Op],
    author: Author,
    now_ms: int,
    *,
    moment: Moment | Mapping[str, Moment] | None = None,
    on_fault: OnFault | None = None,
) -> list[Verdict]:
    """Carry out operations of the server's own (intake, timer, import of tickets, a photo's arrival).

    Their ids come from the caller, deterministic where the cause can come twice: a known id with the same
    content gives the verdict it had, with other content `refused/op_mismatch`. They happened now, proven,
    unless `moment` says otherwise, for all of them or by id. Raises Unavailable.
    """
    by_id = moment if isinstance(moment, Mapping) else dict.fromkeys((op.id for op in ops), moment)

    def attempt(tx: Writing, careful: bool) -> list[Verdict]:
        desk = Desk(handler, author, now_ms, on_fault)
        return _perform(tx, desk, ops, by_id, careful=careful)

    return transact(log, now_ms, attempt)


def perform_in(
    tx: Writing,
    handler: Handler,
    ops: Sequence[Op],
    author: Author,
    now_ms: int,
) -> list[Verdict]:
    """The same inside a writing transaction that the caller holds, each operation in its own savepoint."""
    return _perform(tx, Desk(handler, author, now_ms), ops, {}, careful=True)


def import_batch(
    log: Log,
    handler: Handler,
    file: object,
    author: Author,
    now_ms: int,
    *,
    imported_by: str,
    words: Words | None = None,
    on_fault: OnFault | None = None,
) -> list[dict[str, Any]]:
    """Carry out the operations of an outbox file `{user, device, ops}` for its author; results as of a push.

    Author and ids are kept, `imported_by` is noted, no number is consumed, trust is at most `unverified`; the
    phone's own later push finds duplicates. Raises SyncInvalid, SyncConflict wrong_user, Unavailable.
    """
    device, items = _read_file(file, author)
    desk = Desk(handler, replace(author, device=device), now_ms, on_fault)

    def attempt(tx: Writing, careful: bool) -> list[Slot]:
        return _import(tx, desk, items, (log.secret, imported_by), careful=careful)

    slots = transact(log, now_ms, attempt)
    return [result(slot, words) for slot in slots]


def _perform(
    tx: Writing, desk: Desk, ops: Sequence[Op], moments: Mapping[str, Moment | None], *, careful: bool
) -> list[Verdict]:
    slots = _known_or_new(tx, desk, ops)
    for slot in slots:
        slot.moment = moments.get(slot.item.id) or proven(desk.received_at_ms)
    _decide(tx, desk, slots, careful=careful)
    tx.record([log_entry(slot, desk.author, desk.received_at_ms) for slot in slots if slot.kind == "new"])
    return [slot.first()[0] for slot in slots]


def _import(
    tx: Writing, desk: Desk, items: Sequence[Op | Broken], by: tuple[bytes, str], *, careful: bool
) -> list[Slot]:
    secret, imported_by = by
    slots = _known_or_new(tx, desk, items)
    for slot in slots:
        slot.moment = _imported_moment(slot.item, desk, secret)
        if slot.kind == "new" and isinstance(slot.item, Broken):
            slot.verdict = Verdict("refused", slot.item.code, slot.item.details)
        elif slot.kind == "new" and slot.item.name == VOID:
            slot.verdict = Verdict("refused", "void")
    _decide(tx, desk, slots, careful=careful)
    # What came to nothing is not logged: the phone itself shall hear of it, under its own number.
    fresh = [slot for slot in slots if slot.kind == "new" and isinstance(slot.item, Op)]
    tx.record(
        [
            log_entry(slot, desk.author, desk.received_at_ms, imported_by)
            for slot in fresh
            if slot.item.name != VOID
        ]
    )
    return slots


def _known_or_new(tx: Writing, desk: Desk, items: Sequence[Op | Broken]) -> list[Slot]:
    known: dict[str, Any] = dict(tx.known([item.id for item in items if UUID.fullmatch(item.id)]))
    slots = []
    for item in items:
        before = known.get(item.id)
        if before is None:
            slot = Slot(item, "new", consumes=False)
            known[item.id] = slot
        else:
            mark = before.item.fingerprint if isinstance(before, Slot) else before.fingerprint
            whose = desk.author.person if isinstance(before, Slot) else before.person
            same = (mark, whose) == (item.fingerprint, desk.author.person)
            slot = Slot(item, "seen" if same else "mismatch", consumes=False, before=before if same else None)
            slot.verdict = None if same else MISMATCH
        slots.append(slot)
    return slots


def _decide(tx: Writing, desk: Desk, slots: Sequence[Slot], *, careful: bool) -> None:
    undecided = [slot for slot in slots if slot.kind == "new" and slot.verdict is None]
    tasks = [Task(slot.item, slot.moment) for slot in undecided if isinstance(slot.item, Op) and slot.moment]
    for slot, verdict in zip(undecided, carry_out(tx, desk, tasks, careful=careful), strict=True):
        slot.verdict = verdict


def _imported_moment(item: Op | Broken, desk: Desk, secret: bytes) -> Moment:
    op = item if isinstance(item, Op) else None
    clock = op.clock if op else None
    anchor_ms = None
    if clock is not None and desk.author.device:
        anchor_ms = read_anchor(secret, clock.anchor, desk.author.person, desk.author.device)
    moment = judge(
        at_ms=op.at_ms if op else None,
        clock=clock,
        anchor_ms=anchor_ms,
        received_ms=desk.received_at_ms,
        after=None,
        steady=False,
    )
    return replace(moment, trust="unverified")


def _read_file(file: object, author: Author) -> tuple[str | None, list[Op | Broken]]:
    if not isinstance(file, dict) or not isinstance(file.get("ops"), list):
        raise SyncInvalid("invalid_envelope", field="ops")
    user: object = file.get("user")
    if isinstance(user, Mapping):
        user = user.get("id")
    if user != author.person:
        raise SyncConflict("wrong_user")
    ops = file["ops"]
    if len(ops) > MAX_IMPORTED:
        raise SyncTooLarge("too_large", limit=MAX_IMPORTED)
    if not all(isinstance(op, dict) for op in ops):
        raise SyncInvalid("invalid_envelope", field="ops")
    device = file.get("device")
    known_device = device.lower() if isinstance(device, str) and UUID.fullmatch(device.lower()) else None
    numbers = [op.get("n") for op in ops]
    return known_device, [
        parse_op(op, n if type(n) is int and 0 < n < 2**53 else 0) for op, n in zip(ops, numbers, strict=True)
    ]
