"""The ticket as a phone holds it (API: `type: "ticket"`)."""

import json

from server.domain.doc import as_of, for_office, render
from server.domain.rules import Rules
from tests.domain.town import CALLED, NOON, PEOPLE, UNITS, Story

FIELDS = (
    "id external_no rev state cycle category urgent confidential title content place contact lead_unit joint_units "
    "assignee assistants grid received_at assigned_at external_due_at deadlines reply callbacks timeline"
)
ENTRY_FIELDS = "id name actor occurred_at trust outcome received_at text photos"


def test_the_document_has_every_field_of_the_api() -> None:
    for story in (Story(), Story().in_review(), Story(confidential=True)):
        doc = render(story.ticket, UNITS, PEOPLE)
        assert set(FIELDS.split()) <= doc.keys()
        assert all(set(ENTRY_FIELDS.split()) <= entry.keys() for entry in doc["timeline"])
        assert all(
            {"kind", "due_at", "met_at", "provisional", "state", "why"} <= d.keys() for d in doc["deadlines"]
        )
        json.dumps(doc)


def test_contact_and_numbers_are_masked_at_the_source() -> None:
    story = Story()
    doc = json.dumps(render(story.ticket, UNITS, PEOPLE, whole=True), ensure_ascii=False)
    assert "13800000000" not in doc
    assert "13812345678" not in doc
    assert "陈某某" not in doc + json.dumps(story.ticket.to_dict(), ensure_ascii=False)


def test_deadlines_come_in_their_order_with_states_as_of_the_answer() -> None:
    story = Story(urgent=True, external_due_at="2026-11-19T04:00:00.000Z").handling()
    story.apply("worker", "ticket.arrive", {}, at=70)
    stored = render(story.ticket, UNITS, PEOPLE)
    assert [(d["kind"], d["state"]) for d in stored["deadlines"]] == [
        ("acceptance", "met"),
        ("arrival", "missed"),
        ("handling", "open"),
        ("result", "open"),
    ]
    later = as_of(stored, NOON + 2 * 86_400_000)
    assert [d["state"] for d in later["deadlines"]] == ["met", "missed", "missed", "missed"]
    assert [d["state"] for d in stored["deadlines"]] == ["met", "missed", "open", "open"]
    result = stored["deadlines"][-1]
    assert result["due_at"] == result["external_due_at"] < result["internal_due_at"]
    assert (
        render(story.ticket, UNITS, PEOPLE, now_ms=NOON + 2 * 86_400_000)["deadlines"] == later["deadlines"]
    )


def test_a_long_timeline_is_cut_but_everybody_keeps_his_own() -> None:
    story = Story().dispatched().apply("worker", "ticket.note", {"text": "第一条"})
    for _ in range(30):
        story.apply("city", "ticket.city_update", {"kind": "urge"})
    doc = render(story.ticket, UNITS, PEOPLE)
    assert doc["timeline_cut"] is True
    assert len(doc["timeline"]) == 22
    assert [e["name"] for e in doc["timeline"][:3]] == [
        "ticket.dispatch",
        "ticket.note",
        "ticket.city_update",
    ]
    whole = render(story.ticket, UNITS, PEOPLE, whole=True)
    assert len(whole["timeline"]) == 33
    assert "timeline_cut" not in whole
    assert len(render(story.ticket, UNITS, PEOPLE, rules=Rules(doc_timeline_max=5))["timeline"]) == 7


def test_callbacks_say_which_one_counts() -> None:
    story = Story().handling().apply("worker", "ticket.callback", CALLED, id="a")
    story.apply("worker", "ticket.callback", {"outcome": "unreachable", "summary": "无人接"}, id="b")
    story.apply("worker", "ticket.retract", {"op": "b", "reason": "拨错"})
    shown = [
        (c["id"], c["effective"], c["retracted"]) for c in render(story.ticket, UNITS, PEOPLE)["callbacks"]
    ]
    assert shown == [("a", True, False), ("b", False, True)]


def test_the_desk_sees_who_is_complained_about() -> None:
    shown = for_office(Story(respondent_unit="zhakou").ticket, UNITS)
    assert shown["respondent_unit"] == {"id": "zhakou", "name": "闸口村"}
    assert [u["id"] for u in shown["barred_units"]] == ["zhakou"]


def test_a_unit_or_person_that_is_gone_from_the_directory_shows_its_id() -> None:
    doc = render(Story().dispatched().ticket, {}, {})
    assert (doc["lead_unit"]["name"], doc["assignee"]["name"]) == ("zhakou", "worker")


def test_an_open_return_is_shown_with_its_suggestion() -> None:
    story = Story().dispatched()
    wanted = {"reason": "不属", "basis": "清单", "suggested_unit": "works"}
    story.apply("worker", "ticket.return", wanted)
    request = render(story.ticket, UNITS, PEOPLE)["return_request"]
    assert request["suggested_unit"] == {"id": "works", "name": "公用事业服务中心"}
    assert (request["head_approved"], request["from"]) == (False, "assigned")
