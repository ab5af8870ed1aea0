"""A ticket's clocks as rows for the indicators (DOMAIN D): what is due, what met it, and whose it was."""

from typing import Any

from server.domain import instants
from server.domain.clocks import is_awaiting
from server.domain.ticket import Json, Ticket

_EXCLUDED_STATES = {"merged": "merged", "terminated": "terminated"}


def clock_rows(ticket: Ticket) -> list[dict[str, Any]]:
    """Every clock of every cycle; a pure function of the ticket, so that two of them can be compared."""
    return [_row(ticket, clock) for clock in ticket.clocks]


def next_due(ticket: Ticket) -> tuple[int | None, int | None, bool]:
    """(the earliest due time still open, the result's due time, is any of this cycle provisional); ms UTC."""
    now = [clock for clock in ticket.clocks if clock["cycle"] == ticket.cycle]
    result = next((clock["due"] for clock in now if clock["kind"] == "result"), None)
    provisional = any(clock["provisional"] for clock in now)
    if ticket.state in {"replied", "closed", "merged", "terminated"}:
        return None, result, provisional
    return min((clock["due"] for clock in now if clock["met"] is None), default=None), result, provisional


def _row(ticket: Ticket, clock: Json) -> dict[str, Any]:
    holder = _holder(ticket, clock)
    unit_start = _unit_start(ticket, holder)
    if unit_start is not None:
        unit_start = max(unit_start, clock["start"])
    return {
        "ticket_id": ticket.id,
        "kind": clock["kind"],
        "cycle": clock["cycle"],
        "start_at": clock["start"],
        "due_at": clock["due"],
        "met_at": clock["met"],
        "met_received_at": clock.get("known"),
        "trust": clock.get("trust"),
        "unverified_at": _unverified_at(ticket, clock),
        "unit_start_at": unit_start,
        "unit_due_at": None if unit_start is None else unit_start + clock["due"] - clock["start"],
        "village": ticket.place.get("village"),
        "unit": holder["unit"] if holder is not None else None,
        "worker": holder["assignee"] if holder is not None else None,
        "excluded": _EXCLUDED_STATES.get(ticket.state),
        "provisional": clock["provisional"],
    }


def _holder(ticket: Ticket, clock: Json) -> Json | None:
    """Who had it at the due time, or has it as long as that has not come (API: indicators, `by=worker`)."""
    stints = [stint for stint in ticket.stints if stint["from_ms"] <= clock["due"]]
    if not stints:
        return None
    last: Json = stints[-1]
    ended = last["to_ms"]
    return last if ended is None or ended > clock["due"] else None


def _unit_start(ticket: Ticket, holder: Json | None) -> int | None:
    """When the holding unit got the ticket: the start of the unbroken run of its stints."""
    if holder is None:
        return None
    start: int = holder["from_ms"]
    for stint in reversed(ticket.stints[: ticket.stints.index(holder)]):
        if stint["unit"] != holder["unit"] or stint["to_ms"] != start:
            break
        start = stint["from_ms"]
    return start


def _unverified_at(ticket: Ticket, clock: Json) -> int | None:
    if clock["kind"] != "arrival" or not clock.get("unverified"):
        return None
    waiting = [
        entry["occurred_at"]
        for entry in ticket.timeline
        if entry["name"] == "ticket.arrive" and entry["cycle"] == clock["cycle"] and is_awaiting(entry)
    ]
    return instants.parse(min(waiting)) if waiting else None
