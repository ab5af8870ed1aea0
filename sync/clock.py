"""Honest time: when something happened, within which bounds, and how far that can be trusted.

Instants are int milliseconds UTC inside and RFC 3339 UTC with milliseconds on the wire. Nothing here reads a
clock: the server's `now` is an argument. Rules: PROTOCOL.md, “Honest time”.
"""

import base64
import binascii
import hashlib
import hmac
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

DAY_MS = 86_400_000
AGREE_MS = 2_000  # wall and monotonic clock, and the sample's uncertainty, for `proven`
OFFSETS_AGREE_MS = 30_000  # offsets before and after, for `probable`
DRIFT_MS_PER_DAY = 2_000  # what a phone's quartz may lose or gain
NO_BOUND_MS = 0  # lower bound of what carries no valid anchor: nothing is known

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


def rfc3339(at_ms: int) -> str:
    """`2026-11-22T04:05:00.000Z` for milliseconds UTC (years 1 to 9999)."""
    moment = _EPOCH + timedelta(milliseconds=at_ms)
    return f"{moment.isoformat(timespec='milliseconds')[:23]}Z"


def parse_rfc3339(text: str) -> int:
    """Milliseconds UTC of an RFC 3339 time with a zone; ValueError for anything else."""
    if not _RFC3339.fullmatch(text):
        raise ValueError("not an RFC 3339 time")
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """When it happened: never outside `[from_ms, to_ms]`. trust: proven | probable | unverified."""

    occurred_at_ms: int
    from_ms: int
    to_ms: int
    trust: str


@dataclass(frozen=True, slots=True)
class Clock:
    """What an operation says of the device's clocks at the tap. Claims, but for the anchor's own moment."""

    anchor: str
    anchor_device_at_ms: int
    anchor_mono_ms: float | None  # None: the anchor is of another page life
    origin: str | None
    mono_ms: float | None
    uncertainty_ms: float


@dataclass(frozen=True, slots=True)
class Sample:
    """Server − device as this push saw it."""

    offset_ms: float
    uncertainty_ms: float


@dataclass(frozen=True, slots=True)
class Tap:
    """The device's own times of one operation, to see its clock step along `n`."""

    at_ms: int | None
    origin: str | None = None
    mono_ms: float | None = None


def proven(now_ms: int) -> Moment:
    """The moment of what is born on the server itself."""
    return Moment(now_ms, now_ms, now_ms, "proven")


def read_clock(raw: object) -> Clock | None:
    """The `clock` of an operation; None if missing or malformed, for work is never refused for a clock."""
    if not isinstance(raw, Mapping):
        return None
    anchor, device_at = raw.get("anchor"), raw.get("anchor_device_at")
    origin = raw.get("origin")
    uncertainty = finite(raw.get("uncertainty_ms"))
    if (
        not isinstance(anchor, str)
        or not isinstance(device_at, str)
        or uncertainty is None
        or uncertainty < 0
    ):
        return None
    try:
        device_at_ms = parse_rfc3339(device_at)
    except ValueError:
        return None
    return Clock(
        anchor,
        device_at_ms,
        finite(raw.get("anchor_mono_ms")),
        origin if isinstance(origin, str) else None,
        finite(raw.get("mono_ms")),
        uncertainty,
    )


def finite(value: Any) -> float | None:
    """A JSON number as float; None for anything else, infinities and absurd sizes included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return float(value) if -1e15 < value < 1e15 else None


def judge(
    *,
    at_ms: int | None,
    clock: Clock | None,
    anchor_ms: int | None,
    received_ms: int,
    after: Sample | None,
    steady: bool,
) -> Moment:
    """When it happened, by PROTOCOL.md's table.

    `anchor_ms` is the authentic moment of the clock's anchor (None: no valid one), `after` the offset seen by
    this push, `steady` false where the device's clock was seen stepping back around this operation.
    """
    if anchor_ms is None or clock is None or anchor_ms > received_ms:
        offset = after.offset_ms if after else 0
        guess = received_ms if at_ms is None else at_ms + offset
        return _within(guess, NO_BOUND_MS, received_ms, "unverified")
    same_life = _proven(at_ms, clock, anchor_ms)
    if same_life is not None and same_life <= received_ms + AGREE_MS:
        return _within(same_life, anchor_ms, received_ms, "proven")
    if at_ms is None:
        return _within(received_ms, anchor_ms, received_ms, "unverified")
    before = anchor_ms - clock.anchor_device_at_ms
    trust = "unverified"
    if after is not None and steady:
        days = (received_ms - anchor_ms) / DAY_MS
        allowed = OFFSETS_AGREE_MS + clock.uncertainty_ms + after.uncertainty_ms + DRIFT_MS_PER_DAY * days
        if (
            abs(before - after.offset_ms) <= allowed
            and anchor_ms - allowed <= at_ms + before <= received_ms + allowed
            and not _fell_behind(at_ms, clock)
        ):
            trust = "probable"
    return _within(at_ms + before, anchor_ms, received_ms, trust)


def steadiness(taps: list[Tap], last: Tap | None) -> list[bool]:
    """For each tap, in order of `n`, whether the clock was steady around it; `last` is the tap before them.

    A clock that ran backwards between two operations makes both suspect: either the earlier was made while it
    was ahead, or the later while it was behind. Wall time falling behind the monotonic clock of the same page
    life is the same thing; running ahead of it is only a phone that slept.
    """
    steady = [True] * len(taps)
    walls = [] if last is None or last.at_ms is None else [(-1, float(last.at_ms))]
    lives: dict[str, list[tuple[int, float]]] = {}
    for index, tap in enumerate(([last] if last else []) + taps, start=-1 if last else 0):
        if tap.at_ms is None:
            continue
        if index >= 0:
            walls.append((index, float(tap.at_ms)))
        if tap.origin is not None and tap.mono_ms is not None:
            lives.setdefault(tap.origin, []).append((index, tap.at_ms - tap.mono_ms))
    for series in (walls, *lives.values()):
        for index in _inversions(series):
            if index >= 0:
                steady[index] = False
    return steady


def sample(
    offset_ms: float | None, uncertainty_ms: float | None, sent_at_ms: int | None, received_ms: int
) -> Sample | None:
    """This push's own view of server − device: its stamped sample, else receipt − `sent_at`."""
    if offset_ms is not None:
        return Sample(offset_ms, max(uncertainty_ms or 0.0, 0.0))
    if sent_at_ms is not None:
        return Sample(float(received_ms - sent_at_ms), 0.0)
    return None


def make_anchor(secret: bytes, now_ms: int, user: str, device: str) -> str:
    """An opaque token for this moment, user and device."""
    stamp = now_ms.to_bytes(8, "big")
    return base64.urlsafe_b64encode(stamp + _seal(secret, stamp, user, device)).decode()


def read_anchor(secret: bytes, token: str, user: str, device: str) -> int | None:
    """The moment of an anchor, or None if it is not authentic for this user and device."""
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    stamp, seal = raw[:8], raw[8:]
    if not hmac.compare_digest(seal, _seal(secret, stamp, user, device)):
        return None
    return int.from_bytes(stamp, "big")


def _seal(secret: bytes, stamp: bytes, user: str, device: str) -> bytes:
    whom = f"anchor|{user}|{device}|".encode("utf-8", "surrogatepass")
    return hmac.digest(secret, whom + stamp, hashlib.sha256)[:16]


def _proven(at_ms: int | None, clock: Clock, anchor_ms: int) -> float | None:
    if clock.anchor_mono_ms is None or clock.mono_ms is None or at_ms is None:
        return None
    passed = clock.mono_ms - clock.anchor_mono_ms
    wall = at_ms - clock.anchor_device_at_ms
    if passed < 0 or clock.uncertainty_ms > AGREE_MS or abs(wall - passed) > AGREE_MS:
        return None
    return anchor_ms + passed


def _fell_behind(at_ms: int, clock: Clock) -> bool:
    if clock.anchor_mono_ms is None or clock.mono_ms is None:
        return False
    return at_ms - clock.anchor_device_at_ms < clock.mono_ms - clock.anchor_mono_ms - AGREE_MS


def _within(guess: float, from_ms: int, to_ms: int, trust: str) -> Moment:
    return Moment(int(min(max(guess, from_ms), to_ms)), from_ms, to_ms, trust)


def _inversions(series: list[tuple[int, float]]) -> set[int]:
    found: set[int] = set()
    highest = -math.inf
    for index, value in series:
        if value < highest - AGREE_MS:
            found.add(index)
        highest = max(highest, value)
    lowest = math.inf
    for index, value in reversed(series):
        if value > lowest + AGREE_MS:
            found.add(index)
        lowest = min(lowest, value)
    return found
