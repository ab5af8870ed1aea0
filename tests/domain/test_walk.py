"""One ticket from the hotline to the archive, and the awkward things that happen on the way (DOMAIN §B)."""

import pytest

from server.domain.doc import render
from server.domain.refusal import words
from server.domain.rules import Rules
from tests.domain.town import CALLED, NOON, PEOPLE, REPLY, UNITS, Story, photo

POINT = {"lat": 22.99, "lng": 113.67, "accuracy_m": 12, "fix_age_s": 3, "crs": "GCJ02"}


def test_a_ticket_goes_from_the_city_line_to_the_archive() -> None:
    story = Story(urgent=True).dispatched()
    base = story.ticket.rev
    story.apply("worker", "ticket.accept", {"opinion": "马上到"}, base=base, at=2)
    story.apply("worker", "ticket.depart", base=base, at=3)
    arrival = {"point": POINT, "photos": [photo(1), photo(2)]}
    story.apply("worker", "ticket.arrive", arrival, base=base, at=25)
    story.apply("worker", "ticket.on_site_done", {"result": "已换新井盖", "photos": [photo(3)]}, base=base)
    story.apply("worker", "ticket.callback", {"outcome": "unreachable", "summary": "无人接听"}, base=base)
    story.apply("worker", "ticket.callback", CALLED, base=base)
    story.apply("worker", "ticket.reply", REPLY, base=base)
    story.apply("head", "ticket.approve", {"reply_hash": story.hash()})
    assert story.ticket.state == "replied"
    story.apply("city", "ticket.city_result", {"resolved": True, "satisfaction": "satisfied"})
    assert story.ticket.state == "closed"
    assert story.minute(story.clock("acceptance")["met"]) == 2
    assert story.minute(story.clock("arrival")["met"]) == 25
    assert all(c["met"] is not None for c in story.ticket.clocks)


def test_praise_is_stored_and_never_dispatched() -> None:
    story = Story(category="praise", urgent=True)
    assert (story.ticket.state, story.ticket.clocks, story.ticket.urgent) == ("closed", [], False)
    story.refused("wrong_state", "officer", "ticket.dispatch", {"unit": "zhakou"})


def test_a_receipt_in_the_future_is_clamped_and_flagged() -> None:
    story = Story(received_at="2026-11-19T04:00:00.000Z")
    assert story.ticket.received_at == NOON
    assert story.ticket.flags == ["received_in_future"]


def test_the_second_to_accept_is_refused_assists_and_his_earlier_time_counts() -> None:
    story = Story().dispatched()
    base = story.ticket.rev
    story.apply("worker", "ticket.accept", base=base, at=12)
    details = story.refused("already_accepted", "worker2", "ticket.accept", base=base, at=5)
    assert (details["by"]["id"], details["assistant"]) == ("worker", True)
    assert (story.ticket.assignee, story.ticket.assistants) == ("worker", ["worker2"])
    assert story.minute(story.clock("acceptance")["met"]) == 5


def test_a_grid_mate_who_accepts_first_leads_and_the_one_named_assists() -> None:
    story = Story().dispatched()
    base = story.ticket.rev
    story.apply("worker2", "ticket.accept", base=base)
    story.refused("already_accepted", "worker", "ticket.accept", base=base)
    assert (story.ticket.assignee, story.ticket.assistants) == ("worker2", ["worker"])


def test_accepting_twice_is_refused_without_making_oneself_an_assistant() -> None:
    story = Story().dispatched().apply("worker", "ticket.accept")
    details = story.refused("already_accepted", "worker", "ticket.accept")
    assert details["assistant"] is False
    assert story.ticket.assistants == []


def test_arriving_unaccepted_meets_acceptance_and_takes_the_lead() -> None:
    story = Story(urgent=True).dispatched(assignee=None)
    story.apply("worker", "ticket.arrive", {"point": POINT, "photos": [photo(1)]}, at=20)
    assert (story.ticket.state, story.ticket.assignee, story.ticket.grid) == ("handling", "worker", "g1")
    assert story.minute(story.clock("acceptance")["met"]) == 20
    story.apply("worker", "ticket.accept", {"opinion": "已在处理"})
    story.refused("already_accepted", "worker2", "ticket.accept")


def test_a_fact_after_the_ticket_moved_is_kept_and_still_counts() -> None:
    story = Story(urgent=True).dispatched()
    base = story.ticket.rev
    story.apply("officer", "ticket.dispatch", {"unit": "nancheng", "assignee": "worker3"})
    done = story.try_("worker", "ticket.arrive", {"point": POINT}, base=base, held=True, at=30)
    assert (done.outcome, story.ticket.state) == ("kept", "assigned")
    assert [n.kind for n in done.notices] == ["kept_fact"]
    assert words("kept", done.details) == "工单已改派南城村；您的记录已保留在工单上。"
    assert story.minute(story.clock("arrival")["met"]) == 30


def test_a_decision_after_the_ticket_moved_is_refused_and_says_where_it_went() -> None:
    story = Story().dispatched()
    base = story.ticket.rev
    story.apply("officer", "ticket.dispatch", {"unit": "nancheng", "assignee": "worker3"})
    details = story.refused("stale_base", "worker", "ticket.accept", base=base, held=True)
    assert details["unit"] == {"id": "nancheng", "name": "南城村"}


def test_who_never_had_it_is_refused_facts_included_as_for_a_ticket_that_is_not_there() -> None:
    story = Story().dispatched()
    for name, args in (("ticket.note", {"text": "路过"}), ("ticket.accept", {}), ("ticket.arrive", {})):
        here = story.refused("not_yours", "worker3", name, args)
        nowhere = story.refused("not_yours", "worker3", name, args, subject="nothing")
        assert here == nowhere == {}


def test_facts_before_revocation_are_kept_and_later_ones_are_not() -> None:
    story = Story().dispatched(assignee=None)
    assert story.try_("gone", "ticket.note", {"text": "之前"}, held=True, at=59).outcome == "kept"
    story.refused("not_yours", "gone", "ticket.note", {"text": "之后"}, held=True, at=60)
    story.refused("not_yours", "gone", "ticket.accept", held=True, at=59)


def test_a_visit_made_on_one_base_is_never_stale_to_itself() -> None:
    story = Story().dispatched()
    base = story.ticket.rev
    for name, args in (
        ("ticket.accept", {}),
        ("ticket.arrive", {"point": POINT}),
        ("ticket.on_site_done", {"result": "已处理"}),
        ("ticket.callback", CALLED),
        ("ticket.reply", REPLY),
    ):
        story.apply("worker", name, args, base=base)
    assert story.ticket.state == "reply_review"


def test_the_same_person_on_another_device_is_stale() -> None:
    story = Story().dispatched()
    base = story.ticket.rev
    story.apply("worker", "ticket.accept", base=base)
    story.apply("worker", "ticket.callback", CALLED, base=base)
    story.refused("stale_base", "worker", "ticket.reply", REPLY, base=base, device="old-phone")


def test_urgency_tags_joint_units_and_facts_never_make_a_decision_stale() -> None:
    story = Story().dispatched()
    base = story.ticket.rev
    story.apply("duty", "ticket.unflag_urgent", {"reason": "x"}) if story.ticket.urgent else None
    story.apply("officer", "ticket.flag_urgent", {"reason": "有人受伤"})
    story.apply("city", "ticket.city_update", {"kind": "urge"})
    story.apply("officer", "ticket.dispatch", {"unit": "zhakou", "joint_units": ["works"]})
    story.apply("worker2", "ticket.note", {"text": "看到了"})
    assert story.ticket.joint_units == ["works"]
    story.apply("worker", "ticket.accept", base=base)


def test_a_reply_needs_a_callback_unless_confidential() -> None:
    story = Story().handling()
    details = story.refused("needs_callback", "worker", "ticket.reply", REPLY)
    assert details["tickets"] == [story.ticket.external_no]
    story.apply(
        "lead", "ticket.set_confidential", {"confidential": True, "reason": "保护", "handlers": ["worker"]}
    )
    story.apply("worker", "ticket.reply", REPLY)


def test_a_callback_taken_back_under_review_stops_the_approval() -> None:
    story = Story().in_review()
    call = next(e["id"] for e in story.ticket.timeline if e["name"] == "ticket.callback")
    story.apply("worker", "ticket.retract", {"op": call, "reason": "打错了人"})
    story.refused("needs_callback", "head", "ticket.approve", {"reply_hash": story.hash()})


def test_an_approval_is_bound_to_the_exact_packet() -> None:
    story = Story().in_review()
    seen = story.hash()
    story.apply("worker", "ticket.callback", {**CALLED, "summary": "又打了一次"})
    assert story.hash() != seen
    details = story.refused("reply_changed", "head", "ticket.approve", {"reply_hash": seen})
    assert details["version"] == 1
    story.apply("head", "ticket.approve", {"reply_hash": story.hash()})
    assert story.ticket.reply is not None
    assert story.ticket.reply["packet"]["callback"]["summary"] == "又打了一次"


@pytest.mark.parametrize(
    ("who", "name", "args"),
    [
        ("worker", "ticket.note", {"text": "补充照片", "photos": [photo(9)]}),
        ("worker", "ticket.retract", {"op": "callback", "reason": "记错了"}),
        ("worker", "ticket.reply", {**REPLY, "resolution": "explained"}),
    ],
)
def test_new_evidence_or_another_version_changes_the_hash(
    who: str, name: str, args: dict[str, object]
) -> None:
    story = Story().handling().apply("worker", "ticket.callback", CALLED, id="callback")
    story.apply("worker", "ticket.reply", REPLY)
    seen = story.hash()
    story.apply(who, name, args)
    story.refused("reply_changed", "head", "ticket.approve", {"reply_hash": seen})


def test_photo_bytes_that_arrive_late_do_not_disturb_an_approval() -> None:
    story = Story().handling().apply("worker", "ticket.arrive", {"point": POINT, "photos": [photo(1)]})
    story.apply("worker", "ticket.callback", CALLED).apply("worker", "ticket.reply", REPLY)
    seen, rev = story.hash(), story.ticket.rev
    story.apply("system", "ticket.photo_received", {"photo": "photo-1", "sha256": photo(1)["sha256"]})
    assert story.ticket.rev == rev + 1
    story.apply("head", "ticket.approve", {"reply_hash": seen})


def test_a_supplement_after_the_reply_blocks_approval_until_its_author_submits_again() -> None:
    story = Story().in_review()
    story.apply("city", "ticket.city_update", {"kind": "supplement", "text": "路灯也坏了"})
    details = story.refused("reply_changed", "head", "ticket.approve", {"reply_hash": story.hash()})
    assert details["supplement"] is True
    doc = render(story.ticket, UNITS, PEOPLE)
    assert doc["reply"]["outdated"] is True
    story.apply("worker", "ticket.reply", {**REPLY, "text": "井盖和路灯都已修好。"})
    story.apply("head", "ticket.approve", {"reply_hash": story.hash()})


def test_a_clerk_cannot_approve_but_the_heads_delegate_can_though_not_his_own_reply() -> None:
    story = Story().in_review()
    story.refused("not_yours", "clerk", "ticket.approve", {"reply_hash": story.hash()})
    story.refused("not_yours", "head3", "ticket.approve", {"reply_hash": story.hash()})
    own = Story().handling().apply("worker", "ticket.callback", CALLED).apply("deputy", "ticket.reply", REPLY)
    own.refused("not_yours", "deputy", "ticket.approve", {"reply_hash": own.hash()})
    story.apply("deputy", "ticket.approve", {"reply_hash": story.hash()})


def test_a_rejected_reply_goes_back_with_its_reason_and_comes_again_as_the_next_version() -> None:
    story = Story().in_review()
    story.apply("head", "ticket.reject", {"reply_hash": story.hash(), "reason": "请写明更换时间"})
    assert story.ticket.state == "handling"
    assert story.ticket.reply is not None
    assert story.ticket.reply["rejected"]["reason"] == "请写明更换时间"
    story.apply("worker", "ticket.reply", {**REPLY, "text": "16:05 已更换。"})
    assert (story.ticket.reply["version"], story.ticket.state) == (2, "reply_review")


def test_unresolved_means_a_new_cycle_with_its_own_clocks_and_callback() -> None:
    story = Story().replied()
    base = story.ticket.rev
    story.apply("city", "ticket.city_result", {"resolved": False})
    assert (story.ticket.state, story.ticket.cycle) == ("handling", 2)
    assert {c["kind"] for c in story.ticket.clocks if c["cycle"] == 2} == {"acceptance", "result"}
    story.refused("stale_base", "worker", "ticket.reply", REPLY, base=base)
    story.refused("needs_callback", "worker", "ticket.reply", REPLY)
    story.apply("worker", "ticket.accept")
    assert (story.ticket.state, story.clock("acceptance")["met"] is not None) == ("handling", True)


def test_a_late_fact_is_bound_to_the_cycle_of_its_base() -> None:
    story = Story(urgent=True).replied()
    base = story.ticket.rev
    story.apply("city", "ticket.city_result", {"resolved": False})
    done = story.try_("worker", "ticket.arrive", {"point": POINT}, base=base, at=10)
    assert done.outcome == "kept"
    assert story.ticket.timeline[-1]["cycle"] == 1
    first = next(c for c in story.ticket.clocks if c["kind"] == "arrival" and c["cycle"] == 1)
    assert story.minute(first["met"]) == 10


def test_a_reply_nobody_rates_is_closed_by_the_timer_in_its_time() -> None:
    story = Story().replied()
    story.refused("wrong_state", "system", "ticket.close", at=24 * 60)
    story.apply("system", "ticket.close", at=8 * 24 * 60)
    assert story.ticket.state == "closed"


def test_a_closed_ticket_leaves_the_phones_after_a_day() -> None:
    story = Story().replied().apply("officer", "ticket.close")
    story.refused("wrong_state", "system", "ticket.leave_phones")
    later = story.now + 25 * 3_600_000
    story.apply("system", "ticket.leave_phones", now_ms=later)
    assert story.ticket.left_phones
    assert story.try_("system", "ticket.leave_phones", now_ms=later).tickets == []


def test_a_return_goes_to_the_head_then_the_office_and_the_second_to_determination() -> None:
    wanted = {"reason": "不属本村", "basis": "职责清单第3项", "suggested_unit": "works"}
    story = Story().dispatched().apply("worker", "ticket.return", wanted)
    assert story.clock("acceptance")["met"] is not None
    story.apply("head", "ticket.decide_return", {"approved": True})
    story.refused("wrong_state", "head", "ticket.decide_return", {"approved": True})
    assert story.ticket.state == "returning"
    story.apply("officer", "ticket.decide_return", {"approved": True})
    assert (story.ticket.state, story.ticket.lead_unit) == ("received", None)
    story.dispatched("works", "works_clerk").apply(
        "works_clerk", "ticket.return", {**wanted, "suggested_unit": "zhakou"}
    )
    story.apply("officer", "ticket.decide_return", {"approved": True})
    assert story.ticket.state == "determining"
    story.apply(
        "group", "ticket.determine", {"unit": "zhakou", "joint_units": ["works"], "basis": "属地管理"}
    )
    assert (story.ticket.state, story.ticket.joint_units) == ("assigned", ["works"])
    details = story.refused("wrong_state", "worker", "ticket.return", wanted)
    assert details["reason"] == "determined"


def test_a_rejected_return_goes_back_where_it_was_and_counts_as_improper() -> None:
    story = Story().dispatched().apply("worker", "ticket.accept")
    story.apply("worker", "ticket.return", {"reason": "不想办", "basis": "无"})
    story.apply("officer", "ticket.decide_return", {"approved": False, "reason": "属本村职责"})
    assert (story.ticket.state, story.ticket.improper_returns, story.ticket.assignee) == (
        "accepted",
        1,
        "worker",
    )


def test_a_return_is_for_the_day_of_assignment() -> None:
    wanted = {"reason": "不属本村", "basis": "职责清单"}
    Story().dispatched().refused("past_due", "worker", "ticket.return", wanted, at=13 * 60)
    Story(Rules(return_same_day=False)).dispatched().apply("worker", "ticket.return", wanted, at=13 * 60)


def test_assigning_stays_inside_ones_own_unit() -> None:
    story = Story().dispatched(assignee=None)
    story.apply("head", "ticket.assign", {"assignee": "neighbour"})
    assert (story.ticket.assignee, story.ticket.grid) == ("neighbour", "g2")
    assert (
        story.refused("invalid_args", "head", "ticket.assign", {"assignee": "worker3"})["field"] == "assignee"
    )
    story.refused("not_yours", "head3", "ticket.assign", {"assignee": "worker3"})


def test_an_urgent_tickets_village_always_takes_part() -> None:
    story = Story(urgent=True, title="楼道燃气异味").dispatched("gas", "worker")
    assert story.ticket.joint_units == ["zhakou"]
    story.apply("worker", "ticket.arrive", {"point": POINT, "photos": [photo(1)]})
    assert story.ticket.timeline[-1]["joint"] == {"id": "zhakou", "name": "闸口村"}


def test_flagging_urgent_starts_the_hour_at_the_flag() -> None:
    story = Story().dispatched()
    story.apply("worker", "ticket.flag_urgent", {"reason": "井内有燃气味"}, at=30)
    assert story.minute(story.clock("arrival")["due"]) == 90
    story.apply("officer", "ticket.flag_urgent", {"reason": "再次"}, at=40)
    assert story.minute(story.clock("arrival")["due"]) == 90


def test_the_duty_room_raises_a_ticket_that_is_not_urgent_yet_but_not_a_confidential_one() -> None:
    story = Story().apply("duty", "ticket.flag_urgent", {"reason": "来电告知有人被困"})
    assert story.ticket.urgent
    Story(confidential=True).refused("not_yours", "duty", "ticket.flag_urgent", {"reason": "x"})


def test_news_about_a_closed_ticket_is_recorded_and_changes_nothing_else() -> None:
    story = Story().replied().apply("officer", "ticket.close")
    for kind in ("supplement", "urge", "urgent", "withdraw"):
        story.apply("city", "ticket.city_update", {"kind": kind, "text": "电话13800000000"})
    assert (story.ticket.state, story.ticket.urgent) == ("closed", False)
    assert story.ticket.timeline[-1]["text"] == "电话138****0000"


def test_an_emergency_called_off_before_its_due_has_no_arrival_clock_and_after_it_keeps_the_breach() -> None:
    story = Story(urgent=True).apply("duty", "ticket.unflag_urgent", {"reason": "误报"}, at=10)
    assert [c["kind"] for c in story.ticket.clocks] == ["acceptance", "result"]
    late = Story(urgent=True).apply("duty", "ticket.unflag_urgent", {"reason": "误报"}, at=70)
    assert "arrival" in [c["kind"] for c in late.ticket.clocks]


def test_withdrawal_by_the_caller_ends_the_ticket_and_stops_its_clocks() -> None:
    story = (
        Story().dispatched().apply("city", "ticket.city_update", {"kind": "withdraw", "text": "已自行解决"})
    )
    assert story.ticket.state == "terminated"
    assert render(story.ticket, UNITS, PEOPLE)["deadlines"] == []
    assert story.try_("worker", "ticket.note", {"text": "已到"}).outcome == "kept"


def test_far_from_the_place_or_without_a_fix_is_kept_and_flagged_never_refused() -> None:
    story = Story(urgent=True).dispatched()
    story.apply("worker", "ticket.arrive", {"point": {**POINT, "lat": 23.01}, "no_photo_reason": "没电"})
    entry = story.ticket.timeline[-1]
    assert entry["distance_m"] > 2000
    assert entry["flags"] == ["far", "no_reason", "no_photo"]
    story.apply("worker", "ticket.arrive", {"no_fix_reason": "室内", "photos": [photo(1)]})
    assert (story.ticket.timeline[-1]["flags"], story.ticket.timeline[-1]["reason"]) == (["no_fix"], "室内")


def test_the_distance_takes_the_two_coordinate_systems_into_account() -> None:
    story = Story(urgent=True, place={"village": "闸口村", "lat": 22.99, "lng": 113.67, "crs": "WGS84"})
    story.dispatched().apply("worker", "ticket.arrive", {"point": {**POINT, "crs": "WGS84"}})
    assert story.ticket.timeline[-1]["distance_m"] == 0
    story.apply("worker", "ticket.arrive", {"point": POINT})
    assert 300 < story.ticket.timeline[-1]["distance_m"] < 900


def test_photos_whose_bytes_came_first_count_at_once() -> None:
    story = Story().dispatched()
    known = {"photo-1": photo(1)["sha256"]}
    story.apply("worker", "ticket.note", {"text": "x", "photos": [photo(1), photo(2)]}, photos=known)
    assert [p["state"] for p in story.ticket.timeline[-1]["photos"]] == ["received", "awaited"]
    story.apply("system", "ticket.photo_missing", {"photo": "photo-2"})
    story.apply("system", "ticket.photo_received", {"photo": "photo-2", "sha256": photo(2)["sha256"]})
    assert [p["state"] for p in story.ticket.timeline[-1]["photos"]] == ["received", "received"]


def test_a_work_by_the_town_leader_is_marked() -> None:
    story = Story().apply("leader", "ticket.dispatch", {"unit": "zhakou"})
    assert story.ticket.timeline[-1]["by_leader"] is True
