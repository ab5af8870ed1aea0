"""What one argument may be: the checks that `args.py` and `incident_args.py` put together.

Each check answers None or (field, reason); reasons are `missing`, `unknown`, `type`, `length`, `characters`,
`range`, `choice`, `format`, `duplicate`. Nothing here raises, whatever the wire brought (API: operations).
"""

import math
import re
from collections.abc import Callable
from typing import Any

from server.domain import instants

Fault = tuple[str, str] | None
Check = Callable[[Any, str], Fault]
Field = tuple[bool, Check]

TEXT_MAX = 2_000
PHOTOS_MAX = 20
UNITS_MAX = 20
PHOTO_BYTES_MAX = 50_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


def text(shortest: int, longest: int) -> Check:
    def check(value: Any, path: str) -> Fault:
        if not isinstance(value, str):
            return path, "type"
        if not shortest <= len(value) <= longest or (shortest and not value.strip()):
            return path, "length"
        if "\0" in value or not (value.isascii() or _encodable(value)):
            return path, "characters"
        return None

    return check


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair: no database takes it
        return False
    return True


def number(least: float, most: float, *, whole: bool = False) -> Check:
    def check(value: Any, path: str) -> Fault:
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            return path, "type"
        if (isinstance(value, float) and not math.isfinite(value)) or not least <= value <= most:
            return path, "range"
        return None

    return check


def choice(*allowed: str) -> Check:
    known = frozenset(allowed)

    def check(value: Any, path: str) -> Fault:
        return None if isinstance(value, str) and value in known else (path, "choice")

    return check


def flag(value: Any, path: str) -> Fault:
    return None if isinstance(value, bool) else (path, "type")


def instant(value: Any, path: str) -> Fault:
    if not isinstance(value, str) or len(value) > 40:
        return path, "type"
    try:
        instants.parse(value)
    except (ValueError, OverflowError):
        return path, "format"
    return None


def sha256(value: Any, path: str) -> Fault:
    return None if isinstance(value, str) and _SHA256.fullmatch(value) else (path, "format")


def record(**spec: Field) -> Check:
    required = frozenset(name for name, (needed, _) in spec.items() if needed)

    def check(value: Any, path: str) -> Fault:
        if not isinstance(value, dict):
            return path, "type"
        prefix = f"{path}." if path else ""
        if not required <= value.keys():
            return prefix + min(required - value.keys()), "missing"
        for name, item in value.items():
            known = spec.get(name)
            if known is None:
                return prefix + str(name)[:64], "unknown"
            fault = known[1](item, prefix + name)
            if fault is not None:
                return fault
        return None

    return check


def list_of(item: Check, longest: int, key: str | None = None) -> Check:
    def check(value: Any, path: str) -> Fault:
        if not isinstance(value, list):
            return path, "type"
        if len(value) > longest:
            return path, "length"
        for place, one in enumerate(value):
            fault = item(one, f"{path}[{place}]")
            if fault is not None:
                return fault
        keys = {one[key] if key else one for one in value}
        return None if len(keys) == len(value) else (path, "duplicate")

    return check


def or_null(check: Check) -> Check:
    def either(value: Any, path: str) -> Fault:
        return None if value is None else check(value, path)

    return either


def need(check: Check) -> Field:
    return True, check


def may(check: Check) -> Field:
    return False, check


TEXT = text(1, TEXT_MAX)
ID = text(1, 64)
LAT = number(-90, 90)
LNG = number(-180, 180)
CRS = choice("WGS84", "GCJ02")
SATISFACTION = choice("very_satisfied", "satisfied", "fair", "unsatisfied")
PHOTO = record(
    id=need(ID),
    sha256=need(sha256),
    bytes=need(number(1, PHOTO_BYTES_MAX, whole=True)),
    width=need(number(1, 20_000, whole=True)),
    height=need(number(1, 20_000, whole=True)),
    taken_at=need(instant),
    lat=may(or_null(LAT)),
    lng=may(or_null(LNG)),
)
PHOTOS = list_of(PHOTO, PHOTOS_MAX, "id")
POINT = record(
    lat=need(LAT),
    lng=need(LNG),
    accuracy_m=need(number(0, 10_000_000)),
    fix_age_s=need(number(0, 100_000_000)),
    fix_at=may(or_null(instant)),
    crs=need(CRS),
)
PLACE = record(
    village=may(or_null(ID)),
    address=may(or_null(text(0, 500))),
    lat=may(or_null(LAT)),
    lng=may(or_null(LNG)),
    crs=may(or_null(CRS)),
)
