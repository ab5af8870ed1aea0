"""Honest time: the vectors, anchors that cannot be forged, and what a push makes of them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.clock import (
    Clock,
    Sample,
    Tap,
    judge,
    make_anchor,
    parse_rfc3339,
    read_anchor,
    read_clock,
    rfc3339,
    steadiness,
)
from tests.sync.world import World

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "trust.json").read_text())
SECRET, USER, DEVICE = b"s", "u", "d"


@pytest.mark.parametrize("case", VECTORS["judge"], ids=lambda case: case["name"])
def test_moments_are_judged_as_the_vectors_say(case: dict[str, Any]) -> None:
    moment = judge(
        at_ms=parse_rfc3339(case["at"]) if case["at"] else None,
        clock=read_clock({"anchor": "x", **case["clock"]}) if case["clock"] else None,
        anchor_ms=parse_rfc3339(case["anchor_at"]) if case["anchor_at"] else None,
        received_ms=parse_rfc3339(case["received_at"]),
        after=Sample(**case["sample"]) if case["sample"] else None,
        steady=True,
    )
    assert rfc3339(moment.occurred_at_ms) == case["occurred_at"]
    assert [rfc3339(moment.from_ms), rfc3339(moment.to_ms)] == case["bounds"]
    assert moment.trust == case["trust"]


@pytest.mark.parametrize("case", VECTORS["walks"], ids=lambda case: case["name"])
def test_a_clock_that_stepped_is_seen_along_the_numbers(case: dict[str, Any]) -> None:
    taps = [_tap(*tap) for tap in case["taps"]]
    assert steadiness(taps, _tap(*case["last"]) if case["last"] else None) == case["steady"]


def _tap(at: str | None, origin: str | None, mono_ms: float | None) -> Tap:
    return Tap(parse_rfc3339(f"2026-11-22T{at}Z") if at else None, origin, mono_ms)


times = st.integers(0, 4_000_000_000_000)
small = st.floats(-1e12, 1e12)


@given(
    at=st.none() | times,
    anchor=st.none() | times,
    received=times,
    clock=st.none()
    | st.builds(
        Clock, st.just("x"), times, st.none() | small, st.just("a"), st.none() | small, st.floats(0, 1e9)
    ),
    after=st.none() | st.builds(Sample, small, st.floats(0, 1e9)),
    steady=st.booleans(),
)
def test_no_claim_leaves_its_bounds(
    at: int | None, anchor: int | None, received: int, clock: Clock | None, after: Sample | None, steady: bool
) -> None:
    """Never before its anchor, never after its receipt; and only with an anchor is anything believed."""
    moment = judge(at_ms=at, clock=clock, anchor_ms=anchor, received_ms=received, after=after, steady=steady)
    assert moment.from_ms <= moment.occurred_at_ms <= moment.to_ms == received
    if anchor is not None and clock is not None and anchor <= received:
        assert moment.from_ms == anchor
    else:
        assert moment.trust == "unverified"


def test_an_anchor_is_authentic_for_its_moment_user_and_device_only() -> None:
    anchor = make_anchor(SECRET, 1_795_320_000_123, USER, DEVICE)
    assert read_anchor(SECRET, anchor, USER, DEVICE) == 1_795_320_000_123
    assert read_anchor(SECRET, anchor, "other", DEVICE) is None
    assert read_anchor(SECRET, anchor, USER, "other") is None
    assert read_anchor(b"other", anchor, USER, DEVICE) is None
    for forged in ("", "AAAA", "汉字", anchor[:-4] + "AAAA", "B" + anchor[1:]):
        assert read_anchor(SECRET, forged, USER, DEVICE) is None


@pytest.mark.parametrize(
    "raw",
    [
        None,
        5,
        [],
        {},
        {"anchor": 5, "anchor_device_at": "2026-11-22T04:00:00Z", "uncertainty_ms": 1},
        {"anchor": "x", "anchor_device_at": "yesterday", "uncertainty_ms": 1},
        {"anchor": "x", "anchor_device_at": "2026-11-22T04:00:00Z", "uncertainty_ms": -1},
        {"anchor": "x", "anchor_device_at": "2026-11-22T04:00:00Z", "uncertainty_ms": float("nan")},
        {"anchor": "x", "anchor_device_at": "2026-11-22T04:00:00Z", "uncertainty_ms": True},
        {"anchor": "x", "anchor_device_at": "2026-11-22T04:00:00Z"},
    ],
)
def test_a_malformed_clock_is_no_clock(raw: object) -> None:
    assert read_clock(raw) is None


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("2026-11-22T04:00:00.000Z", 1_795_320_000_000),
        ("2026-11-22T04:00:00Z", 1_795_320_000_000),
        ("2026-11-22T12:00:00.5+08:00", 1_795_320_000_500),
        ("1969-12-31T23:59:59.999Z", -1),
    ],
)
def test_times_are_read_to_the_millisecond(text: str, at_ms: int) -> None:
    assert parse_rfc3339(text) == at_ms
    assert parse_rfc3339(rfc3339(at_ms)) == at_ms


@pytest.mark.parametrize(
    "text", ["", "2026-11-22", "20261122T040000Z", "2026-11-22T04:00:00", "2026-02-30T00:00:00Z"]
)
def test_what_is_no_rfc3339_time_is_not_read(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the value is what is wrong
        parse_rfc3339(text)


def test_a_visit_offline_is_proven_and_one_after_a_restart_probable(world: World) -> None:
    world.person("mei", "town")
    thing = world.thing("town")
    phone = world.phone("mei")
    phone.pull()
    clock = {
        "anchor": phone.anchor,
        "anchor_device_at": rfc3339(world.now_ms),
        "anchor_mono_ms": 100,
        "origin": "life-1",
        "uncertainty_ms": 30,
    }
    world.pass_ms(3_600_000)
    first = phone.note(thing, "arrived", clock=clock | {"mono_ms": 3_600_100})
    restarted = clock | {"origin": "life-2", "anchor_mono_ms": None}
    second = phone.note(thing, "done", clock=restarted | {"mono_ms": 9})
    stolen = phone.note(thing, "forged", clock=clock | {"anchor": "A" * 32, "mono_ms": 3_600_100})
    world.pass_ms(7_200_000)
    phone.push(first, second, stolen)
    phone.pull()
    told = [phone.receipts[op["id"]] for op in (first, second, stolen)]
    assert [receipt["trust"] for receipt in told] == ["proven", "probable", "unverified"]
    assert {receipt["occurred_at"] for receipt in told} == {"2026-11-22T05:00:00.000Z"}
    assert told[0]["bounds"] == ["2026-11-22T04:00:00.000Z", "2026-11-22T07:00:00.000Z"]
    assert {receipt["received_at"] for receipt in told} == {"2026-11-22T07:00:00.000Z"}


def test_an_anchor_of_another_device_is_worth_nothing(world: World) -> None:
    world.person("mei", "town")
    thing = world.thing("town")
    phone, other = world.phone("mei"), world.phone("mei")
    other.pull()
    clock = {
        "anchor": other.anchor,
        "anchor_device_at": rfc3339(world.now_ms),
        "anchor_mono_ms": 0,
        "origin": "a",
        "mono_ms": 0,
        "uncertainty_ms": 5,
    }
    op = phone.note(thing, clock=clock)
    phone.push(op)
    phone.pull()
    assert phone.receipts[op["id"]]["trust"] == "unverified"


def test_a_clock_set_back_between_two_pushes_is_noticed(world: World) -> None:
    world.person("mei", "town")
    thing = world.thing("town")
    phone = world.phone("mei")
    phone.pull()
    clock = {
        "anchor": phone.anchor,
        "anchor_device_at": rfc3339(world.now_ms),
        "anchor_mono_ms": None,
        "origin": "a",
        "mono_ms": 0,
        "uncertainty_ms": 5,
    }
    world.pass_ms(3_600_000)
    one = phone.note(thing, clock=clock)
    phone.push(one)
    two = phone.note(thing, at=rfc3339(world.now_ms - 600_000), clock=clock | {"origin": "b"})
    phone.push(two)
    phone.pull()
    assert phone.receipts[one["id"]]["trust"] == "probable"
    assert phone.receipts[two["id"]]["trust"] == "unverified"
