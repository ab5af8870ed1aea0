"""The vectors of callbacks, arrivals, staleness and masks, replayed on the real rules."""

from typing import Any

import pytest

from server.domain import mask
from server.domain.callbacks import effective, unreachable_enough, valid_callbacks
from server.domain.clocks import first_arrival, with_met
from server.domain.decide import stale_aspects
from server.domain.indicators import arrival_rows, part_of
from server.domain.instants import DAY_MS, half_day, parse
from server.domain.rules import Rules
from server.domain.ticket import Ticket
from tests.domain import vectors

RULES = Rules()


def _ticket(timeline: list[dict[str, Any]], **more: Any) -> Ticket:
    return Ticket("t", "n", "help", parse("2026-11-18T04:00:00Z"), timeline=timeline, **more)


def _call(call: dict[str, Any]) -> dict[str, Any]:
    entry = {
        "id": call["id"],
        "name": "ticket.callback",
        "occurred_at": call["occurred_at"],
        "cycle": call.get("cycle", 1),
        "callback": {"outcome": call["outcome"], "called_at": call["called_at"]},
    }
    return {**entry, "retracted_by": "x"} if call.get("retracted") else entry


@pytest.mark.parametrize("case", vectors.named("callbacks"))
def test_the_effective_callback_is_that_of_the_vector(case: dict[str, Any]) -> None:
    timeline = [_call(call) for call in case["calls"]]
    found = effective(timeline, case["cycle"], RULES)
    expected = case["expect"]
    assert (found["id"] if found else None, found is not None) == (expected["effective"], expected["enough"])
    attempts = [
        c for c in valid_callbacks(timeline, case["cycle"]) if c["callback"]["outcome"] == "unreachable"
    ]
    halves = {half_day(parse(c["callback"]["called_at"])) for c in attempts}
    assert (len(attempts), len(halves)) == (expected["unreachable"], expected["half_days"])


def test_the_attempts_asked_for_are_settings() -> None:
    one = [
        _call(
            {
                "id": "c",
                "occurred_at": "2026-11-18T04:00:00Z",
                "called_at": "2026-11-18T04:00:00Z",
                "outcome": "unreachable",
            }
        )
    ]
    assert not unreachable_enough(one, RULES)
    assert unreachable_enough(one, Rules(unreachable_attempts=1, unreachable_half_days=1))


@pytest.mark.parametrize("case", vectors.named("arrival"))
def test_the_first_valid_arrival_counts_as_in_the_vector(case: dict[str, Any]) -> None:
    timeline = [
        {"name": "ticket.arrive", "cycle": 1, "received_at": e["occurred_at"], **e} for e in case["entries"]
    ]
    clock = {
        "kind": "arrival",
        "cycle": 1,
        "start": parse(case["start_at"]),
        "due": parse(case["due_at"]),
        "met": None,
    }
    ticket = with_met(_ticket(timeline, clocks=[clock], urgent=True), 1)
    first = first_arrival(ticket, case["cycle"])
    assert (first["id"] if first else None) == case["expect"]["first"]
    row = arrival_rows(ticket)[0]
    assert part_of(row, row.due_ms + DAY_MS) == case["expect"]["part"]


@pytest.mark.parametrize("case", vectors.named("stale"))
def test_a_decision_is_stale_as_in_the_vector(case: dict[str, Any]) -> None:
    ticket = _ticket([], changes=case["changes"])
    found = stale_aspects(ticket, case["op"], case["base"], case["person"], case["device"])
    assert found == case["expect"]


@pytest.mark.parametrize("case", vectors.named("mask"))
def test_a_mask_shows_what_the_vector_says_and_twice_is_once(case: dict[str, Any]) -> None:
    masked = getattr(mask, case["what"])
    once = masked(case["given"])
    assert once == case["expect"]
    assert masked(once) == once
