"""When things are due (DOMAIN §C): category, times and calendar in, due times that explain themselves out."""

from dataclasses import dataclass, replace
from datetime import timedelta

from server.domain import instants
from server.domain.instants import HOUR_MS, MINUTE_MS
from server.domain.rules import Rules
from server.domain.ticket import Json
from server.domain.workdays import Calendar, count_working_days

KINDS = ("acceptance", "arrival", "handling", "result")
_CONSULT = ("consult", "suggest")


@dataclass(frozen=True, slots=True)
class Deadline:
    """One due time in ms UTC, with what it takes to check it: `why` is {rule, from, days, skipped}."""

    kind: str
    start_at_ms: int
    due_at_ms: int
    met_at_ms: int | None
    provisional: bool
    why: Json
    internal_due_at_ms: int | None = None
    external_due_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """What the due times depend on. `start_ms`: receipt at the town, or the start of a rework cycle."""

    category: str
    urgent: bool
    start_ms: int
    flagged_ms: int
    cycle: int
    external_due_ms: int | None
    petition: str | None


def compute(
    category: str,
    *,
    urgent: bool,
    received_at_ms: int,
    calendar: Calendar,
    rules: Rules,
    urgent_flagged_at_ms: int | None = None,
    cycle: int = 1,
    cycle_started_at_ms: int | None = None,
    external_due_at_ms: int | None = None,
    petition: str | None = None,
) -> list[Deadline]:
    """The deadlines of one cycle, in the order of `KINDS`; praise has none.

    `petition` is None, `push` (to the petition office, 10 min) or `transfer` (from it, 1 h). In a rework cycle
    the emergency is over unless it was flagged again since the cycle began.
    """
    if category == "praise":
        return []
    start = received_at_ms if cycle_started_at_ms is None else cycle_started_at_ms
    flagged = max(start, urgent_flagged_at_ms or start)
    if cycle > 1 and (urgent_flagged_at_ms is None or urgent_flagged_at_ms < start):
        urgent = False
    if category == "consult" and not rules.urgent_consult:
        urgent = False
    case = Case(category, urgent, start, flagged, cycle, external_due_at_ms, petition)
    found = [_acceptance(case, rules)]
    if urgent:
        arrival = _arrival(case, rules)
        found += [arrival, _handling(case, arrival, rules)]
    found.append(_result(case, calendar, rules))
    return found


def _why(rule: str, start_ms: int, days: int = 0, **more: object) -> Json:
    return {"rule": rule, "from": instants.rfc3339(start_ms), "days": days, "skipped": [], **more}


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes or 0)


def _acceptance(case: Case, rules: Rules) -> Deadline:
    start = case.start_ms
    if case.petition is not None and case.cycle == 1:
        minutes = rules.petition_push_min if case.petition == "push" else rules.petition_transfer_min
        why = _why(f"petition_{case.petition}", start, minutes=minutes)
        return Deadline("acceptance", start, start + minutes * MINUTE_MS, None, provisional=False, why=why)
    day, rule = instants.day_of(start), "acceptance_same_day"
    if rules.night_cutoff and instants.minute_of_day(start) >= _minutes(rules.night_cutoff):
        day, rule = day + timedelta(days=1), "acceptance_night_cutoff"
    return Deadline("acceptance", start, instants.end_of(day), None, provisional=False, why=_why(rule, start))


def _arrival(case: Case, rules: Rules) -> Deadline:
    due = case.flagged_ms + rules.arrival_min * MINUTE_MS
    why = _why("arrival_minutes", case.flagged_ms, minutes=rules.arrival_min)
    return Deadline("arrival", case.flagged_ms, due, None, provisional=False, why=why)


def _handling(case: Case, arrival: Deadline, rules: Rules) -> Deadline:
    """Day D is the calendar day of the arrival deadline; in strict mode that of the start (DOMAIN §C 4)."""
    strict = rules.handling_strict
    day = instants.day_of(case.flagged_ms if strict else arrival.due_at_ms)
    rule = "handling_received_day" if strict else "handling_arrival_day"
    why = _why(rule, case.flagged_ms)
    return Deadline("handling", case.flagged_ms, instants.end_of(day), None, provisional=False, why=why)


def _days(start_ms: int, days: int, rule: str, calendar: Calendar, rules: Rules) -> Deadline:
    count = count_working_days(instants.day_of(start_ms), days, calendar, with_start=rules.count_start_day)
    due = instants.end_of(count.last)
    if rules.end_of_day != "24:00":
        due = instants.start_of(count.last) + _minutes(rules.end_of_day) * MINUTE_MS
    why = _why(rule, start_ms, days)
    why["skipped"] = [{"date": day.isoformat(), "name": name} for day, name in count.skipped]
    return Deadline("result", start_ms, due, None, count.provisional, why)


def _internal_result(case: Case, calendar: Calendar, rules: Rules) -> Deadline:
    start = case.start_ms
    if case.petition is not None and case.cycle == 1:
        due, why = start + rules.petition_result_h * HOUR_MS, _why("petition_result", start)
        return Deadline("result", start, due, None, provisional=False, why=why)
    if case.cycle > 1 and not case.urgent:
        return _days(start, rules.rework_result_days, "result_rework", calendar, rules)
    if case.category in _CONSULT:
        usual = _days(start, rules.consult_result_days, "result_working_days", calendar, rules)
    else:
        usual = _days(start, rules.case_result_days, "result_working_days", calendar, rules)
    if not case.urgent:
        return usual
    urgent = _days(start, rules.urgent_result_days, "result_urgent", calendar, rules)
    if urgent.due_at_ms >= case.flagged_ms:
        return urgent
    # Raised long after receipt: nobody is late before the flag, so its two days run from there.
    late = _days(case.flagged_ms, rules.urgent_result_days, "result_urgent", calendar, rules)
    return min(usual, late, key=lambda one: one.due_at_ms)


def _result(case: Case, calendar: Calendar, rules: Rules) -> Deadline:
    """The earlier of the town's due and the city's is shown; both stay to be measured (DOMAIN §C, two layers)."""
    own = _internal_result(case, calendar, rules)
    due, why, provisional = own.due_at_ms, own.why, own.provisional
    if case.external_due_ms is not None and case.external_due_ms < due:
        due, why, provisional = case.external_due_ms, _why("result_external", own.start_at_ms), False
    return Deadline(
        "result",
        own.start_at_ms,
        due,
        None,
        provisional,
        why,
        internal_due_at_ms=own.due_at_ms,
        external_due_at_ms=case.external_due_ms,
    )


def advanced(deadline: Deadline, due_at_ms: int | None) -> Deadline:
    """The deadline of a group of merged tickets: its own, or an earlier one of theirs (DOMAIN §B merge)."""
    if due_at_ms is None or due_at_ms >= deadline.due_at_ms:
        return deadline
    why = _why("merged", deadline.start_at_ms)
    return replace(deadline, due_at_ms=due_at_ms, why=why, provisional=False)
