"""The arrival indicator, exactly (DOMAIN §D): urgent tickets with a valid arrival by their due, of those due.

Period by due date. A missing arrival is late; a time that waits for the office is in neither number and counted
apart; merged children, emergencies called off before their due and withdrawn ones are excluded, and counted too.
The report in SQL (`server/store/reports.py`) keeps `arrival_rows` in a table and is held against `arrival_by`.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from server.domain import instants
from server.domain.ticket import Json, Ticket

EXCLUDED, UNVERIFIED, ON_TIME, LATE, MISSING = "excluded", "unverified", "on_time", "late", "missing"
_AT_ONCE = (EXCLUDED, UNVERIFIED)  # told as soon as it is so; the others once the due has passed
_BIN_S, _BINS_END_S, _LINE_S = 300, 7_200, 3_600
_DOWNGRADES = ("unflag_urgent", "recategorise")


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


def arrival_rows(ticket: Ticket) -> list[ArrivalRow]:
    """The rows of a ticket: one headline row per arrival clock, and one per unit that had it while it ran."""
    rows = []
    for clock in ticket.clocks:
        if clock["kind"] == "arrival":
            head = _headline(ticket, clock)
            rows += [head, *_by_unit(ticket, head)]
    current = {c["cycle"] for c in ticket.clocks if c["kind"] == "arrival"}
    for note in ticket.clock_history:
        if note["why"] in _DOWNGRADES and note["cycle"] not in current:
            rows += [
                _headline(ticket, {**c, "cycle": note["cycle"]}, excluded="downgraded")
                for c in note["clocks"]
                if c["kind"] == "arrival"
            ]
            current.add(note["cycle"])
    return rows


def _headline(ticket: Ticket, clock: Json, excluded: str | None = None) -> ArrivalRow:
    stint = stint_at(ticket, clock["due"])
    if excluded is None:
        if ticket.state == "merged":
            excluded = "merged"
        elif _stopped_first(clock):
            excluded = "withdrawn"
        elif _called_off(ticket, clock):
            excluded = "downgraded"
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


def _stopped_first(clock: Json) -> bool:
    """Whether the caller withdrew while it could still be met, and nobody had come by then."""
    stopped, met = clock.get("stopped"), clock["met"]
    return stopped is not None and stopped <= clock["due"] and (met is None or met > stopped)


def _called_off(ticket: Ticket, clock: Json) -> bool:
    """Whether the emergency was called off before its due although somebody had come already."""
    off = None
    for entry in ticket.timeline:
        if entry["cycle"] != clock["cycle"] or entry["outcome"] != "applied":
            continue
        if entry["name"] == "ticket.unflag_urgent":
            off = instants.parse(entry["occurred_at"])
        elif entry["name"] == "ticket.flag_urgent" or entry.get("details") == {"kind": "urgent"}:
            off = None
    return off is not None and off <= clock["due"]


def stint_at(ticket: Ticket, at_ms: int | None) -> Json | None:
    """Who had the ticket at that moment; the running stint goes on into the future."""
    if at_ms is None:
        return None
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


def _by_unit(ticket: Ticket, head: ArrivalRow) -> list[ArrivalRow]:
    """A unit's own 60 minutes run from its assignment; one that lost the ticket before they ended is not judged."""
    rows = []
    for unit, from_ms, to_ms in _unit_spans(ticket):
        start = max(head.start_ms, from_ms)
        due = start + head.due_ms - head.start_ms
        met = head.met_ms
        over_before = to_ms is not None and to_ms <= head.start_ms
        came_before = met is not None and met <= from_ms and from_ms > head.start_ms
        lost = to_ms is not None and to_ms <= due and (met is None or met > to_ms)
        if over_before or came_before or lost:
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


def verdict(row: ArrivalRow) -> str:
    """What the row counts as once its due has passed: a part of `part_of`. Independent of the present moment."""
    if row.excluded is not None:
        return EXCLUDED
    if row.met_ms is not None and row.met_ms <= row.due_ms:
        return ON_TIME
    if row.waiting:
        return UNVERIFIED
    return MISSING if row.met_ms is None else LATE


def part_of(row: ArrivalRow, now_ms: int) -> str | None:
    """`excluded`, `unverified`, `on_time`, `late` (came late), `missing`; None for what its due is still to judge."""
    part = verdict(row)
    return part if part in _AT_ONCE or row.due_ms <= now_ms else None


def seconds_of(row: ArrivalRow) -> int | None:
    """How long the arrival took, whole seconds; 0 for one that came before the flag; None if it has no time."""
    if row.met_ms is None or verdict(row) not in (ON_TIME, LATE):
        return None
    return max(0, row.met_ms - row.start_ms) // 1000


def is_told_late(row: ArrivalRow) -> bool:
    """On time by a probable clock, but heard of only after the due: counted, and listed apart (SYNC: honest time)."""
    return verdict(row) == ON_TIME and row.trust == "probable" and (row.known_ms or 0) > row.due_ms


def percentile_s(seconds: Iterable[int], percent: int) -> int | None:
    """Nearest-rank percentile of arrival times in seconds; None without any."""
    ordered = sorted(seconds)
    if not ordered:
        return None
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[rank - 1]


@dataclass(slots=True)
class Tally:
    """A running count of rows, which can be added up: parts, those told late, and the seconds they took."""

    parts: Counter[str] = field(default_factory=Counter)
    told_late: int = 0
    on_time_s: list[int] = field(default_factory=list)
    late_s: list[int] = field(default_factory=list)

    def add(self, part: str, n: int, told_late: int, seconds: list[int]) -> None:
        """Count `n` rows of one part."""
        self.parts[part] += n
        self.told_late += told_late
        self._took(part).extend(seconds)

    def join(self, other: "Tally") -> None:
        """Add another count to this one."""
        self.parts.update(other.parts)
        self.told_late += other.told_late
        self.on_time_s += other.on_time_s
        self.late_s += other.late_s

    def _took(self, part: str) -> list[int]:
        return self.on_time_s if part == ON_TIME else self.late_s

    def result(self) -> Arrival:
        """The indicator of what was counted."""
        on_time = self.parts[ON_TIME]
        denominator = on_time + self.parts[LATE] + self.parts[MISSING]
        seconds = sorted(self.on_time_s + self.late_s)
        return Arrival(
            numerator=on_time,
            denominator=denominator,
            rate=on_time / denominator if denominator else None,
            unverified=self.parts[UNVERIFIED],
            excluded=self.parts[EXCLUDED],
            told_late=self.told_late,
            p50_s=percentile_s(seconds, 50),
            p90_s=percentile_s(seconds, 90),
        )

    def bins(self) -> list[tuple[int, int | None, int]]:
        """Arrivals by the seconds they took: (from, to, n) in five minutes to two hours, then all the rest.

        [from, to), but 60 minutes sharp is on time and stands left of the line (DOMAIN D10).
        """
        on_time, late = sorted(self.on_time_s), sorted(self.late_s)

        def before(second: int) -> int:
            sharp = second == _LINE_S
            return (bisect_right if sharp else bisect_left)(on_time, second) + bisect_left(late, second)

        starts = range(0, _BINS_END_S, _BIN_S)
        found: list[tuple[int, int | None, int]] = [
            (at, at + _BIN_S, before(at + _BIN_S) - before(at)) for at in starts
        ]
        return [*found, (_BINS_END_S, None, len(on_time) + len(late) - before(_BINS_END_S))]


def tally(rows: Iterable[ArrivalRow], from_ms: int, to_ms: int, now_ms: int) -> Tally:
    """The count over rows whose due lies in [from, to)."""
    counted = Tally()
    for row in rows:
        part = part_of(row, now_ms) if from_ms <= row.due_ms < to_ms else None
        if part is not None:
            took = seconds_of(row)
            counted.add(part, 1, is_told_late(row), [] if took is None else [took])
    return counted


KEYS: dict[str, tuple[str, Callable[[ArrivalRow], str | None]]] = {
    "town": ("town", lambda row: "town"),  # noqa: ARG005 - one shape for all
    "village": ("town", lambda row: row.village),
    "worker": ("town", lambda row: row.worker),
    "unit": ("unit", lambda row: row.unit),
}
"""Breakdowns: which rows they read, and the key of a row (API: `by`)."""


def tally_by(
    rows: Iterable[ArrivalRow], by: str, from_ms: int, to_ms: int, now_ms: int
) -> Mapping[str | None, Tally]:
    """The count per village, unit or worker; the reference for the report in SQL."""
    scope, key = KEYS[by]
    groups: dict[str | None, list[ArrivalRow]] = {}
    for row in rows:
        if row.scope == scope:
            groups.setdefault(key(row), []).append(row)
    return {k: tally(group, from_ms, to_ms, now_ms) for k, group in groups.items()}
