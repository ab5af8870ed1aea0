"""The clocks of a ticket: made from the deadlines, met by what the timeline says (DOMAIN §C, §D)."""

from server.domain import deadlines, instants
from server.domain.deadlines import Deadline
from server.domain.roles import PETITION_TAG
from server.domain.rules import Rules
from server.domain.ticket import Json, Ticket
from server.domain.workdays import Calendar

_HISTORY_MAX = 30
_ON_SITE = ("ticket.depart", "ticket.arrive", "ticket.on_site_done")
_ACCEPTING = frozenset({"ticket.accept", "ticket.return", *_ON_SITE})


def as_clock(deadline: Deadline, cycle: int) -> Json:
    """A deadline as the ticket stores it."""
    clock: Json = {
        "kind": deadline.kind,
        "cycle": cycle,
        "start": deadline.start_at_ms,
        "due": deadline.due_at_ms,
        "met": None,
        "provisional": deadline.provisional,
        "why": deadline.why,
    }
    if deadline.kind == "result":
        clock["internal"] = deadline.internal_due_at_ms
        clock["external"] = deadline.external_due_at_ms
    return clock


def deadlines_of(ticket: Ticket, calendar: Calendar, rules: Rules) -> list[Deadline]:
    """The deadlines of the ticket's present cycle."""
    petition = None
    if PETITION_TAG in ticket.tags:
        petition = "transfer" if "petition_in" in ticket.tags else "push"
    own = deadlines.compute(
        ticket.category,
        urgent=ticket.urgent,
        received_at_ms=ticket.received_at,
        calendar=calendar,
        rules=rules,
        urgent_flagged_at_ms=ticket.urgent_flagged_at,
        cycle=ticket.cycle,
        cycle_started_at_ms=ticket.cycle_started_at(ticket.cycle) if ticket.cycle > 1 else None,
        external_due_at_ms=ticket.external_due_at,
        petition=petition,
    )
    if not ticket.merged:
        return own
    dues = [child["dues"] for child in ticket.merged]
    return [
        deadlines.advanced(d, min((one[d.kind] for one in dues if d.kind in one), default=None)) for d in own
    ]


def recomputed(ticket: Ticket, calendar: Calendar, rules: Rules, *, why: str, by: str, at_ms: int) -> Ticket:
    """The ticket with the clocks of its present cycle made anew, the old ones kept in its history.

    What was missed stays missed: history names the clocks already breached, and an arrival or handling clock
    whose time ran out before an emergency was called off stays (DOMAIN §C 8, §D).
    """
    cycle = ticket.cycle
    old = [c for c in ticket.clocks if c["cycle"] == cycle]
    new = [as_clock(d, cycle) for d in deadlines_of(ticket, calendar, rules)]
    kinds = {c["kind"] for c in new}
    new += [c for c in old if c["kind"] not in kinds and _over(c, at_ms)]
    others = [c for c in ticket.clocks if c["cycle"] != cycle]
    ticket = with_met(ticket.evolve(clocks=others + new), cycle)
    was = {c["kind"]: c for c in old}
    if all(_same(was.get(c["kind"]), c) for c in new) and len(was) == len(new):
        return ticket
    note = {
        "at": at_ms,
        "why": why,
        "by": by,
        "cycle": cycle,
        "clocks": [{k: c[k] for k in ("kind", "start", "due", "met", "provisional")} for c in old],
        "breached": [c["kind"] for c in old if _breached(c, at_ms)],
    }
    return ticket.evolve(clock_history=[*ticket.clock_history[1 - _HISTORY_MAX :], note] if old else [])


def _same(old: Json | None, new: Json) -> bool:
    return old is not None and (old["start"], old["due"], old["provisional"]) == (
        new["start"],
        new["due"],
        new["provisional"],
    )


def _over(clock: Json, at_ms: int) -> bool:
    return bool(clock["due"] < at_ms or clock["met"] is not None)


def _breached(clock: Json, at_ms: int) -> bool:
    met = clock["met"]
    return bool(clock["due"] < (at_ms if met is None else met))


def counted_at(entry: Json) -> str:
    """When a step counts: its time, or the latest it can have been when the clock was not to be trusted."""
    if entry["trust"] == "unverified" and "confirmed" not in entry and "bounds" in entry:
        return str(entry["bounds"][1])
    return str(entry["occurred_at"])


def is_certain(entry: Json) -> bool:
    """Whether a fact's time counts: proven, probable, or confirmed by the office, and not retracted."""
    if "retracted_by" in entry:
        return False
    confirmed = entry.get("confirmed")
    if confirmed is not None:
        return bool(confirmed["accepted"])
    return bool(entry["trust"] != "unverified")


def is_awaiting(entry: Json) -> bool:
    """Whether a fact waits for the office to confirm its time."""
    return entry["trust"] == "unverified" and "confirmed" not in entry and "retracted_by" not in entry


def _first(entries: list[Json]) -> Json | None:
    return min(entries, key=lambda e: (e["occurred_at"], e["id"]), default=None)


def first_arrival(ticket: Ticket, cycle: int) -> Json | None:
    """The first valid arrival of a cycle, by (occurred_at, id): applied or kept, certain, not retracted."""
    return _first(
        [e for e in ticket.timeline if e["name"] == "ticket.arrive" and e["cycle"] == cycle and is_certain(e)]
    )


def _accepted(entries: list[Json]) -> Json | None:
    """What meets acceptance: the earliest step that accepts, by the time at which it counts for sure."""
    first = min(entries, key=lambda e: (counted_at(e), e["id"]), default=None)
    if first is None:
        return None
    return {**_by(first), "met": instants.parse(counted_at(first))}


def _met(ticket: Ticket, cycle: int) -> dict[str, Json]:
    """What meets each kind of clock in a cycle: kind → {met, trust, op, known}."""
    counted = [e for e in ticket.timeline if e["cycle"] == cycle and "retracted_by" not in e]
    certain = [e for e in counted if is_certain(e)]
    found: dict[str, Json] = {}
    accepted = _accepted([e for e in counted if e["name"] in _ACCEPTING])
    if accepted is not None:
        found["acceptance"] = accepted
    approved = _accepted([e for e in counted if e["name"] == "ticket.approve"])
    if approved is not None:
        found["result"] = approved
    for kind, name in (("arrival", "ticket.arrive"), ("handling", "ticket.on_site_done")):
        first = _first([e for e in certain if e["name"] == name])
        if first is not None:
            found[kind] = _by(first)
    return found


def _by(entry: Json) -> Json:
    return {
        "met": instants.parse(entry["occurred_at"]),
        "trust": entry["trust"],
        "op": entry["id"],
        "known": instants.parse(entry["received_at"]),
    }


def with_met(ticket: Ticket, cycle: int) -> Ticket:
    """The ticket with `met` of a cycle's clocks derived from its timeline, whatever came first (SYNC I10)."""
    found = _met(ticket, cycle)
    awaiting = any(
        e["name"] == "ticket.arrive" and e["cycle"] == cycle and is_awaiting(e) for e in ticket.timeline
    )
    clocks = []
    for clock in ticket.clocks:
        if clock["cycle"] != cycle:
            clocks.append(clock)
            continue
        bare = {k: v for k, v in clock.items() if k not in ("trust", "op", "known", "unverified")}
        bare["met"] = None
        bare.update(found.get(clock["kind"], {}))
        if awaiting and clock["kind"] == "arrival":
            bare["unverified"] = True
        clocks.append(bare)
    return ticket.evolve(clocks=clocks)
