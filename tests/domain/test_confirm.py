"""Times that are not to be trusted wait for the office, and nothing is refused because of a clock (SYNC)."""

from server.domain.doc import render
from server.domain.instants import rfc3339
from tests.domain.town import NOON, PEOPLE, UNITS, Story, photo

ARRIVED = {"no_fix_reason": "室内", "photos": [photo(1)]}


def unsure(minute: int = 20) -> Story:
    story = Story(urgent=True).dispatched()
    bounds = {"from_ms": NOON, "to_ms": NOON + 90 * 60_000, "received_ms": NOON + 90 * 60_000}
    return story.apply("worker", "ticket.arrive", ARRIVED, id="came", at=minute, trust="unverified", **bounds)


def test_an_unverified_arrival_waits_and_a_supervisor_is_told() -> None:
    story = unsure()
    assert story.last is not None
    assert [n.kind for n in story.last.notices] == ["unverified_time"]
    assert (story.clock("arrival")["met"], story.clock("arrival")["unverified"]) == (None, True)
    shown = next(d for d in render(story.ticket, UNITS, PEOPLE)["deadlines"] if d["kind"] == "arrival")
    assert shown["unverified"] is True
    assert story.ticket.timeline[-1]["bounds"] == [rfc3339(NOON), rfc3339(NOON + 90 * 60_000)]


def test_an_uncertain_acceptance_counts_at_its_latest_possible_moment() -> None:
    assert unsure().clock("acceptance")["met"] == NOON + 90 * 60_000


def test_the_office_confirms_corrects_or_rejects_it() -> None:
    taken = unsure().apply(
        "officer", "ticket.confirm", {"op": "came", "accepted": True, "reason": "监控可见"}
    )
    assert taken.minute(taken.clock("arrival")["met"]) == 20
    at = rfc3339(NOON + 35 * 60_000)
    moved = unsure().apply(
        "officer", "ticket.confirm", {"op": "came", "accepted": True, "occurred_at": at, "reason": "照片时间"}
    )
    assert moved.minute(moved.clock("arrival")["met"]) == 35
    entry = moved.ticket.entry("came")
    assert entry is not None
    assert entry["confirmed"]["claimed_at"] == rfc3339(NOON + 20 * 60_000)
    none = unsure().apply(
        "officer", "ticket.confirm", {"op": "came", "accepted": False, "reason": "不在现场"}
    )
    assert (none.clock("arrival")["met"], "unverified" in none.clock("arrival")) == (None, False)
    assert none.clock("acceptance")["met"] is None


def test_what_cannot_be_confirmed() -> None:
    story = unsure()
    good = {"op": "came", "accepted": True, "reason": "x"}
    story.refused("invalid_args", "officer", "ticket.confirm", {**good, "op": "nothing"})
    after = rfc3339(NOON + 91 * 60_000)
    assert (
        story.refused("invalid_args", "officer", "ticket.confirm", {**good, "occurred_at": after})["field"]
        == "occurred_at"
    )
    story.refused("not_yours", "head", "ticket.confirm", good)
    story.apply("officer", "ticket.confirm", good)
    story.refused("wrong_state", "officer", "ticket.confirm", good)


def test_a_retracted_arrival_no_longer_meets_anything_but_stays_visible() -> None:
    story = Story(urgent=True).dispatched().apply("worker", "ticket.arrive", ARRIVED, id="came", at=5)
    story.apply("worker", "ticket.arrive", ARRIVED, at=40)
    story.apply("worker", "ticket.retract", {"op": "came", "reason": "走错路口"})
    assert story.minute(story.clock("arrival")["met"]) == 40
    entry = story.ticket.entry("came")
    assert entry is not None
    assert entry["retracted_by"] == story.ticket.timeline[-1]["id"]


def test_only_an_own_earlier_fact_can_be_retracted() -> None:
    story = (
        Story()
        .dispatched()
        .apply("worker", "ticket.accept", id="yes")
        .apply("worker", "ticket.note", {"text": "x"}, id="n")
    )
    story.refused("invalid_args", "worker", "ticket.retract", {"op": "yes", "reason": "x"})
    story.refused("invalid_args", "worker", "ticket.retract", {"op": "nothing", "reason": "x"})
    story.refused("not_yours", "worker2", "ticket.retract", {"op": "n", "reason": "x"})
