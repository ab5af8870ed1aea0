"""When a resident counts as called back (DOMAIN D16, §B “Unreachable caller”; API: callbacks)."""

from collections.abc import Iterable

from server.domain import instants
from server.domain.rules import Rules
from server.domain.ticket import Json


def valid_callbacks(timeline: Iterable[Json], cycle: int) -> list[Json]:
    """Callbacks of the cycle that nobody retracted, by (occurred_at, id)."""
    found = [
        e
        for e in timeline
        if e["name"] == "ticket.callback" and e["cycle"] == cycle and "retracted_by" not in e
    ]
    found.sort(key=lambda e: (e["occurred_at"], e["id"]))
    return found


def unreachable_enough(attempts: Iterable[Json], rules: Rules) -> bool:
    """Whether the unreachable attempts suffice: three over two half-days, split at 12:00 (settings)."""
    calls = [e["callback"]["called_at"] for e in attempts if e["callback"]["outcome"] == "unreachable"]
    if len(calls) < rules.unreachable_attempts:
        return False
    return len({instants.half_day(instants.parse(at)) for at in calls}) >= rules.unreachable_half_days


def effective(timeline: Iterable[Json], cycle: int, rules: Rules) -> Json | None:
    """The callback that leaves with the reply, or None when the reply may not pass yet.

    The latest connected, else the latest declined, else the latest unreachable if there were enough of them;
    it depends only on occurrence times and ids, never on the order of arrival (SYNC I10).
    """
    calls = valid_callbacks(timeline, cycle)
    for wanted in ("connected", "declined"):
        for entry in reversed(calls):
            if entry["callback"]["outcome"] == wanted:
                return entry
    if calls and unreachable_enough(calls, rules):
        return calls[-1]
    return None
