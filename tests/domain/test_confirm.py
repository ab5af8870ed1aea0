"""Times that are not to be trusted wait for the office, and nothing is refused because of a clock (SYNC)."""

from server.domain.doc import render
from server.domain.instants import rfc3339
from server.domain.refusal import words
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


def test_a_time_that_counts_is_not_before_the_ticket_nor_before_the_phones_last_proof_of_time() -> None:
    story = unsure()
    good = {"op": "came", "accepted": True, "reason": "x"}
    before = rfc3339(NOON - 60_000)
    told = story.refused("invalid_args", "officer", "ticket.confirm", {**good, "occurred_at": before})
    assert (told["field"], told["not_before"]) == ("occurred_at", rfc3339(NOON))
    assert told["not_after"] == rfc3339(NOON + 90 * 60_000)
    assert words("invalid_args", told) == "时间应在 11-18 12:00 至 11-18 13:30 之间。"
    story.apply("officer", "ticket.confirm", {**good, "occurred_at": rfc3339(NOON)})


def test_an_impossible_claim_cannot_be_accepted_as_it_stands_but_rejected() -> None:
    story = Story(urgent=True).dispatched()
    outside = {"from_ms": 0, "to_ms": NOON + 90 * 60_000, "received_ms": NOON + 90 * 60_000}
    story.apply("worker", "ticket.arrive", ARRIVED, id="came", at=-3 * 24 * 60, trust="unverified", **outside)
    good = {"op": "came", "accepted": True, "reason": "x"}
    assert story.refused("invalid_args", "officer", "ticket.confirm", good)["not_before"] == rfc3339(NOON)
    story.apply("officer", "ticket.confirm", {**good, "accepted": False})
    assert story.clock("arrival")["met"] is None


def test_nor_before_what_he_did_before_it_as_far_as_the_order_is_sure() -> None:
    good = {"op": "came", "accepted": True, "reason": "x", "occurred_at": rfc3339(NOON + 20 * 60_000)}
    for delivered, refused in ((60, True), (30, False)):
        story = Story(urgent=True).dispatched()
        story.apply("worker", "ticket.depart", at=30, received_ms=NOON + delivered * 60_000)
        bounds = {"from_ms": NOON, "to_ms": NOON + 60 * 60_000, "received_ms": NOON + 60 * 60_000}
        story.apply("worker", "ticket.arrive", ARRIVED, id="came", at=20, trust="unverified", **bounds)
        if refused:
            told = story.refused("invalid_args", "officer", "ticket.confirm", good)
            assert told["not_before"] == rfc3339(NOON + 30 * 60_000)
        else:
            story.apply("officer", "ticket.confirm", good)


def test_a_fact_of_a_merged_ticket_may_be_older_than_the_ticket_it_stands_on() -> None:
    story = Story(urgent=True)
    story.ingest("t0", received_at=rfc3339(NOON - 40 * 60_000))
    story.apply("officer", "ticket.dispatch", {"unit": "zhakou", "assignee": "worker"}, subject="t0")
    story.dispatched().apply("officer", "ticket.merge", {"into": "t1", "reason": "同一事"}, subject="t0")
    bounds = {"from_ms": 0, "to_ms": NOON + 60 * 60_000, "received_ms": NOON + 60 * 60_000}
    done = story.try_(
        "worker", "ticket.arrive", ARRIVED, id="came", subject="t0", trust="unverified", held=True, **bounds
    )
    assert done.outcome == "kept"
    at = rfc3339(NOON - 30 * 60_000)
    early = {"op": "came", "accepted": True, "reason": "x", "occurred_at": rfc3339(NOON - 50 * 60_000)}
    story.refused("invalid_args", "officer", "ticket.confirm", early)
    story.apply("officer", "ticket.confirm", {**early, "occurred_at": at})
    entry = story.ticket.entry("came")
    assert entry is not None
    assert entry["occurred_at"] == at


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
