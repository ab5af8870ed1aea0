"""Checks the arguments of every operation on tickets by hand: what is missing, unknown, out of range, unprintable."""

from typing import Any

from server.domain.arg_checks import (
    ID,
    PHOTOS,
    PLACE,
    POINT,
    SATISFACTION,
    TEXT,
    UNITS_MAX,
    Check,
    Fault,
    choice,
    flag,
    instant,
    list_of,
    may,
    need,
    or_null,
    record,
    sha256,
    text,
)

CONTENT_MAX = 10_000
CATEGORIES = ("complaint", "report", "help", "consult", "suggest", "praise")
_CONTACT = record(name=may(or_null(text(0, 64))), phone=may(or_null(text(0, 64))))
_UNITS = list_of(ID, UNITS_MAX)
_EMPTY = record()
_REASON = record(reason=need(TEXT))
_INTO = record(into=need(ID), reason=need(TEXT))

SHAPES: dict[str, Check] = {
    "ticket.accept": record(opinion=may(TEXT)),
    "ticket.return": record(reason=need(TEXT), basis=need(TEXT), suggested_unit=may(ID)),
    "ticket.decide_return": record(approved=need(flag), reason=may(TEXT)),
    "ticket.depart": _EMPTY,
    "ticket.arrive": record(
        point=may(POINT), no_fix_reason=may(TEXT), photos=may(PHOTOS), no_photo_reason=may(TEXT)
    ),
    "ticket.note": record(text=need(TEXT), photos=may(PHOTOS)),
    "ticket.on_site_done": record(result=need(TEXT), photos=may(PHOTOS), no_photo_reason=may(TEXT)),
    "ticket.callback": record(
        outcome=need(choice("connected", "unreachable", "declined")),
        called_at=may(instant),
        resolved=may(flag),
        satisfaction=may(SATISFACTION),
        summary=need(TEXT),
    ),
    "ticket.retract": record(op=need(ID), reason=need(TEXT)),
    "ticket.reply": record(
        finding=need(choice("true", "partly_true", "untrue", "unverifiable")),
        resolution=need(choice("resolved", "explained", "unresolved")),
        text=need(TEXT),
        public_text=may(TEXT),
    ),
    "ticket.approve": record(reply_hash=need(ID)),
    "ticket.reject": record(reply_hash=need(ID), reason=need(TEXT)),
    "ticket.dispatch": record(unit=need(ID), assignee=may(ID), joint_units=may(_UNITS)),
    "ticket.assign": record(assignee=need(ID)),
    "ticket.flag_urgent": _REASON,
    "ticket.unflag_urgent": _REASON,
    "ticket.set_confidential": record(confidential=need(flag), reason=need(TEXT), handlers=may(_UNITS)),
    "ticket.recategorise": record(category=need(choice(*CATEGORIES)), reason=need(TEXT)),
    "ticket.merge": _INTO,
    "ticket.unmerge": _INTO,
    "ticket.confirm": record(op=need(ID), accepted=need(flag), occurred_at=may(instant), reason=need(TEXT)),
    "ticket.close": _EMPTY,
    "ticket.determine": record(unit=need(ID), joint_units=may(_UNITS), basis=need(TEXT)),
    "ticket.ingest": record(
        call=may(ID),
        external_no=need(ID),
        category=need(choice(*CATEGORIES)),
        urgent=may(flag),
        confidential=may(flag),
        title=need(text(1, 500)),
        content=may(text(0, CONTENT_MAX)),
        place=may(or_null(PLACE)),
        contact=may(or_null(_CONTACT)),
        respondent_unit=may(or_null(ID)),
        received_at=need(instant),
        external_due_at=may(or_null(instant)),
        channel=may(ID),
        tags=may(list_of(ID, 20)),
        handlers=may(_UNITS),
    ),
    "ticket.city_update": record(
        kind=need(choice("urgent", "supplement", "urge", "due", "withdraw")),
        text=may(or_null(text(0, CONTENT_MAX))),
        external_due_at=may(or_null(instant)),
    ),
    "ticket.city_result": record(
        resolved=may(or_null(flag)),
        satisfaction=may(or_null(SATISFACTION)),
        text=may(or_null(text(0, 2_000))),
    ),
    "ticket.photo_received": record(photo=need(ID), sha256=need(sha256)),
    "ticket.photo_missing": record(photo=need(ID)),
    "ticket.leave_phones": _EMPTY,
    "ticket.recuse": record(person=need(ID)),
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
