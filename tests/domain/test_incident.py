"""Incidents: reported by anybody with nobody asked, mustered, merged, closed; facts are never refused (D20, P13)."""

import itertools
from typing import Any

import pytest

from server.domain import refusal
from server.domain.decision import At
from server.domain.emergency import EMERGENCY_OPS
from server.domain.incident import Incident, buckets_of_incident, may_see_incident
from server.domain.incident_alarms import acknowledged, reached
from server.domain.incident_doc import render_incident
from server.domain.instants import HOUR_MS, MINUTE_MS
from server.domain.ticket import Ticket
from tests.domain.incident_town import REPORT, Event
from tests.domain.town import ACTORS, NOON, PEOPLE, UNITS, photo

TASK = {"task": "t1", "kind": "handle", "text": "关闭总阀", "person": "works_clerk"}


@pytest.mark.parametrize("who", sorted(set(PEOPLE) - {"gone"}))
def test_anybody_reports_and_duty_room_and_leaders_are_alarmed_with_nobody_asked(who: str) -> None:
    event = Event(who)
    (call,) = event.calls
    assert (call.kind, call.subject_type, call.subject_id) == ("direct_report", "incident", "i1")
    assert call.drill is None
    assert event.incident.state == "open"
    assert event.incident.level == 4
    assert call.life_at_risk
    assert call.numbers[0] == "119"


def test_the_heads_of_the_reporters_unit_and_of_the_place_are_told_not_asked() -> None:
    event = Event("worker3")
    assert set(event.calls[0].informs) == {"head", "head3"}
    assert event.calls[0].people == ()
    assert event.incident.informed == ["head3", "head"]
    assert Event("head", place={"village": "闸口村"}).incident.informed == []


def test_an_alarm_names_the_matter_and_hides_numbers() -> None:
    call = Event().calls[0]
    title = call.title
    assert call.title_en == title.replace("燃气泄漏：", "Gas leak: ")
    assert title.startswith("燃气泄漏：楼道燃气味")
    assert "13812345678" not in title
    assert len(Event(text="字" * 2000).calls[0].title) <= 46


def test_an_unknown_village_refuses_nobody() -> None:
    place = Event(place={"village": "无名村", "address": "桥头"}).incident.place
    assert (place["village"], place["address"]) == (None, "无名村 桥头")
    assert Event(place={"village": "zhakou"}).incident.place["village"] == "闸口村"


def test_a_late_report_keeps_its_honest_time() -> None:
    event = Event()
    event.apply("worker", "incident.report", REPORT, subject="i2", at=-60, trust="probable")
    late = event.incidents["i2"]
    assert late.received_at - late.reported_at == 61 * MINUTE_MS
    assert late.timeline[0]["trust"] == "probable"


def test_an_id_that_stands_for_something_else_is_no_new_incident() -> None:
    event = Event()
    assert event.refused("invalid_args", "head", "incident.report", REPORT)["field"] == "subject"
    event.refused("invalid_args", "head", "incident.report", REPORT, subject="ticket", taken=True)


def test_a_person_revoked_before_reports_nothing_and_one_revoked_after_did() -> None:
    event = Event()
    event.apply("gone", "incident.report", REPORT, subject="i2", at=59)
    event.refused("not_yours", "gone", "incident.report", REPORT, subject="i3", at=61)


def test_who_never_had_it_hears_the_words_of_what_does_not_exist() -> None:
    event = Event()
    for name, args in (
        ("incident.note", {"text": "看看"}),
        ("incident.close", {"summary": "结束"}),
        ("incident.task_ack", {"task": "t1"}),
    ):
        there = event.refused("not_yours", "auditor", name, args)
        absent = event.refused("not_yours", "auditor", name, args, subject="nothing")
        assert there == absent == {"about": "incident"}
    assert "突发事件" in refusal.words("not_yours", there)
    assert "incident" in refusal.words("not_yours", there, "en")


def test_watchers_reporter_heads_and_whoever_was_called_see_it_and_nobody_else() -> None:
    event = Event()
    seen = {name for name, each in PEOPLE.items() if may_see_incident(each, event.incident)}
    assert seen == {"duty", "lead", "leader", "officer", "worker3", "head", "head3"}
    event.apply("duty", "incident.muster", {"people": ["clerk"], "reason": "支援"})
    assert may_see_incident(PEOPLE["clerk"], event.incident)
    assert "person:clerk" in buckets_of_incident(event.incident)
    assert "emergencies" in buckets_of_incident(event.incident)


@pytest.mark.parametrize(
    "name", [n for n, r in EMERGENCY_OPS.items() if r.kind == "decision" and n[:3] == "inc"]
)
def test_only_the_duty_room_and_those_above_decide(name: str) -> None:
    event = Event()
    args: dict[str, Any] = {
        "incident.open": {"ticket": "t1", "matter": "fire", "text": "x"},
        "incident.muster": {"units": ["gas"], "reason": "x"},
        "incident.upgrade": {"level": 2, "reason": "x"},
        "incident.downgrade": {"level": 4, "reason": "x"},
        "incident.merge": {"into": "i1", "reason": "x"},
        "incident.open_channel": {"template": "town"},
        "incident.add_member": {"person": "clerk"},
        "incident.remove_member": {"person": "clerk", "reason": "x"},
        "incident.task": TASK,
        "incident.close": {"summary": "x"},
    }.get(name, {"reason": "x"})
    for who in ("worker3", "head", "group", "admin", "auditor"):
        event.refused("not_yours", who, name, args)


def test_a_muster_calls_each_unit_and_person_by_an_alarm_of_its_own() -> None:
    event = Event()
    event.calls.clear()
    event.apply(
        "duty", "incident.muster", {"units": ["gas", "zhakou"], "people": ["clerk"], "reason": "支援"}
    )
    assert [(c.kind, c.units, c.people) for c in event.calls] == [
        ("muster", ("gas",), ()),
        ("muster", ("zhakou",), ()),
        ("muster", (), ("clerk",)),
    ]
    assert len({c.key for c in event.calls}) == 3
    assert [each["id"] for each in event.incident.units] == ["gas", "zhakou"]
    assert event.refused("invalid_args", "duty", "incident.muster", {"reason": "x"})["field"] == "units"
    event.refused("invalid_args", "duty", "incident.muster", {"units": ["mars"], "reason": "x"})
    event.refused("invalid_args", "duty", "incident.muster", {"people": ["gone"], "reason": "x"})


def test_upgrading_to_a_grave_level_alarms_the_leaders_again() -> None:
    event = Event()
    event.calls.clear()
    event.apply("duty", "incident.upgrade", {"level": 3, "reason": "扩大"})
    assert event.calls == []
    event.apply("leader", "incident.upgrade", {"level": 2, "reason": "伤亡"})
    assert [c.kind for c in event.calls] == ["direct_report"]
    event.apply("duty", "incident.downgrade", {"level": 4, "reason": "受控"})
    assert len(event.calls) == 1
    assert (
        event.refused("wrong_state", "duty", "incident.downgrade", {"level": 4, "reason": "x"})["reason"]
        == "level"
    )
    event.refused("wrong_state", "duty", "incident.upgrade", {"level": 4, "reason": "x"})


def test_a_decision_is_stale_only_where_it_depends() -> None:
    event = Event()
    base = event.incident.rev
    event.apply("leader", "incident.upgrade", {"level": 3, "reason": "扩大"})
    event.apply("worker3", "incident.note", {"text": "有人围观"})
    event.apply("duty", "incident.muster", {"units": ["gas"], "reason": "支援"}, base=base)
    told = event.refused("stale_base", "duty", "incident.upgrade", {"level": 2, "reason": "x"}, base=base)
    assert told["changed"] == ["level"]
    event.apply("duty", "incident.upgrade", {"level": 2, "reason": "伤亡"}, base=event.incident.rev)
    event.apply("leader", "incident.close", {"summary": "处置完毕"})
    told = event.refused(
        "stale_base", "duty", "incident.muster", {"units": ["gas"], "reason": "x"}, base=base
    )
    assert told["changed"] == ["state"]
    assert "突发事件" in refusal.words("stale_base", told)
    event.refused("wrong_state", "duty", "incident.muster", {"units": ["gas"], "reason": "x"})


def test_facts_after_the_end_are_kept_on_the_timeline() -> None:
    event = Event().apply("duty", "incident.close", {"summary": "处置完毕"})
    told = event.kept("worker3", "incident.note", {"text": "仍有气味"})
    assert told["reason"] == "state"
    assert "已结束" in refusal.words("kept", told)
    assert event.incident.timeline[-1]["outcome"] == "kept"
    event.kept("head", "incident.arrive", {})
    assert event.incident.timeline[-1]["flags"] == ["no_fix", "no_reason", "no_photo"]


def test_a_fact_of_who_was_taken_off_is_kept_and_its_author_told() -> None:
    event = Event()
    event.apply("duty", "incident.add_member", {"person": "clerk", "seat": "联络员"})
    event.apply("duty", "incident.remove_member", {"person": "clerk", "reason": "轮换"})
    assert not may_see_incident(PEOPLE["clerk"], event.incident)
    assert event.kept("clerk", "incident.arrive", {}, held=True)["reason"] == "moved"


def test_the_end_of_an_incident_ends_its_alarms_and_lists_open_tasks() -> None:
    event = Event()
    event.apply("duty", "incident.task", TASK)
    event.apply("duty", "incident.close", {"summary": "处置完毕"})
    assert set(event.ends) == {c.key for c in event.calls}
    assert event.incident.timeline[-1]["details"] == {"open_tasks": [{"id": "t1", "text": "关闭总阀"}]}
    event.calls.clear()
    event.apply("duty", "incident.reopen", {"reason": "复燃"})
    assert [(c.task, c.people) for c in event.calls] == [("t1", ("works_clerk",))]
    assert event.incident.closed_at is None


def test_a_task_is_for_a_person_or_a_unit_and_only_theirs_to_acknowledge() -> None:
    event = Event()
    event.calls.clear()
    event.apply("duty", "incident.task", {**TASK, "due_min": 30})
    (call,) = event.calls
    assert (call.kind, call.task, call.task_text, call.people) == (
        "muster",
        "t1",
        "关闭总阀",
        ("works_clerk",),
    )
    event.apply(
        "duty", "incident.task", {"task": "t2", "kind": "hand_over", "text": "维持秩序", "unit": "nancheng"}
    )
    assert event.calls[-1].units == ("nancheng",)
    event.refused("not_yours", "worker3", "incident.task_ack", {"task": "t1"})
    event.refused("invalid_args", "works_clerk", "incident.task_ack", {"task": "t9"})
    event.apply("works_clerk", "incident.task_ack", {"task": "t1"})
    assert [(a.key, a.via) for a in event.last.acks] == [
        (call.key, "incident.task_ack"),
        (None, "incident.task_ack"),
    ]
    event.apply("worker3", "incident.task_done", {"task": "t2", "text": "已拉警戒线"})
    done = event.incident.task("t2")
    assert (done["acked_by"], done["done_by"], done["result"]) == ("worker3", "worker3", "已拉警戒线")
    event.refused("invalid_args", "duty", "incident.task", TASK)
    event.refused("invalid_args", "duty", "incident.task", {**TASK, "task": "t3", "unit": "gas"})
    event.refused("invalid_args", "duty", "incident.task", {"task": "t3", "kind": "handle", "text": "x"})


def test_facts_give_the_same_incident_in_whatever_order_they_arrive() -> None:
    facts: list[tuple[str, str, dict[str, Any], int]] = [
        ("works_clerk", "incident.task_ack", {"task": "t1"}, 20),
        ("works_clerk", "incident.task_ack", {"task": "t1"}, 15),
        ("works_clerk", "incident.task_done", {"task": "t1", "text": "关了"}, 18),
        ("works_clerk", "incident.task_done", {"task": "t1", "text": "再查"}, 25),
        ("works_clerk", "incident.note", {"text": "无人受伤"}, 12),
    ]
    seen: set[str] = set()
    for order in itertools.permutations(range(len(facts))):
        event = Event().apply("duty", "incident.task", TASK)
        for i in order:
            who, name, args, at = facts[i]
            event.apply(who, name, args, at=at, id=f"fact-{i}")
        settled = event.incident
        entries = sorted((e["id"], e["occurred_at"], e["text"]) for e in settled.timeline)
        seen.add(repr((settled.tasks, settled.called, settled.members, entries)))
    assert len(seen) == 1
    assert settled.called[-1] == {
        "person": "works_clerk",
        "acked_ms": NOON + 12 * MINUTE_MS,
        "informed": False,
    }
    assert settled.task("t1")["acked_ms"] == NOON + 15 * MINUTE_MS
    assert settled.task("t1")["result"] == "关了"


def two_reports() -> Event:
    event = Event()
    event.report("i2", "neighbour", matter="fire", text="冒烟")
    return event


def test_reports_of_one_event_become_one_and_nobody_loses_sight_of_it() -> None:
    event = two_reports()
    event.apply("duty", "incident.task", {**TASK, "person": "clerk"}, subject="i2")
    event.apply("duty", "incident.task", {**TASK, "task": "t2", "person": "deputy"}, subject="i2")
    event.apply("deputy", "incident.task_done", {"task": "t2", "text": "好了"}, subject="i2")
    own, task = event.incidents["i2"].alarms[0], event.incidents["i2"].alarms[1]
    event.apply("duty", "incident.merge", {"into": "i1", "reason": "同一事件"}, subject="i2")
    child, survivor = event.incidents["i2"], event.incident
    assert (child.state, child.merged_into, buckets_of_incident(child)) == ("merged", "i1", set())
    assert own in event.ends
    assert task not in event.ends, "a task that nobody has heard of still climbs"
    assert may_see_incident(PEOPLE["neighbour"], survivor)
    assert may_see_incident(PEOPLE["neighbour"], child, survivor)
    assert survivor.timeline[-1]["via"] == "i2"
    assert [each["id"] for each in survivor.tasks] == ["t1", "t2"]
    told = event.kept("neighbour", "incident.note", {"text": "火灭了"}, subject="i2")
    assert told["reason"] == "merged"
    assert event.incident.timeline[-1]["via"] == "i2"
    event.kept("clerk", "incident.task_ack", {"task": "t1"}, subject="i2")
    assert (event.last.acks[0].incident, event.last.acks[0].key) == ("i2", task)
    event.apply("duty", "incident.unmerge", {"reason": "两起"}, subject="i2")
    parted = event.incidents["i2"]
    assert parted.state == "open"
    assert [(t["id"], t["origin"]) for t in parted.tasks] == [("t1", None), ("t2", None)]
    assert parted.task("t1")["acked_by"] == "clerk"
    assert not may_see_incident(PEOPLE["neighbour"], event.incident)


def test_what_cannot_be_merged() -> None:
    event = two_reports()
    event.report("i3", drill=True)
    event.refused("invalid_args", "duty", "incident.merge", {"into": "i2", "reason": "x"}, subject="i2")
    event.refused("invalid_args", "duty", "incident.merge", {"into": "no", "reason": "x"})
    told = event.refused("wrong_state", "duty", "incident.merge", {"into": "i3", "reason": "x"})
    assert told["reason"] == "drill_differs"
    event.apply("duty", "incident.merge", {"into": "i1", "reason": "同一事件"}, subject="i2")
    event.report("i4")
    assert (
        event.refused("wrong_state", "duty", "incident.merge", {"into": "i4", "reason": "x"})["reason"]
        == "has_merged"
    )
    assert (
        event.refused("wrong_state", "duty", "incident.merge", {"into": "i2", "reason": "x"}, subject="i4")[
            "reason"
        ]
        == "into_closed"
    )


def test_a_channel_seats_whom_it_finds_and_shows_the_seats_that_nobody_holds() -> None:
    event = Event()
    event.calls.clear()
    event.apply("duty", "incident.open_channel", {"template": "town"})
    seats = [(each["seat"], each["person"]) for each in event.incident.members]
    assert seats == [
        ("指挥部领导", "leader"),
        ("工作组联络员", None),
        ("值班室", "duty"),
        ("镇领导", "leader"),
        ("12345热线", "lead"),
    ]
    assert event.incident.timeline[-1]["details"]["missing"] == ["工作组联络员"]
    assert [(c.kind, c.people) for c in event.calls] == [("muster", ("leader", "lead"))]
    event.apply("duty", "incident.add_member", {"person": "clerk", "seat": "工作组联络员"})
    assert ("工作组联络员", None) not in [(each["seat"], each["person"]) for each in event.incident.members]
    assert event.calls[-1].people == ("clerk",)
    event.apply("clerk", "incident.note", {"text": "收到"}, at=30)
    member = next(each for each in event.incident.members if each["person"] == "clerk")
    assert member["acked_ms"] == NOON + 30 * MINUTE_MS
    event.refused("invalid_args", "duty", "incident.open_channel", {"template": "moon"})
    event.refused("invalid_args", "duty", "incident.remove_member", {"person": "auditor", "reason": "x"})


def ticket(**changed: Any) -> Ticket:
    made = {"id": "t1", "external_no": "DJ1", "category": "help", "received_at": NOON, "urgent": True}
    return Ticket(**{**made, "place": {"village": "闸口村", "lat": None, "lng": None}, **changed})


OPEN = {"ticket": "t1", "matter": "road_collapse", "text": "路面塌陷"}


def test_an_urgent_ticket_becomes_an_incident_and_its_accused_stay_barred() -> None:
    event = Event()
    event.ticket = ticket(barred_units=["zhakou"])
    event.apply("duty", "incident.open", OPEN, subject="i2")
    opened = event.incidents["i2"]
    assert opened.ticket == {"id": "t1", "external_no": "DJ1"}
    assert opened.place["village"] == "闸口村"
    assert opened.informed == []
    assert event.calls[-1].barred == ("zhakou",)
    event.refused(
        "respondent_unit", "duty", "incident.muster", {"units": ["zhakou"], "reason": "x"}, subject="i2"
    )
    event.refused("respondent_unit", "duty", "incident.add_member", {"person": "head"}, subject="i2")


def test_no_incident_comes_of_a_ticket_that_is_not_urgent_or_confidential_or_not_seen() -> None:
    event = Event()
    event.ticket = ticket(urgent=False)
    event.refused("not_yours", "duty", "incident.open", OPEN, subject="i2")
    assert event.refused("wrong_state", "lead", "incident.open", OPEN, subject="i2")["reason"] == "not_urgent"
    event.ticket = ticket(confidential=True)
    event.refused("not_yours", "duty", "incident.open", OPEN, subject="i2")
    told = event.refused("wrong_state", "lead", "incident.open", OPEN, subject="i2")
    assert told["reason"] == "confidential_ticket"
    event.ticket = None
    event.refused("not_yours", "duty", "incident.open", OPEN, subject="i2")


def test_a_drill_is_marked_in_everything_it_makes() -> None:
    event = Event(drill=True)
    assert event.incident.drill == "i1"
    assert event.calls[0].drill == "i1"
    event.apply("duty", "incident.muster", {"units": ["gas"], "reason": "演练"})
    assert event.calls[-1].drill == "i1"
    event.apply("worker", "incident.report", {**REPORT, "drill": True}, subject="i2", drill="d1")
    assert event.incidents["i2"].drill == "d1"
    assert render_incident(event.incident, UNITS, PEOPLE)["drill"] is True


def test_photos_are_awaited_until_their_bytes_are_there() -> None:
    event = Event(photos=[photo(1), photo(2)])
    event.apply("system", "incident.photo_received", {"photo": "photo-1", "sha256": photo(1)["sha256"]})
    event.apply("system", "incident.photo_missing", {"photo": "photo-2"})
    assert [each["state"] for each in event.incident.timeline[0]["photos"]] == ["received", "missing"]
    event.refused("unknown_op", "duty", "incident.photo_missing", {"photo": "photo-2"})


def test_an_acknowledgement_stands_on_the_timeline_once_and_the_earliest_counts() -> None:
    event = Event()
    seen = reached(event.incident, ["duty", "leader"])
    assert reached(seen, ["duty"]) is seen
    once = acknowledged(seen, ACTORS["duty"], "ack-1", At.proven(NOON + MINUTE_MS), NOON + HOUR_MS)
    assert once.timeline[-1]["name"] == "alert.ack"
    assert acknowledged(once, ACTORS["duty"], "ack-1", At.proven(NOON), NOON) is once
    earlier = acknowledged(once, ACTORS["duty"], "ack-2", At.proven(NOON), NOON + HOUR_MS)
    assert {each["person"]: each["acked_ms"] for each in earlier.called}["duty"] == NOON


def test_whoever_is_told_first_and_called_later_is_called_and_never_the_other_way() -> None:
    event = Event()
    told = reached(event.incident, ["works_clerk"], ["works_clerk"])
    assert told.called[-1] == {"person": "works_clerk", "acked_ms": None, "informed": True}
    assert reached(told, ["works_clerk"], ["works_clerk"]) is told
    called = reached(told, ["works_clerk"])
    assert (called.called[-1]["informed"], called.rev) == (False, told.rev + 1)
    assert reached(called, ["works_clerk"], ["works_clerk"]) is called


def test_a_closed_incident_leaves_the_phones_a_day_later_and_comes_back_when_reopened() -> None:
    event = Event().apply("duty", "incident.close", {"summary": "完"})
    closed = event.incident.closed_at or 0
    early = {"now_ms": closed + 24 * HOUR_MS - 1}
    assert (
        event.refused("wrong_state", "system", "incident.leave_phones", {}, **early)["reason"] == "too_early"
    )
    event.apply("system", "incident.leave_phones", {}, now_ms=closed + 24 * HOUR_MS)
    assert buckets_of_incident(event.incident) == set()
    event.apply("duty", "incident.reopen", {"reason": "复燃"})
    assert "emergencies" in buckets_of_incident(event.incident)


def test_what_is_stored_reads_back_the_same() -> None:
    event = two_reports().apply("duty", "incident.task", TASK)
    event.apply("duty", "incident.open_channel", {"template": "town", "name": "燃气处置群"})
    event.apply("duty", "incident.merge", {"into": "i1", "reason": "同一事件"}, subject="i2")
    for each in event.incidents.values():
        assert Incident.from_dict(each.to_dict()) == each
    doc = render_incident(event.incident, UNITS, PEOPLE)
    assert doc["channel"]["name"] == "燃气处置群"
    assert doc["tasks"][0]["person"]["name"] == "公用承办人"
    assert doc["merged"][0]["reporter"]["id"] == "neighbour"
    assert doc["units"] == []


@pytest.mark.parametrize(
    ("name", "args", "fault"),
    [
        ("incident.report", {"matter": "party", "text": "x"}, ("matter", "choice")),
        ("incident.report", {"matter": "fire", "text": ""}, ("text", "length")),
        ("incident.report", {"matter": "fire", "text": "字" * 2001}, ("text", "length")),
        ("incident.report", {"matter": "fire", "text": "x", "place": {"lat": 91}}, ("place.lat", "range")),
        ("incident.report", {"matter": "fire", "text": "x", "drill": 1}, ("drill", "type")),
        ("incident.upgrade", {"level": 0, "reason": "x"}, ("level", "range")),
        ("incident.upgrade", {"level": 1.5, "reason": "x"}, ("level", "type")),
        ("incident.task", {"task": "t", "kind": "do", "text": "x"}, ("kind", "choice")),
        ("incident.muster", {"units": ["a", "a"], "reason": "x"}, ("units", "duplicate")),
        ("incident.depart", {"x": 1}, ("x", "unknown")),
    ],
)
def test_the_first_fault_of_the_arguments_is_told(name: str, args: Any, fault: tuple[str, str]) -> None:
    told = Event().refused("invalid_args", "duty", name, args)
    assert (told["field"], told["reason"]) == fault


@pytest.mark.parametrize(
    "reason", ["level", "into_closed", "has_merged", "drill_differs", "confidential_ticket"]
)
def test_every_reason_has_words_in_both_languages(reason: str) -> None:
    details = {"about": "incident", "state": "open", "reason": reason}
    zh, en = (refusal.words("wrong_state", details, lang) for lang in ("zh-CN", "en"))
    plain = refusal.words("wrong_state", {"about": "incident"})
    assert zh != plain
    assert en.isascii()
