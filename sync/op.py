"""Operations as they come off the wire, and their ids.

An operation is judged by itself: what is malformed becomes `Broken`, is refused, consumes its `n` and never
blocks the next. Unknown fields are ignored, so that a newer phone can speak to an older server.
"""

import hashlib
import json
import os
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sync.clock import Clock, parse_rfc3339, read_clock

MAX_OP_CHARS = 65_536
MAX_DEPTH = 32
MAX_SAFE_INT = 2**53 - 1  # what JavaScript can count
VOID = "void"

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9_.]{0,63}", re.ASCII)
_STRANGE = re.compile(r"[^!-~]")
_LONG_NUMBER = re.compile(r"\d{16}", re.ASCII)
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
# What was parsed from JSON holds no circle, so none is looked for.
_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
)


@dataclass(frozen=True, slots=True)
class Op:
    """One operation. `n` is 0 if it was born on the server; `at_raw` is the device's time as it was sent."""

    id: str
    n: int
    name: str
    v: int
    subject: str | None
    base: int | None
    at_ms: int | None
    at_raw: str | None
    clock: Clock | None
    args: Mapping[str, Any]
    args_text: str = field(repr=False)
    clock_text: str | None = field(repr=False)
    fingerprint: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Broken:
    """What cannot be carried out as it came. `id` is what the client called it, valid or not."""

    id: str
    n: int
    name: str | None
    v: int
    code: str
    details: dict[str, Any]
    fingerprint: str

    @property
    def storable(self) -> bool:
        """Whether its id can stand in the log of operations."""
        return UUID.fullmatch(self.id) is not None


def uuid7(now_ms: int, mark: bytes = b"") -> str:
    """A UUIDv7 (RFC 9562) for this moment, lower case: a new one, or of at least 10 given bytes always the same."""
    number = (now_ms & (2**48 - 1)) << 80 | int.from_bytes(mark[:10] or os.urandom(10), "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=number))


def make_op(
    op_id: str,
    name: str,
    subject: str | None,
    args: Mapping[str, Any],
    *,
    base: int | None = None,
    at_ms: int | None = None,
    v: int = 1,
) -> Op:
    """An operation born on the server (intake, timer, import): no device, no `n`."""
    text = _canonical(args)
    mark = _mark((name, v), subject, base, None, text)
    return Op(op_id, 0, name, v, subject, base, at_ms, None, None, args, text, None, mark)


def fingerprint(raw: Mapping[str, Any]) -> str:
    """SHA-256 over an operation's content (name, v, subject, base, at, args), as hex."""
    return parse_op(raw, 1).fingerprint


def parse_op(raw: Mapping[str, Any], n: int) -> Op | Broken:
    """The operation with this number, or why it cannot be carried out (`invalid_args`, `too_large`)."""
    op_id = raw.get("id")
    shown_id = _STRANGE.sub("?", op_id.lower()[:64]) if isinstance(op_id, str) else ""
    name, v, args = raw.get("name"), raw.get("v", 1), raw.get("args", {})
    v = v if type(v) is int and 0 < v < 10_000 else 0
    at_raw = _at_raw(raw.get("at"))
    base, subject = raw.get("base"), raw.get("subject")
    if isinstance(subject, str):
        subject = subject.lower()
    good_name = name if isinstance(name, str) and _NAME.fullmatch(name) else None

    def broken(code: str, mark: str, **details: Any) -> Broken:
        return Broken(shown_id, n, good_name, v, code, details, mark)

    try:
        text = _canonical(args)
        mark = _mark((str(name)[:80], v), subject, base, at_raw, text)
    except (ValueError, TypeError, RecursionError):
        return broken("invalid_args", "", field="args")
    wrong = _wrong_field(shown_id, good_name, subject, base) or _wrong_args(args, text)
    if wrong:
        return broken("invalid_args", mark, field=wrong)
    if len(text) > MAX_OP_CHARS:
        return broken("too_large", mark, limit=MAX_OP_CHARS)
    clock = raw.get("clock")
    return Op(
        shown_id,
        n,
        str(good_name),
        v,
        subject,
        base,
        _at_ms(at_raw),
        at_raw,
        read_clock(clock),
        args,
        text,
        _clock_text(clock),
        mark,
    )


def void_code(op: Op) -> str | None:
    """Why a `void` operation gives up its number, or None if it does not say so properly."""
    code = op.args.get("code")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None


def _wrong_field(op_id: str, name: str | None, subject: object, base: object) -> str | None:
    if not UUID.fullmatch(op_id):
        return "id"
    if name is None:
        return "name"
    if subject is None:
        if name != VOID:
            return "subject"
    elif not isinstance(subject, str) or not UUID.fullmatch(subject):
        return "subject"
    if base is not None and not _safe(base):
        return "base"
    return None


def _wrong_args(args: object, text: str) -> str | None:
    return "args" if not isinstance(args, dict) or _unstorable(args, text) else None


def _unstorable(args: dict[str, Any], text: str) -> bool:
    """NUL, which no PostgreSQL text takes; numbers no database takes; nesting no reader takes."""
    if "\\u0000" in text and _any(args, lambda leaf: isinstance(leaf, str) and "\0" in leaf):
        return True
    if text.count("[") + text.count("{") > MAX_DEPTH and _too_deep(args):
        return True
    return _LONG_NUMBER.search(text) is not None and _any(
        args, lambda leaf: type(leaf) is int and abs(leaf) > MAX_SAFE_INT
    )


def _any(value: Any, test: Any) -> bool:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item.keys())
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        elif test(item):
            return True
    return False


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return True


def _canonical(value: Any) -> str:
    text = _ENCODER.encode(value)
    text.encode()  # a lone surrogate has no place in UTF-8: ValueError
    return text


def _safe(number: object) -> bool:
    return type(number) is int and 0 <= number <= MAX_SAFE_INT


def _mark(what: tuple[str, int], subject: object, base: object, at_raw: str | None, text: str) -> str:
    name, v = what
    of = subject if isinstance(subject, str | None) else type(subject).__name__
    on = base if isinstance(base, float | None) or _safe(base) else type(base).__name__
    whole = f"{name}\n{v}\n{of}\n{on}\n{at_raw}\n{text}"
    return hashlib.sha256(whole.encode("utf-8", "backslashreplace")).hexdigest()


def _at_raw(at: object) -> str | None:
    if at is None:
        return None
    return _STRANGE.sub("?", at[:40]) if isinstance(at, str) else f"<{type(at).__name__}>"


def _at_ms(at_raw: str | None) -> int | None:
    try:
        return parse_rfc3339(at_raw) if at_raw else None
    except ValueError:
        return None


def _clock_text(clock: object) -> str | None:
    """The clock's claims as they came, kept as evidence; what is absurd is not worth keeping."""
    if clock is None:
        return None
    try:
        text = _canonical(clock)
    except (ValueError, TypeError, RecursionError):
        return None
    return text if len(text) <= 1_000 else None
