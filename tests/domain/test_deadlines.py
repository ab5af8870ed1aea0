"""Deadlines: the vectors of DOMAIN §C, and what keeps history."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from server.domain import deadlines, instants
from server.domain.rules import Rules
from server.domain.workdays import Calendar
from tests.domain import vectors
from tests.domain.town import NOON, Story

_CALENDAR = vectors.load("deadlines")["calendar"]
CALENDAR = Calendar(
    {date.fromisoformat(day["date"]): (day["work"], day["name"]) for day in _CALENDAR["days"]},
    set(_CALENDAR["years"]),
)


def _ms(text: str | None) -> int | None:
    return None if text is None else instants.parse(text)


def compute(case: dict[str, Any], rules: Rules) -> list[deadlines.Deadline]:
    return deadlines.compute(
        case["category"],
        urgent=case["urgent"],
        received_at_ms=instants.parse(case["received_at"]),
        calendar=CALENDAR,
        rules=rules,
        urgent_flagged_at_ms=_ms(case.get("urgent_flagged_at")),
        cycle=case.get("cycle", 1),
        cycle_started_at_ms=_ms(case.get("cycle_started_at")),
        external_due_at_ms=_ms(case.get("external_due_at")),
        petition=case.get("petition"),
    )


@pytest.mark.parametrize("case", vectors.named("deadlines"))
def test_due_times_are_those_of_the_vector(case: dict[str, Any]) -> None:
    found = compute(case["case"], replace(Rules(), **case.get("rules", {})))
    shown = [(d.kind, instants.rfc3339(d.due_at_ms), d.provisional) for d in found]
    assert shown == [(e["kind"], e["due_at"], e["provisional"]) for e in case["expect"]]
    for deadline, expected in zip(found, case["expect"], strict=True):
        if "rule" in expected:
            assert deadline.why["rule"] == expected["rule"]
        if "skipped" in expected:
            assert [s["date"] for s in deadline.why["skipped"]] == expected["skipped"]


def test_every_deadline_explains_itself_in_data() -> None:
    first = vectors.load("deadlines")["cases"][0]["case"]
    result = compute(first, Rules())[-1]
    assert result.why["from"] == first["received_at"]
    assert result.why["days"] == 5
    assert {"date": "2026-10-01", "name": "国庆节"} in result.why["skipped"]
    assert {"date": "2026-10-11", "name": "周日"} in result.why["skipped"]


def test_recategorising_recomputes_from_the_original_start_and_keeps_history() -> None:
    story = Story(received_at="2026-11-18T04:00:00.000Z")
    story.apply("officer", "ticket.recategorise", {"category": "consult", "reason": "只是咨询"}, at=300)
    result = story.clock("result")
    assert (result["start"], result["why"]["days"]) == (NOON, 2)
    history = story.ticket.clock_history
    assert [note["why"] for note in history] == ["recategorise"]
    assert {c["kind"] for c in history[0]["clocks"]} == {"acceptance", "result"}


def test_an_earlier_breach_stays_on_record_after_recategorising() -> None:
    story = Story()
    day = 24 * 60
    story.apply("officer", "ticket.recategorise", {"category": "help", "reason": "求助"}, at=12 * day)
    assert story.ticket.clock_history == []  # same days: nothing changed
    story.apply("officer", "ticket.recategorise", {"category": "suggest", "reason": "建议"}, at=13 * day)
    assert set(story.ticket.clock_history[-1]["breached"]) == {"acceptance", "result"}


def test_loading_a_calendar_recomputes_what_was_provisional() -> None:
    story = Story()
    story.calendar = Calendar({}, set())
    story.apply("officer", "ticket.recategorise", {"category": "help", "reason": "求助"})
    assert story.clock("result")["provisional"]
    story.calendar = Calendar({date(2026, 11, 19): (False, "补休")}, {2026})
    story.apply("system", "ticket.recompute_deadlines")
    assert not story.clock("result")["provisional"]
    assert story.clock("result")["due"] == instants.end_of(date(2026, 11, 26))
    assert story.ticket.clock_history[-1]["why"] == "calendar"


def test_recomputing_what_has_not_changed_leaves_the_ticket_alone() -> None:
    story = Story()
    assert story.try_("system", "ticket.recompute_deadlines").tickets == []


def test_the_citys_due_moves_the_result_and_both_layers_stay_measured() -> None:
    story = Story()
    due = "2026-11-19T04:00:00.000Z"
    story.apply("city", "ticket.city_update", {"kind": "due", "external_due_at": due})
    result = story.clock("result")
    assert (result["due"], result["external"]) == (instants.parse(due), instants.parse(due))
    assert result["internal"] > result["due"]


@pytest.mark.parametrize("text", ["5pm", "25:00", "17:60", ""])
def test_a_time_of_day_that_is_none_stops_the_start(text: str) -> None:
    with pytest.raises(ValueError, match="end_of_day"):
        Rules(end_of_day=text)


def test_redispatch_never_resets_the_tickets_clocks() -> None:
    story = Story(urgent=True).handling()
    before = [(c["kind"], c["start"], c["due"], c["met"]) for c in story.ticket.clocks]
    story.apply("officer", "ticket.dispatch", {"unit": "nancheng"})
    assert [(c["kind"], c["start"], c["due"], c["met"]) for c in story.ticket.clocks] == before
