"""Merged tickets: worked on once, every caller called back, nothing lost (DOMAIN §B merge)."""

from dataclasses import replace

from server.domain.doc import render
from server.domain.roles import buckets_of_ticket
from tests.domain.town import CALLED, NOON, PEOPLE, REPLY, UNITS, Story, photo

INTO = {"into": "t1", "reason": "同一工地"}


def merged(**second: object) -> Story:
    story = Story().dispatched()
    story.ingest("t2", **second)
    return story.apply("officer", "ticket.merge", INTO, subject="t2")


def test_the_merged_one_leaves_and_the_survivor_names_it() -> None:
    story = merged()
    child = story.tickets["t2"]
    assert (child.state, child.merged_into, buckets_of_ticket(child)) == ("merged", "t1", set())
    shown = render(story.ticket, UNITS, PEOPLE)["merged"]
    assert [(m["id"], m["callback"]) for m in shown] == [("t2", False)]
    assert story.ticket.timeline[-1]["via"] == "t2"


def test_the_group_is_due_when_the_earliest_was() -> None:
    story = merged(category="consult")
    child = next(c for c in story.tickets["t2"].clocks if c["kind"] == "result")
    assert story.clock("result")["due"] == child["due"]
    assert story.clock("result")["why"]["rule"] == "merged"
    story.apply("officer", "ticket.unmerge", INTO, subject="t2")
    assert story.clock("result")["due"] > child["due"]
    assert (story.tickets["t2"].state, story.tickets["t2"].merged_into) == ("received", None)


def test_an_urgent_child_makes_the_survivor_urgent_from_its_own_start() -> None:
    story = merged(urgent=True)
    assert story.ticket.urgent
    assert story.clock("arrival")["due"] == NOON + 3_600_000


def test_facts_made_on_the_merged_one_are_kept_on_the_survivor() -> None:
    story = Story().dispatched()
    story.ingest("t2")
    story.apply("officer", "ticket.dispatch", {"unit": "zhakou", "assignee": "worker2"}, subject="t2")
    base = story.tickets["t2"].rev
    story.apply("officer", "ticket.merge", INTO, subject="t2")
    done = story.try_(
        "worker2",
        "ticket.note",
        {"text": "已到现场", "photos": [photo(1)]},
        subject="t2",
        base=base,
        held=True,
    )
    assert (done.outcome, done.tickets[0].id) == ("kept", "t1")
    assert (story.ticket.timeline[-1]["via"], story.ticket.timeline[-1]["text"]) == ("t2", "已到现场")
    story.try_(
        "worker2",
        "ticket.retract",
        {"op": story.ticket.timeline[-1]["id"], "reason": "记错"},
        subject="t2",
        held=True,
    )
    assert "retracted_by" in story.ticket.timeline[-2]


def test_a_decision_on_the_merged_one_is_refused_and_the_survivor_told_only_to_who_may_see_it() -> None:
    story = Story().dispatched()
    story.ingest("t2")
    story.apply("officer", "ticket.dispatch", {"unit": "nancheng", "assignee": "worker3"}, subject="t2")
    base = story.tickets["t2"].rev
    story.apply("officer", "ticket.merge", INTO, subject="t2")
    foreign = story.refused("stale_base", "worker3", "ticket.accept", subject="t2", base=base, held=True)
    assert foreign == {"changed": ["state"], "merged": True}
    own = story.refused("stale_base", "clerk", "ticket.accept", subject="t2", base=base, held=True)
    assert own["into"] == story.ticket.external_no


def test_the_reply_needs_the_callbacks_of_all_and_each_stays_with_its_caller() -> None:
    story = merged().apply("worker", "ticket.accept").apply("worker", "ticket.callback", CALLED)
    details = story.refused("needs_callback", "worker", "ticket.reply", REPLY)
    assert details["tickets"] == [story.tickets["t2"].external_no]
    done = story.try_("worker", "ticket.callback", {**CALLED, "summary": "第二位"}, subject="t2")
    assert (done.outcome, [t.id for t in done.tickets]) == ("applied", ["t2", "t1"])
    story.apply("worker", "ticket.reply", REPLY)
    story.apply("head", "ticket.approve", {"reply_hash": story.hash()})
    assert story.ticket.reply is not None
    assert story.ticket.reply["packet"]["merged_callbacks"]["t2"]["summary"] == "第二位"


def test_a_later_callback_to_a_merged_caller_changes_the_packet() -> None:
    story = merged().apply("worker", "ticket.accept").apply("worker", "ticket.callback", CALLED)
    story.apply("worker", "ticket.callback", CALLED, subject="t2").apply("worker", "ticket.reply", REPLY)
    seen = story.hash()
    story.apply("worker", "ticket.callback", {**CALLED, "summary": "改口"}, subject="t2")
    story.refused("reply_changed", "head", "ticket.approve", {"reply_hash": seen})


def test_the_verdict_of_a_merged_caller_stays_with_him_and_an_unresolved_one_reopens_the_survivor() -> None:
    story = merged().apply("worker", "ticket.accept").apply("worker", "ticket.callback", CALLED)
    story.apply("worker", "ticket.callback", CALLED, subject="t2").apply("worker", "ticket.reply", REPLY)
    story.apply("head", "ticket.approve", {"reply_hash": story.hash()})
    base = story.ticket.rev
    story.apply("city", "ticket.city_result", {"resolved": True}, subject="t2")
    assert (story.tickets["t2"].state, story.ticket.cycle) == ("merged", 1)
    story.apply("city", "ticket.city_result", {"resolved": False}, subject="t2")
    assert (story.ticket.state, story.ticket.cycle, story.ticket.rev) == ("handling", 2, base + 1)
    assert story.ticket.changes[-1][3] == ["state", "cycle", "reply"]
    story.refused("stale_base", "worker", "ticket.reply", REPLY, base=base)


def test_what_cannot_be_merged() -> None:
    story = Story().dispatched()
    story.ingest("t2", confidential=True)
    assert (
        story.refused("wrong_state", "lead", "ticket.merge", INTO, subject="t2")["reason"] == "confidential"
    )
    story.ingest("t3", respondent_unit="zhakou")
    assert (
        story.refused("respondent_unit", "officer", "ticket.merge", INTO, subject="t3")["unit"]["id"]
        == "zhakou"
    )
    story.refused("invalid_args", "officer", "ticket.merge", INTO)
    story.ingest("t4")
    story.refused("invalid_args", "officer", "ticket.merge", {**INTO, "into": "t9"}, subject="t4")
    story.apply("officer", "ticket.merge", INTO, subject="t4")
    assert (
        story.refused("wrong_state", "officer", "ticket.merge", {**INTO, "into": "t4"})["reason"]
        == "into_closed"
    )
    story.ingest("t5")
    assert (
        story.refused("wrong_state", "officer", "ticket.merge", {**INTO, "into": "t5"})["reason"]
        == "has_merged"
    )


def test_a_caller_merged_in_after_the_reply_is_called_back_before_it_leaves() -> None:
    story = Story().in_review()
    story.ingest("t2")
    story.apply("officer", "ticket.merge", INTO, subject="t2")
    details = story.refused("needs_callback", "head", "ticket.approve", {"reply_hash": story.hash()})
    assert details["tickets"] == [story.tickets["t2"].external_no]
    story.apply("worker", "ticket.callback", CALLED, subject="t2")
    story.apply("head", "ticket.approve", {"reply_hash": story.hash()})


def test_a_complaint_merged_in_takes_the_survivor_from_whoever_works_for_the_accused() -> None:
    story = Story(urgent=True)
    story.apply("officer", "ticket.dispatch", {"unit": "works", "assignee": "works_clerk"})
    story.apply("works_clerk", "ticket.accept").apply("clerk", "ticket.depart")
    story.apply("officer", "ticket.unflag_urgent", {"reason": "已围蔽"})
    story.apply("officer", "ticket.dispatch", {"unit": "works", "joint_units": []})
    assert "person:clerk" in buckets_of_ticket(story.ticket)
    story.ingest("t2", respondent_unit="zhakou")
    story.apply("officer", "ticket.merge", INTO, subject="t2")
    assert "person:clerk" not in buckets_of_ticket(story.ticket)


def test_a_complaint_is_not_merged_into_what_the_accused_units_person_leads() -> None:
    story = Story().dispatched("works", "works_clerk")
    moved = story.people["works_clerk"]
    story.people["works_clerk"] = replace(moved, unit_id="nancheng")
    story.ingest("t2", respondent_unit="nancheng")
    story.refused("respondent_unit", "officer", "ticket.merge", INTO, subject="t2")


def test_the_citys_news_about_a_merged_ticket_reaches_the_survivor() -> None:
    story = merged()
    done = story.try_("city", "ticket.city_update", {"kind": "supplement", "text": "还有噪音"}, subject="t2")
    assert {t.id for t in done.tickets} == {"t1", "t2"}
    assert [s["text"] for s in story.ticket.supplements] == ["还有噪音"]
    story.apply("city", "ticket.city_update", {"kind": "urgent"}, subject="t2")
    assert story.ticket.urgent
