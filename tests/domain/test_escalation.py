"""The ladder for every sequence: no rung skipped or repeated, none after an answer, always an end."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.escalation import (
    DEFAULTS,
    POSTS,
    BadLadder,
    Climb,
    Ladder,
    Run,
    Rung,
    due,
    next_at,
    parse_ladder,
    planned_at,
)
from server.domain.instants import HOUR_MS, MINUTE_MS
from tests.domain.town import NOON

MIN = MINUTE_MS


def everybody(post: str) -> tuple[str, ...]:
    return (f"{post}-1", f"{post}-2")


def after(run: Run, climbs: list[Climb]) -> Run:
    """The run with these climbs recorded, as the alarm keeps it."""
    empty = run.empty | {each.rung for each in climbs if not each.people}
    return Run(
        run.raised_at_ms, (*run.climbed, *((c.rung, c.at_ms) for c in climbs)), run.stopped_at_ms, empty
    )


@st.composite
def ladders(draw: Any) -> Ladder:
    minutes = sorted(draw(st.sets(st.integers(1, 120), max_size=6)))
    posts = st.lists(st.sampled_from(POSTS), min_size=1, max_size=3, unique=True).map(tuple)
    return Ladder(tuple(Rung(each, draw(posts), draw(posts)) for each in (0, *minutes)))


sweeps = st.lists(st.integers(-3 * HOUR_MS, 5 * HOUR_MS), max_size=20)  # also before it was raised
absent = st.sets(st.sampled_from(POSTS), max_size=len(POSTS))
scales = st.sampled_from((1.0, 0.01, 2.5))


@settings(deadline=None)
@given(ladders(), sweeps, absent, scales)
def test_every_rung_once_in_order_and_at_its_deadline_whenever_somebody_looks(
    ladder: Ladder, looks: list[int], nobody_at: set[str], scale: float
) -> None:
    """Late, repeated and backward sweeps give what one sweep in time would have given."""

    def who(post: str) -> tuple[str, ...]:
        return () if post in nobody_at else everybody(post)

    run, taken = Run(NOON), []
    for look in looks:
        found = due(ladder, run, who, NOON + look, scale)
        assert all(each.at_ms <= NOON + look for each in found)
        taken += found
        run = after(run, found)
    taken += due(ladder, run, who, NOON + 400 * HOUR_MS, scale)
    assert [each.rung for each in taken] == list(range(len(ladder.rungs)))
    assert taken == due(ladder, Run(NOON), who, NOON + 400 * HOUR_MS, scale)
    at = NOON
    for climb in taken:
        planned = planned_at(ladder, NOON, climb.rung, scale)
        passed_on = climb.rung > 0 and not taken[climb.rung - 1].people
        assert climb.at_ms == (at if passed_on else max(planned, at))
        at = climb.at_ms
    assert due(ladder, after(Run(NOON), taken), who, NOON + 900 * HOUR_MS, scale) == []
    assert next_at(ladder, after(Run(NOON), taken), scale) is None


@settings(deadline=None)
@given(ladders(), sweeps, st.integers(0, 2 * HOUR_MS), sweeps)
def test_nothing_climbs_after_a_received_answer(
    ladder: Ladder, before: list[int], answered: int, later: list[int]
) -> None:
    run = Run(NOON)
    for look in before:
        run = after(run, due(ladder, run, everybody, NOON + look))
    run = Run(run.raised_at_ms, run.climbed, NOON + answered, run.empty)
    assert next_at(ladder, run) is None
    for look in later:
        assert due(ladder, run, everybody, NOON + answered + abs(look)) == []


@settings(deadline=None)
@given(ladders(), absent, scales)
def test_a_sweep_at_each_next_time_reaches_the_top(ladder: Ladder, nobody_at: set[str], scale: float) -> None:
    """The worker only looks when `next_at` says so; that always goes on and always ends."""
    run = Run(NOON)
    for _ in range(len(ladder.rungs)):
        at = next_at(ladder, run, scale)
        if at is None:
            break
        found = due(ladder, run, lambda post: () if post in nobody_at else everybody(post), at, scale)
        assert found
        run = after(run, found)
    assert next_at(ladder, run, scale) is None
    assert len(run.climbed) == len(ladder.rungs)


def test_the_urgent_ladder_at_its_minutes() -> None:
    ladder = DEFAULTS["urgent_ticket"]
    climbs = due(ladder, Run(NOON), lambda post: (post,), NOON + HOUR_MS)
    assert [(c.at_ms - NOON, c.people) for c in climbs] == [
        (0, ("worker", "backup", "unit_head")),
        (5 * MIN, ("unit_head", "backup")),
        (10 * MIN, ("duty_room",)),
        (15 * MIN, ("leader",)),
    ]
    assert due(ladder, Run(NOON), everybody, NOON - 1) == []
    assert [c.at_ms - NOON for c in due(ladder, Run(NOON), everybody, NOON + 9_000, 0.01)] == [
        0,
        3_000,
        6_000,
        9_000,
    ]


def test_an_empty_rung_passes_on_at_once_and_only_itself() -> None:
    ladder = DEFAULTS["urgent_ticket"]

    def who(post: str) -> tuple[str, ...]:
        return () if post in {"unit_head", "backup"} else (post,)

    climbs = due(ladder, Run(NOON), who, NOON + HOUR_MS)
    assert [(c.rung, (c.at_ms - NOON) // MIN, c.people) for c in climbs] == [
        (0, 0, ("worker",)),
        (1, 5, ()),
        (2, 5, ("duty_room",)),
        (3, 15, ("leader",)),
    ]
    # cut off between the empty rung and the next one: the facts alone say that it is due
    cut = after(Run(NOON), climbs[:2])
    assert next_at(ladder, cut) == NOON + 5 * MIN


def test_with_nobody_at_all_the_whole_ladder_is_passed_at_once() -> None:
    climbs = due(DEFAULTS["urgent_ticket"], Run(NOON), lambda _post: (), NOON)
    assert [(c.rung, c.at_ms) for c in climbs] == [(rung, NOON) for rung in range(4)]


def test_who_is_called_is_not_told_as_well_and_stands_once() -> None:
    ladder = Ladder((Rung(0, ("worker", "backup"), ("unit_head", "leader")),))
    same = {"worker": ("a",), "backup": ("a", "b"), "unit_head": ("b", "c"), "leader": ()}
    (climb,) = due(ladder, Run(NOON), same.__getitem__, NOON)
    assert (climb.people, climb.informed) == (("a", "b"), ("c",))
    assert climb.posts == {"a": ("worker", "backup"), "b": ("backup",), "c": ("unit_head",)}


@pytest.mark.parametrize(
    ("raw", "field", "reason"),
    [
        (None, "rungs", "missing"),
        ([], "rungs", "missing"),
        ([{}] * 9, "rungs", "length"),
        (["worker"], "rungs.0", "type"),
        ([{"posts": ["worker"]}], "rungs.0.after_min", "missing"),
        ([{"after_min": True, "posts": ["worker"]}], "rungs.0.after_min", "type"),
        ([{"after_min": float("nan"), "posts": ["worker"]}], "rungs.0.after_min", "range"),
        ([{"after_min": -1, "posts": ["worker"]}], "rungs.0.after_min", "range"),
        ([{"after_min": 5, "posts": ["worker"]}], "rungs.0.after_min", "first_not_zero"),
        ([{"after_min": 0, "posts": []}], "rungs.0.posts", "missing"),
        ([{"after_min": 0, "posts": "worker"}], "rungs.0.posts", "type"),
        ([{"after_min": 0, "posts": ["mayor"]}], "rungs.0.posts", "choice"),
        ([{"after_min": 0, "posts": ["worker", "worker"]}], "rungs.0.posts", "duplicate"),
        ([{"after_min": 0, "posts": ["worker"], "informs": ["x"]}], "rungs.0.informs", "choice"),
        ([{"after_min": 0, "posts": ["worker"], "channels": []}], "rungs.0.channels", "missing"),
        ([{"after_min": 0, "posts": ["worker"], "channels": ["SMS!"]}], "rungs.0.channels", "choice"),
        ([{"after_min": 0, "posts": ["worker"], "loud": 1}], "rungs.0.loud", "unknown"),
        ([{"after_min": 0, "posts": ["worker"]}] * 2, "rungs.1.after_min", "not_rising"),
    ],
)
def test_a_ladder_that_cannot_be_used_says_where(raw: object, field: str, reason: str) -> None:
    with pytest.raises(BadLadder) as bad:
        parse_ladder(raw)
    assert (bad.value.field, bad.value.reason) == (field, reason)


def test_a_ladder_survives_its_stored_form() -> None:
    for ladder in DEFAULTS.values():
        assert parse_ladder(ladder.to_list()) == ladder
    assert parse_ladder([{"after_min": 0, "posts": ["leader"], "channels": ["push", "sms"]}]).rungs[
        0
    ].channels == ("push", "sms")
