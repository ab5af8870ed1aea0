"""The other indicators of DOMAIN §D, as formulae over one row per ticket. Every rate prints its n."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from server.domain import instants
from server.domain.callbacks import effective
from server.domain.rules import Rules
from server.domain.ticket import Ticket


@dataclass(frozen=True, slots=True)
class CaseRow:
    """What the indicators need of a ticket. Times in ms UTC; `original_due_ms` is the due before any change.

    `n`: for how many tickets the row stands that count alike.
    """

    category: str
    received_ms: int
    acceptance_due_ms: int | None
    acceptance_met_ms: int | None
    result_due_ms: int | None
    original_due_ms: int | None
    result_met_ms: int | None
    excluded: bool
    confidential: bool
    replied: bool
    called: bool
    connected: bool
    reworked: bool
    resolved: bool | None
    satisfaction: str | None
    rated_ms: int | None
    dispatches: int
    returns: int
    improper_returns: int
    n: int = 1


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate with its n; None at 0."""

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        """Between 0 and 1."""
        return self.numerator / self.denominator if self.denominator else None


@dataclass(frozen=True, slots=True)
class Period:
    """[from, to) in ms UTC, seen from `now_ms`."""

    from_ms: int
    to_ms: int
    now_ms: int

    def has(self, at_ms: int | None) -> bool:
        """Whether the moment lies in the period."""
        return at_ms is not None and self.from_ms <= at_ms < self.to_ms

    def has_passed(self, due_ms: int | None) -> bool:
        """Whether the due lies in the period and is over. 24:00 is the next midnight, and ends the day before."""
        return due_ms is not None and self.has(due_ms - 1) and due_ms <= self.now_ms


def case_row(ticket: Ticket, rules: Rules) -> CaseRow:
    """The row of a ticket: acceptance and result of its first cycle, callback of the last one replied to."""
    first = {c["kind"]: c for c in ticket.clocks if c["cycle"] == 1}
    acceptance, result = first.get("acceptance"), first.get("result")
    original = next((c for n in ticket.clock_history for c in n["clocks"] if c["kind"] == "result"), result)
    reply = ticket.reply or (ticket.replies[-1] if ticket.replies else None)
    call = effective(ticket.timeline, reply["cycle"] if reply else ticket.cycle, rules)
    rating = ticket.evaluation
    return CaseRow(
        category=ticket.category,
        received_ms=ticket.received_at,
        acceptance_due_ms=acceptance["due"] if acceptance else None,
        acceptance_met_ms=acceptance["met"] if acceptance else None,
        result_due_ms=result["due"] if result else None,
        original_due_ms=original["due"] if original else None,
        result_met_ms=result["met"] if result else None,
        excluded=ticket.state in ("merged", "terminated"),
        confidential=ticket.confidential,
        replied=bool(result and result["met"] is not None),
        called=call is not None,
        connected=call is not None and call["callback"]["outcome"] == "connected",
        reworked=ticket.cycle > 1,
        resolved=rating["resolved"] if rating else None,
        satisfaction=rating["satisfaction"] if rating else None,
        rated_ms=instants.parse(rating["at"]) if rating else None,
        dispatches=ticket.dispatches,
        returns=ticket.returns + ticket.improper_returns,
        improper_returns=ticket.improper_returns,
    )


def _rate(rows: Iterable[CaseRow], of: Callable[[CaseRow], bool], hit: Callable[[CaseRow], bool]) -> Rate:
    counted = [row for row in rows if of(row) and not row.excluded]
    return Rate(sum(row.n for row in counted if hit(row)), sum(row.n for row in counted))


def _by(met_ms: int | None, due_ms: int | None) -> bool:
    return met_ms is not None and due_ms is not None and met_ms <= due_ms


def acceptance(rows: Iterable[CaseRow], period: Period) -> Rate:
    """当日受理率: an opinion the same day, of tickets received whose day has ended, praise apart."""
    return _rate(
        rows,
        lambda r: r.category != "praise" and period.has_passed(r.acceptance_due_ms),
        lambda r: _by(r.acceptance_met_ms, r.acceptance_due_ms),
    )


def on_time(rows: Iterable[CaseRow], period: Period) -> Rate:
    """按期办结率: completed by the effective due; open overdue ones count as failures."""
    return _rate(
        rows, lambda r: period.has_passed(r.result_due_ms), lambda r: _by(r.result_met_ms, r.result_due_ms)
    )


def on_time_raw(rows: Iterable[CaseRow], period: Period) -> Rate:
    """按期办结率 against the due the ticket had at first."""
    return _rate(
        rows,
        lambda r: period.has_passed(r.original_due_ms),
        lambda r: _by(r.result_met_ms, r.original_due_ms),
    )


def completion(rows: Iterable[CaseRow], period: Period) -> Rate:
    """办结率: completed of those received; praise is complete on receipt."""
    return _rate(
        rows,
        lambda r: period.has(r.received_ms),
        lambda r: r.result_met_ms is not None or r.category == "praise",
    )


def callback(rows: Iterable[CaseRow], period: Period) -> Rate:
    """回访率: replied with a callback, of those replied but confidential ones."""
    return _rate(rows, lambda r: period.has(r.result_met_ms) and not r.confidential, lambda r: r.called)


def connected(rows: Iterable[CaseRow], period: Period) -> Rate:
    """回访接通率: as `callback`, but only calls that reached the resident."""
    return _rate(rows, lambda r: period.has(r.result_met_ms) and not r.confidential, lambda r: r.connected)


def satisfaction(rows: Iterable[CaseRow], period: Period) -> Rate:
    """满意率 by evaluation date; the unrated are not counted."""
    good = ("very_satisfied", "satisfied", "fair")
    return _rate(
        rows,
        lambda r: period.has(r.rated_ms) and r.satisfaction is not None,
        lambda r: r.satisfaction in good,
    )


def resolution(rows: Iterable[CaseRow], period: Period) -> Rate:
    """解决率: resolved of those assessed."""
    return _rate(
        rows, lambda r: period.has(r.rated_ms) and r.resolved is not None, lambda r: r.resolved is True
    )


def returns(rows: Iterable[CaseRow], period: Period) -> Rate:
    """退单率: return requests per assignment."""
    counted = [r for r in rows if period.has(r.received_ms) and not r.excluded]
    return Rate(sum(r.n * r.returns for r in counted), sum(r.n * r.dispatches for r in counted))


def improper_returns(rows: Iterable[CaseRow], period: Period) -> Rate:
    """不当退单率: rejected of those requested."""
    counted = [r for r in rows if period.has(r.received_ms) and not r.excluded]
    return Rate(sum(r.n * r.improper_returns for r in counted), sum(r.n * r.returns for r in counted))


def rework(rows: Iterable[CaseRow], period: Period) -> Rate:
    """重办率: sent back by the city of those replied."""
    return _rate(rows, lambda r: period.has(r.result_met_ms), lambda r: r.reworked)


def dispatch_accuracy(rows: Iterable[CaseRow], period: Period) -> Rate:
    """派单准确率: first dispatches that no approved return undid."""
    return _rate(
        rows,
        lambda r: period.has(r.received_ms) and r.dispatches > 0,
        lambda r: r.returns == r.improper_returns,
    )


def excluded(name: str, rows: Iterable[CaseRow], period: Period) -> int:
    """How many tickets an indicator of the period left out: always printed with it (DOMAIN §D)."""
    # Counted as one assignment, returned once, each ticket weighs one in every denominator.
    left_out = [
        replace(r, excluded=False, dispatches=1, returns=1, improper_returns=1) for r in rows if r.excluded
    ]
    return RATES[name](left_out, period).denominator


RATES: dict[str, Callable[[Iterable[CaseRow], Period], Rate]] = {
    "acceptance": acceptance,
    "on_time": on_time,
    "on_time_raw": on_time_raw,
    "completion": completion,
    "callback": callback,
    "connected": connected,
    "satisfaction": satisfaction,
    "resolution": resolution,
    "returns": returns,
    "improper_returns": improper_returns,
    "rework": rework,
    "dispatch_accuracy": dispatch_accuracy,
}
LIGHTS: dict[str, tuple[float, float]] = {
    "arrival": (0.95, 0.85),
    "acceptance": (0.99, 0.95),
    "on_time": (0.98, 0.92),
    "callback": (0.98, 0.92),
    "resolution": (0.92, 0.85),
    "satisfaction": (0.90, 0.85),
}
"""Green and yellow from [A]; for `returns` less is better: 3 % and 6 %."""


def light(name: str, value: float | None) -> str | None:
    """`green`, `yellow`, `red`, or None without a value or a threshold. Advisory (国办函〔2025〕66号)."""
    if value is None:
        return None
    if name == "returns":
        return "green" if value <= 0.03 else "yellow" if value <= 0.06 else "red"
    if name not in LIGHTS:
        return None
    green, yellow = LIGHTS[name]
    return "green" if value >= green else "yellow" if value >= yellow else "red"
