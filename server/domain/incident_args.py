"""Checks the arguments of every operation on incidents, as `args.py` does for tickets (API: operations)."""

from typing import Any

from server.domain.arg_checks import (
    CRS,
    ID,
    LAT,
    LNG,
    PHOTOS,
    POINT,
    TEXT,
    UNITS_MAX,
    Check,
    Fault,
    choice,
    flag,
    list_of,
    may,
    need,
    number,
    or_null,
    record,
    sha256,
    text,
)
from server.domain.matters import MATTERS

PEOPLE_MAX = 50
DUE_MIN_MAX = 30 * 24 * 60
_MATTER = choice(*MATTERS)
_PLACE = record(
    village=may(or_null(text(0, 64))),
    address=may(or_null(text(0, 500))),
    lat=may(or_null(LAT)),
    lng=may(or_null(LNG)),
    crs=may(or_null(CRS)),
    accuracy_m=may(or_null(number(0, 10_000_000))),
    fix_age_s=may(or_null(number(0, 100_000_000))),
)
_IDS = list_of(ID, UNITS_MAX)
_REASON = record(reason=need(TEXT))
_LEVEL = record(level=need(number(1, 4, whole=True)), reason=need(TEXT))

SHAPES: dict[str, Check] = {
    "incident.report": record(
        matter=need(_MATTER),
        text=need(TEXT),
        place=may(_PLACE),
        photos=may(PHOTOS),
        no_photo_reason=may(TEXT),
        drill=may(flag),
    ),
    "incident.open": record(ticket=need(ID), matter=need(_MATTER), text=need(TEXT), drill=may(flag)),
    "incident.note": record(text=need(TEXT), photos=may(PHOTOS), false_report=may(flag)),
    "incident.depart": record(),
    "incident.arrive": record(
        point=may(POINT), no_fix_reason=may(TEXT), photos=may(PHOTOS), no_photo_reason=may(TEXT)
    ),
    "incident.muster": record(units=may(_IDS), people=may(list_of(ID, PEOPLE_MAX)), reason=need(TEXT)),
    "incident.upgrade": _LEVEL,
    "incident.downgrade": _LEVEL,
    "incident.merge": record(into=need(ID), reason=need(TEXT)),
    "incident.unmerge": _REASON,
    "incident.open_channel": record(template=need(ID), name=may(text(1, 80))),
    "incident.add_member": record(person=need(ID), seat=may(text(1, 80))),
    "incident.remove_member": record(person=need(ID), reason=need(TEXT)),
    "incident.task": record(
        task=need(ID),
        kind=need(choice("hand_over", "handle")),
        text=need(TEXT),
        person=may(ID),
        unit=may(ID),
        due_min=may(number(1, DUE_MIN_MAX, whole=True)),
    ),
    "incident.task_ack": record(task=need(ID)),
    "incident.task_done": record(task=need(ID), text=need(TEXT), photos=may(PHOTOS)),
    "incident.close": record(summary=need(TEXT)),
    "incident.reopen": _REASON,
    "incident.photo_received": record(photo=need(ID), sha256=need(sha256)),
    "incident.photo_missing": record(photo=need(ID)),
    "incident.leave_phones": record(),
}


def fault_in(name: str, args: Any) -> Fault:
    """The first fault of an operation's arguments, as (field, reason), or None."""
    return SHAPES[name](args, "")
