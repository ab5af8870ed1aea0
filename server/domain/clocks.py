"""The clocks of a ticket: made from the deadlines, met by what the timeline says (DOMAIN §C, §D)."""

from server.domain import deadlines, instants
from server.domain.deadlines import Deadline
from server.domain.roles import PETITION_TAG
from server.domain.rules import Rules
from server.domain.ticket import Json, Ticket
from server.domain.workdays import Calendar

_HISTORY_MAX = 30
_ON_SITE = ("ticket.depart", "ticket.arrive", "ticket.on_site_done")
_COUNTED = frozenset({"ticket.accept", "ticket.return", "ticket.approve", *_ON_SITE})
_MEETS = {"ticket.arrive": "arrival", "ticket.on_site_done": "handling"}
_MET_BY = ("met", "trust", "op", "known")
_NOT: Json = {}


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


def _stands(entry: Json) -> bool:
    """Whether a step was neither retracted by its author nor rejected by the office."""
    return "retracted_by" not in entry and ("confirmed" not in entry or bool(entry["confirmed"]["accepted"]))


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


def _met(ticket: Ticket, cycle: int) -> tuple[dict[str, Json], bool]:
    """What meets each kind of clock in a cycle (kind → {met, trust, op, known}), and whether an arrival waits."""
    steps: dict[str, list[tuple[str, str, Json]]] = {kind: [] for kind in deadlines.KINDS}
    waits = False
    for entry in ticket.timeline:
        name = entry["name"]
        if name not in _COUNTED or entry["cycle"] != cycle or not _stands(entry):
            continue
        if name == "ticket.approve":
            steps["result"].append((counted_at(entry), entry["id"], entry))
            continue
        steps["acceptance"].append((counted_at(entry), entry["id"], entry))
        kind = _MEETS.get(name)
        if kind is not None and is_certain(entry):
            steps[kind].append((entry["occurred_at"], entry["id"], entry))
        elif kind == "arrival":
            waits = waits or is_awaiting(entry)
    return {kind: _by(*min(found, key=_when)) for kind, found in steps.items() if found}, waits


def _when(step: tuple[str, str, Json]) -> tuple[str, str]:
    return step[:2]


def _by(at: str, op_id: str, entry: Json) -> Json:
    return {
        "met": instants.parse(at),
        "trust": entry["trust"],
        "op": op_id,
        "known": instants.parse(entry["received_at"]),
    }


def with_met(ticket: Ticket, cycle: int) -> Ticket:
    """The ticket with `met` of a cycle's clocks derived from its timeline, whatever came first (SYNC I10)."""
    found, awaiting = _met(ticket, cycle)
    clocks = [
        _as_met(clock, found.get(clock["kind"], _NOT), awaiting=awaiting and clock["kind"] == "arrival")
        if clock["cycle"] == cycle
        else clock
        for clock in ticket.clocks
    ]
    return ticket.evolve(clocks=clocks)


def _as_met(clock: Json, by: Json, *, awaiting: bool) -> Json:
    """The clock met by this (`_NOT`: by nothing). Most steps change no clock: then it is the same object."""
    if clock.get("unverified", False) is awaiting and all(clock.get(k) == by.get(k) for k in _MET_BY):
        return clock
    bare = {k: v for k, v in clock.items() if k not in ("trust", "op", "known", "unverified")}
    bare["met"] = None
    bare.update(by)
    if awaiting:
        bare["unverified"] = True
    return bare
