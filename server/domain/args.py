"""Checks the arguments of every operation by hand: what is missing, unknown, out of range or unprintable.

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
CONTENT_MAX = 10_000
PHOTOS_MAX = 20
UNITS_MAX = 20
PHOTO_BYTES_MAX = 50_000_000
CATEGORIES = ("complaint", "report", "help", "consult", "suggest", "praise")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def _text(shortest: int, longest: int) -> Check:
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


def _number(least: float, most: float, *, whole: bool = False) -> Check:
    def check(value: Any, path: str) -> Fault:
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            return path, "type"
        if (isinstance(value, float) and not math.isfinite(value)) or not least <= value <= most:
            return path, "range"
        return None

    return check


def _choice(*allowed: str) -> Check:
    known = frozenset(allowed)

    def check(value: Any, path: str) -> Fault:
        return None if isinstance(value, str) and value in known else (path, "choice")

    return check


def _flag(value: Any, path: str) -> Fault:
    return None if isinstance(value, bool) else (path, "type")


def _instant(value: Any, path: str) -> Fault:
    if not isinstance(value, str) or len(value) > 40:
        return path, "type"
    try:
        instants.parse(value)
    except (ValueError, OverflowError):
        return path, "format"
    return None


def _sha256(value: Any, path: str) -> Fault:
    return None if isinstance(value, str) and _SHA256.fullmatch(value) else (path, "format")


def _record(**spec: Field) -> Check:
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


def _list(item: Check, longest: int, key: str | None = None) -> Check:
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


def _or_null(check: Check) -> Check:
    def either(value: Any, path: str) -> Fault:
        return None if value is None else check(value, path)

    return either


def _need(check: Check) -> Field:
    return True, check


def _may(check: Check) -> Field:
    return False, check


_TEXT = _text(1, TEXT_MAX)
_ID = _text(1, 64)
_LAT = _number(-90, 90)
_LNG = _number(-180, 180)
_CRS = _choice("WGS84", "GCJ02")
_SATISFACTION = _choice("very_satisfied", "satisfied", "fair", "unsatisfied")
_PHOTO = _record(
    id=_need(_ID),
    sha256=_need(_sha256),
    bytes=_need(_number(1, PHOTO_BYTES_MAX, whole=True)),
    width=_need(_number(1, 20_000, whole=True)),
    height=_need(_number(1, 20_000, whole=True)),
    taken_at=_need(_instant),
    lat=_may(_or_null(_LAT)),
    lng=_may(_or_null(_LNG)),
)
_PHOTOS = _list(_PHOTO, PHOTOS_MAX, "id")
_POINT = _record(
    lat=_need(_LAT),
    lng=_need(_LNG),
    accuracy_m=_need(_number(0, 10_000_000)),
    fix_age_s=_need(_number(0, 100_000_000)),
    fix_at=_may(_or_null(_instant)),
    crs=_need(_CRS),
)
_PLACE = _record(
    village=_may(_or_null(_ID)),
    address=_may(_or_null(_text(0, 500))),
    lat=_may(_or_null(_LAT)),
    lng=_may(_or_null(_LNG)),
    crs=_may(_or_null(_CRS)),
)
_CONTACT = _record(name=_may(_or_null(_text(0, 64))), phone=_may(_or_null(_text(0, 64))))
_UNITS = _list(_ID, UNITS_MAX)
_EMPTY = _record()
_REASON = _record(reason=_need(_TEXT))
_INTO = _record(into=_need(_ID), reason=_need(_TEXT))

SHAPES: dict[str, Check] = {
    "ticket.accept": _record(opinion=_may(_TEXT)),
    "ticket.return": _record(reason=_need(_TEXT), basis=_need(_TEXT), suggested_unit=_may(_ID)),
    "ticket.decide_return": _record(approved=_need(_flag), reason=_may(_TEXT)),
    "ticket.depart": _EMPTY,
    "ticket.arrive": _record(
        point=_may(_POINT), no_fix_reason=_may(_TEXT), photos=_may(_PHOTOS), no_photo_reason=_may(_TEXT)
    ),
    "ticket.note": _record(text=_need(_TEXT), photos=_may(_PHOTOS)),
    "ticket.on_site_done": _record(result=_need(_TEXT), photos=_may(_PHOTOS), no_photo_reason=_may(_TEXT)),
    "ticket.callback": _record(
        outcome=_need(_choice("connected", "unreachable", "declined")),
        called_at=_may(_instant),
        resolved=_may(_flag),
        satisfaction=_may(_SATISFACTION),
        summary=_need(_TEXT),
    ),
    "ticket.retract": _record(op=_need(_ID), reason=_need(_TEXT)),
    "ticket.reply": _record(
        finding=_need(_choice("true", "partly_true", "untrue", "unverifiable")),
        resolution=_need(_choice("resolved", "explained", "unresolved")),
        text=_need(_TEXT),
        public_text=_may(_TEXT),
    ),
    "ticket.approve": _record(reply_hash=_need(_ID)),
    "ticket.reject": _record(reply_hash=_need(_ID), reason=_need(_TEXT)),
    "ticket.dispatch": _record(unit=_need(_ID), assignee=_may(_ID), joint_units=_may(_UNITS)),
    "ticket.assign": _record(assignee=_need(_ID)),
    "ticket.flag_urgent": _REASON,
    "ticket.unflag_urgent": _REASON,
    "ticket.set_confidential": _record(confidential=_need(_flag), reason=_need(_TEXT), handlers=_may(_UNITS)),
    "ticket.recategorise": _record(category=_need(_choice(*CATEGORIES)), reason=_need(_TEXT)),
    "ticket.merge": _INTO,
    "ticket.unmerge": _INTO,
    "ticket.confirm": _record(
        op=_need(_ID), accepted=_need(_flag), occurred_at=_may(_instant), reason=_need(_TEXT)
    ),
    "ticket.close": _EMPTY,
    "ticket.determine": _record(unit=_need(_ID), joint_units=_may(_UNITS), basis=_need(_TEXT)),
    "ticket.ingest": _record(
        external_no=_need(_ID),
        category=_need(_choice(*CATEGORIES)),
        urgent=_may(_flag),
        confidential=_may(_flag),
        title=_need(_text(1, 500)),
        content=_may(_text(0, CONTENT_MAX)),
        place=_may(_or_null(_PLACE)),
        contact=_may(_or_null(_CONTACT)),
        respondent_unit=_may(_or_null(_ID)),
        received_at=_need(_instant),
        external_due_at=_may(_or_null(_instant)),
        channel=_may(_ID),
        tags=_may(_list(_ID, 20)),
        handlers=_may(_UNITS),
    ),
    "ticket.city_update": _record(
        kind=_need(_choice("urgent", "supplement", "urge", "due", "withdraw")),
        text=_may(_or_null(_text(0, CONTENT_MAX))),
        external_due_at=_may(_or_null(_instant)),
    ),
    "ticket.city_result": _record(
        resolved=_may(_or_null(_flag)),
        satisfaction=_may(_or_null(_SATISFACTION)),
        text=_may(_or_null(_text(0, 2_000))),
    ),
    "ticket.photo_received": _record(photo=_need(_ID), sha256=_need(_sha256)),
    "ticket.photo_missing": _record(photo=_need(_ID)),
    "ticket.leave_phones": _EMPTY,
    "ticket.recompute_deadlines": _EMPTY,
}


def without_nulls(args: Any) -> Any:
    """The arguments without those that are null: they say nothing, and nobody's visit is refused for them."""
    if not isinstance(args, dict) or None not in args.values():
        return args
    return {name: value for name, value in args.items() if value is not None}


def fault_in(name: str, args: Any) -> Fault:
    """The first fault of an operation's arguments, as (field, reason), or None."""
    return SHAPES[name](args, "")
