"""What a step on a ticket means for its alarms: raised, ended, acknowledged (DOMAIN §B emergency flow, D10).

Pure. A ticket is live while it is an emergency of its present cycle, still open, and nobody has arrived.
"""

from dataclasses import dataclass

from server.domain.call import CONFIDENTIAL_TITLE, Call
from server.domain.lifecycle import OPEN_STATES
from server.domain.rules import Rules
from server.domain.suggest import numbers_first
from server.domain.ticket import Json, Ticket

ACKNOWLEDGES = frozenset({"ticket.accept", "ticket.depart", "ticket.arrive", "ticket.on_site_done"})
"""Steps by which somebody who was alarmed shows that he heard it."""
_HANDS_OVER = frozenset(
    {
        "ticket.dispatch",
        "ticket.determine",
        "ticket.assign",
        "ticket.decide_return",
        "ticket.set_confidential",
        "ticket.unmerge",
        "ticket.recuse",
    }
)
_UNASSIGNED = "urgent_unassigned"  # nobody has it yet: the duty room and the office find somebody
_CONFIDENTIAL = "urgent_confidential"  # only its handlers and the office that leads know of it (DOMAIN §E)


@dataclass(frozen=True, slots=True)
class Effect:
    """`ends`: why the running alarms of the ticket end; `keeps_overdue`: all but those that tell of its lateness.

    `dispatches`: the server dispatches it itself, and whom to alarm is known only then.
    `conceals`: what was told of it before has to lose its words. `leaves`: units that take no part any more.
    """

    calls: tuple[Call, ...] = ()
    ends: str | None = None
    keeps_overdue: bool = False
    dispatches: bool = False
    conceals: bool = False
    leaves: tuple[str, ...] = ()


NOTHING = Effect()


def effect_of(before: Ticket | None, after: Ticket, name: str, op_id: str, rules: Rules) -> Effect:
    """What becomes of the alarms of a ticket by the operation `name`."""
    conceals = after.confidential and before is not None and not before.confidential
    if not after.urgent and (before is None or not before.urgent):
        return Effect(conceals=True) if conceals else NOTHING
    was, now = before is not None and is_live(before), is_live(after)
    if not now:
        return Effect(ends=_why_over(after) if was else None, conceals=conceals)
    if before is None or not was:
        if will_dispatch(after, rules):
            return Effect(dispatches=True)
        return Effect((call_for(after, op_id),), conceals=conceals)
    if conceals or (name in _HANDS_OVER and _team(before) != _team(after)):
        why = "confidential" if conceals else ("returned" if after.lead_unit is None else "redispatched")
        if before.lead_unit is None and not conceals:
            why = "dispatched"
        return Effect((call_for(after, op_id),), ends=why, keeps_overdue=True, conceals=conceals)
    joined = tuple(unit for unit in after.joint_units if unit not in before.joint_units)
    left = tuple(unit for unit in before.joint_units if unit not in (*after.joint_units, after.lead_unit))
    if (joined or left) and not after.confidential:
        calls = (call_for(after, f"{op_id}/joint", units=joined),) if joined else ()
        return Effect(calls, leaves=left)
    return NOTHING


def is_live(ticket: Ticket) -> bool:
    """Whether somebody still has to get there."""
    if not ticket.urgent or ticket.state not in OPEN_STATES or ticket.category == "praise":
        return False
    began = ticket.cycle_started_at(ticket.cycle)
    if ticket.cycle > 1 and (ticket.urgent_flagged_at or 0) < began:
        return False  # the emergency was the last cycle's
    return not _arrived(ticket)


def arrival_clock(ticket: Ticket) -> Json | None:
    """The running arrival clock of the present cycle."""
    clocks = (c for c in ticket.clocks if c["kind"] == "arrival" and c["cycle"] == ticket.cycle)
    return next((c for c in clocks if c["met"] is None), None)


def will_dispatch(ticket: Ticket, rules: Rules) -> bool:
    """Whether the server sends it off by itself: once, and never what somebody sent back (DOMAIN §B)."""
    return (
        rules.urgent_auto_dispatch
        and not ticket.confidential
        and ticket.state == "received"
        and ticket.suggestion is not None
        and ticket.dispatches == 0
        and ticket.returns == 0
    )


def call_for(ticket: Ticket, cause: str, units: tuple[str, ...] | None = None) -> Call:
    """The alarm of an urgent ticket for those who have it now, or for those who have to find somebody."""
    return _call(ticket, "urgent_ticket", f"ticket/{ticket.id}/{cause}", units=units)


def reminder(ticket: Ticket, minutes: int, due_ms: int, people: tuple[str, ...]) -> Call:
    """So many minutes are left to arrive, said to whoever must act."""
    key = f"ticket/{ticket.id}/reminder/{due_ms}/{minutes}"
    return _call(ticket, "reminder", key, people=people)


def overdue(ticket: Ticket, due_ms: int) -> Call:
    """Nobody arrived in time, said to the office and the duty room."""
    return _call(ticket, "overdue", f"ticket/{ticket.id}/overdue/{due_ms}")


def _call(
    ticket: Ticket,
    kind: str,
    key: str,
    *,
    units: tuple[str, ...] | None = None,
    people: tuple[str, ...] = (),
) -> Call:
    hidden = ticket.confidential
    ladder = None
    if kind == "urgent_ticket":
        ladder = _CONFIDENTIAL if hidden else (_UNASSIGNED if ticket.lead_unit is None else None)
    given = units if units is not None else _units(ticket)
    numbers = () if hidden else numbers_first(ticket)
    return Call(
        key=key,
        kind=kind,
        subject_type="ticket",
        subject_id=ticket.id,
        title=CONFIDENTIAL_TITLE if hidden else ticket.title,
        village=None if hidden else ticket.place.get("village"),
        units=given,
        people=people,
        ladder=ladder,
        assignee=ticket.assignee,
        grid=ticket.grid,
        barred=tuple(ticket.barred_units),
        handlers=tuple(ticket.handlers) if hidden else None,
        life_at_risk=bool(numbers),
        numbers=numbers,
    )


def _units(ticket: Ticket) -> tuple[str, ...]:
    return (ticket.lead_unit, *ticket.joint_units) if ticket.lead_unit is not None else ()


def _team(ticket: Ticket) -> tuple[str | None, str | None, tuple[str, ...]]:
    return ticket.lead_unit, ticket.assignee, tuple(ticket.handlers) if ticket.confidential else ()


def _arrived(ticket: Ticket) -> bool:
    """Somebody is there; an arrival whose time waits for the office to confirm it counts here."""
    return any(
        clock["met"] is not None or clock.get("unverified")
        for clock in ticket.clocks
        if clock["kind"] == "arrival" and clock["cycle"] == ticket.cycle
    )


def _why_over(ticket: Ticket) -> str:
    if ticket.state == "merged":
        return "merged"
    if ticket.state == "terminated":
        return "withdrawn"
    if ticket.state not in OPEN_STATES or ticket.category == "praise":
        return "closed"
    if not ticket.urgent:
        return "unflagged"
    return "arrived" if _arrived(ticket) else "over"
