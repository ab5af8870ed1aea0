"""The arrival indicator, exactly (DOMAIN §D): urgent tickets with a valid arrival by their due, of those due.

Period by due date. A missing arrival is late; a time that waits for the office is in neither number and counted
apart; merged children, emergencies called off before their due and withdrawn ones are excluded, and counted too.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from server.domain.instants import MINUTE_MS
from server.domain.rules import Rules
from server.domain.ticket import Json, Ticket


@dataclass(frozen=True, slots=True)
class ArrivalRow:
    """One arrival clock as it is counted. `scope`: `town` for the headline, villages and workers; `unit` for units.

    `met_ms` is the first valid arrival; `trust` its clock's; `known_ms` when the server learnt of it; `waiting`: an
    arrival waits for confirmation; `excluded`: merged, downgraded, withdrawn or None.
    """

    ticket: str
    cycle: int
    scope: str
    start_ms: int
    due_ms: int
    met_ms: int | None
    trust: str | None
    known_ms: int | None
    waiting: bool
    excluded: str | None
    village: str | None
    unit: str | None
    worker: str | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """The indicator; `rate` is None at 0. `told_late`: on time by a probable clock, heard of after the due."""

    numerator: int
    denominator: int
    rate: float | None
    unverified: int
    excluded: int
    told_late: int
    p50_s: int | None
    p90_s: int | None


def arrival_rows(ticket: Ticket, rules: Rules) -> list[ArrivalRow]:
    """The rows of a ticket: one headline row per arrival clock, and one per unit that had it while it ran."""
    rows = []
    for clock in ticket.clocks:
        if clock["kind"] == "arrival":
            head = _headline(ticket, clock)
            rows += [head, *_by_unit(ticket, head, rules)]
    current = {c["cycle"] for c in ticket.clocks if c["kind"] == "arrival"}
    for note in ticket.clock_history:
        if note["why"] in ("unflag_urgent", "recategorise") and note["cycle"] not in current:
            rows += [
                _headline(ticket, {**c, "cycle": note["cycle"]}, excluded="downgraded")
                for c in note["clocks"]
                if c["kind"] == "arrival"
            ]
            current.add(note["cycle"])
    return rows


def _headline(ticket: Ticket, clock: Json, excluded: str | None = None) -> ArrivalRow:
    stint = _stint_at(ticket, clock["due"])
    if excluded is None:
        if ticket.state == "merged":
            excluded = "merged"
        elif clock.get("stopped") is not None and clock["stopped"] <= clock["due"]:
            excluded = "withdrawn"
    return ArrivalRow(
        ticket=ticket.id,
        cycle=clock["cycle"],
        scope="town",
        start_ms=clock["start"],
        due_ms=clock["due"],
        met_ms=clock["met"],
        trust=clock.get("trust"),
        known_ms=clock.get("known"),
        waiting=bool(clock.get("unverified")),
        excluded=excluded,
        village=ticket.place.get("village"),
        unit=stint["unit"] if stint is not None else None,
        worker=stint["assignee"] if stint is not None else None,
    )


def _stint_at(ticket: Ticket, at_ms: int) -> Json | None:
    """Who had the ticket at that moment."""
    for stint in reversed(ticket.stints):
        if stint["from_ms"] <= at_ms and (stint["to_ms"] is None or stint["to_ms"] > at_ms):
            return stint
    return None


def _unit_spans(ticket: Ticket) -> list[tuple[str, int, int | None]]:
    """Consecutive stints of the same unit as one span."""
    spans: list[tuple[str, int, int | None]] = []
    for stint in ticket.stints:
        if spans and spans[-1][0] == stint["unit"] and spans[-1][2] == stint["from_ms"]:
            spans[-1] = (stint["unit"], spans[-1][1], stint["to_ms"])
        else:
            spans.append((stint["unit"], stint["from_ms"], stint["to_ms"]))
    return spans


def _by_unit(ticket: Ticket, head: ArrivalRow, rules: Rules) -> list[ArrivalRow]:
    """A unit's own 60 minutes run from its assignment; one that lost the ticket before they ended is not judged."""
    rows = []
    for unit, from_ms, to_ms in _unit_spans(ticket):
        start = max(head.start_ms, from_ms)
        due = start + rules.arrival_min * MINUTE_MS
        met = head.met_ms
        came_before = met is not None and met <= from_ms and from_ms > head.start_ms
        lost = to_ms is not None and to_ms <= due and (met is None or met > to_ms)
        if came_before or lost:
            continue
        rows.append(
            ArrivalRow(
                ticket=head.ticket,
                cycle=head.cycle,
                scope="unit",
                start_ms=start,
                due_ms=due,
                met_ms=met,
                trust=head.trust,
                known_ms=head.known_ms,
                waiting=head.waiting,
                excluded=head.excluded,
                village=head.village,
                unit=unit,
                worker=head.worker,
            )
        )
    return rows


def part_of(row: ArrivalRow, now_ms: int) -> str | None:
    """`excluded`, `unverified`, `on_time`, `late` (came late), `missing`, or None while its due has not passed."""
    if row.due_ms > now_ms:
        return None
    if row.excluded is not None:
        return "excluded"
    if row.met_ms is not None and row.met_ms <= row.due_ms:
        return "on_time"
    if row.waiting:
        return "unverified"
    return "missing" if row.met_ms is None else "late"


def percentile_s(seconds: list[int], percent: int) -> int | None:
    """Nearest-rank percentile of arrival times in seconds; None without any."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[rank - 1]


def arrival(rows: Iterable[ArrivalRow], from_ms: int, to_ms: int, now_ms: int) -> Arrival:
    """The indicator over rows of one scope whose due lies in [from, to) and has passed."""
    counts = dict.fromkeys(("excluded", "unverified", "on_time", "late", "missing"), 0)
    told_late, seconds = 0, []
    for row in rows:
        part = part_of(row, now_ms) if from_ms <= row.due_ms < to_ms else None
        if part is None:
            continue
        counts[part] += 1
        if part == "on_time" and row.trust == "probable" and (row.known_ms or 0) > row.due_ms:
            told_late += 1
        if part in ("on_time", "late") and row.met_ms is not None:
            seconds.append(max(0, row.met_ms - row.start_ms) // 1000)
    denominator = counts["on_time"] + counts["late"] + counts["missing"]
    return Arrival(
        numerator=counts["on_time"],
        denominator=denominator,
        rate=counts["on_time"] / denominator if denominator else None,
        unverified=counts["unverified"],
        excluded=counts["excluded"],
        told_late=told_late,
        p50_s=percentile_s(seconds, 50),
        p90_s=percentile_s(seconds, 90),
    )


KEYS: dict[str, tuple[str, Callable[[ArrivalRow], str | None]]] = {
    "town": ("town", lambda row: "town"),  # noqa: ARG005 - one shape for all
    "village": ("town", lambda row: row.village),
    "worker": ("town", lambda row: row.worker),
    "unit": ("unit", lambda row: row.unit),
}
"""Breakdowns: which rows they read, and the key of a row (API: `by`)."""


def arrival_by(
    rows: Iterable[ArrivalRow], by: str, from_ms: int, to_ms: int, now_ms: int
) -> dict[str | None, Arrival]:
    """The indicator per village, unit or worker; the reference for the report in SQL."""
    scope, key = KEYS[by]
    groups: dict[str | None, list[ArrivalRow]] = {}
    for row in rows:
        if row.scope == scope:
            groups.setdefault(key(row), []).append(row)
    return {k: arrival(group, from_ms, to_ms, now_ms) for k, group in groups.items()}
