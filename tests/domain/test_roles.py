"""Who sees what (DOMAIN §E): rights and buckets agree, the accused never learn, confidential means named."""

import itertools

import pytest

from server.domain.doc import render
from server.domain.roles import buckets_of_person, buckets_of_ticket, may_see
from tests.domain.town import CALLED, PEOPLE, REPLY, UNITS, Story


def stages() -> list[tuple[str, Story]]:
    """A ticket at every stage that changes who sees it."""
    urgent = Story(urgent=True, title="燃气异味").dispatched("gas", None)
    secret = Story(confidential=True)
    named = Story(confidential=True).apply(
        "lead", "ticket.dispatch", {"unit": "zhakou", "assignee": "worker"}
    )
    accused = Story(respondent_unit="zhakou", urgent=True).dispatched("market", None)
    petition = Story(tags=["petition"])
    wanted = {"reason": "不属", "basis": "清单"}
    twice = Story().dispatched(assignee="worker").apply("worker", "ticket.return", wanted)
    twice.apply("officer", "ticket.decide_return", {"approved": True}).dispatched()
    twice.apply("worker", "ticket.return", wanted).apply(
        "officer", "ticket.decide_return", {"approved": True}
    )
    return [
        ("received", Story()),
        ("to a unit", Story().dispatched(assignee=None)),
        ("to a worker", Story().dispatched()),
        ("joint", Story().apply("officer", "ticket.dispatch", {"unit": "zhakou", "joint_units": ["works"]})),
        ("urgent", urgent),
        ("confidential", secret),
        ("named", named),
        ("accused", accused),
        ("petition", petition),
        ("determining", twice),
        ("replied", Story().replied()),
    ]


STAGES = stages()


@pytest.mark.parametrize(("name", "story"), STAGES, ids=[name for name, _ in STAGES])
def test_a_bucket_in_common_means_the_right_to_see_and_the_other_way_round(name: str, story: Story) -> None:
    held = buckets_of_ticket(story.ticket)
    for person in PEOPLE.values():
        if person.revoked_at_ms is None:
            shared = bool(held & buckets_of_person(person))
            assert shared == may_see(person, story.ticket), person.id


def seers(story: Story) -> set[str]:
    return {p.id for p in PEOPLE.values() if p.revoked_at_ms is None and may_see(p, story.ticket)}


TOWN = {"officer", "lead", "leader"}


def test_who_sees_a_ticket_at_each_stage() -> None:
    seen = {name: seers(story) for name, story in STAGES}
    unit = {"clerk", "deputy", "head"}
    assert seen["received"] == TOWN
    assert seen["to a unit"] == TOWN | unit | {"worker", "worker2", "neighbour"}
    assert seen["to a worker"] == TOWN | unit | {"worker", "worker2"}
    assert seen["joint"] == seen["to a unit"] | {"works_clerk"}
    assert seen["urgent"] == seen["to a unit"] | {"duty"}
    assert seen["confidential"] == {"lead"}
    assert seen["named"] == {"lead", "worker", "head"}
    assert seen["accused"] == TOWN | {"duty"}
    assert seen["petition"] == TOWN | {"petitions"}
    assert seen["determining"] == TOWN | {"group"}


def test_the_accused_unit_and_its_village_never_get_the_ticket() -> None:
    story = Story(respondent_unit="zhakou")
    for args in (
        {"unit": "zhakou"},
        {"unit": "market", "joint_units": ["zhakou"]},
    ):
        assert (
            story.refused("respondent_unit", "officer", "ticket.dispatch", args)["unit"]["name"] == "闸口村"
        )
    story.refused("respondent_unit", "officer", "ticket.dispatch", {"unit": "market", "assignee": "worker"})
    urgent = Story(respondent_unit="zhakou", urgent=True).dispatched("market", None)
    assert urgent.ticket.joint_units == []
    secret = Story(respondent_unit="zhakou")
    named = {"confidential": True, "reason": "回避", "handlers": ["head"]}
    secret.refused("respondent_unit", "officer", "ticket.set_confidential", named)


def test_the_document_says_nothing_of_who_is_complained_about() -> None:
    doc = render(Story(respondent_unit="zhakou").ticket, UNITS, PEOPLE)
    assert not {"respondent_unit", "barred_units"} & doc.keys()


def test_a_confidential_ticket_reaches_the_phone_as_a_stub() -> None:
    story = Story().in_review()
    story.apply(
        "lead",
        "ticket.set_confidential",
        {"confidential": True, "reason": "保护", "handlers": ["worker", "head"]},
    )
    doc = render(story.ticket, UNITS, PEOPLE)
    assert (doc["title"], doc["content"], doc["place"], doc["contact"]) == ("保密单", None, None, None)
    assert (doc["timeline"], doc["reply"], doc["callbacks"], doc["merged"]) == ([], None, [], [])
    assert "井盖" not in str(doc)
    whole = render(story.ticket, UNITS, PEOPLE, whole=True)
    assert whole["content"] is not None
    assert len(whole["timeline"]) == len(story.ticket.timeline)


def test_work_queued_before_a_ticket_turned_confidential_is_kept_and_later_decisions_only_online() -> None:
    story = Story().dispatched()
    base = story.ticket.rev
    story.apply(
        "lead", "ticket.set_confidential", {"confidential": True, "reason": "保护", "handlers": ["worker"]}
    )
    late = story.now + 3_600_000
    assert (
        story.try_("worker", "ticket.note", {"text": "x"}, base=base, received_ms=late).outcome == "applied"
    )
    story.apply("worker", "ticket.accept", base=base, received_ms=late)
    known = story.ticket.rev
    story.refused("confidential_online_only", "worker", "ticket.reply", REPLY, base=known, received_ms=late)
    assert story.try_("worker2", "ticket.note", {"text": "y"}, base=base, held=True).outcome == "kept"
    story.apply("worker", "ticket.reply", REPLY, base=known)


def test_roles_without_tickets_see_and_do_nothing() -> None:
    story = Story(urgent=True).dispatched()
    for who, (name, args) in itertools.product(
        ("auditor", "admin"),
        (("ticket.note", {"text": "x"}), ("ticket.accept", {}), ("ticket.callback", CALLED)),
    ):
        story.refused("not_yours", who, name, args)


def test_a_revoked_person_is_entitled_to_nothing() -> None:
    assert buckets_of_person(PEOPLE["gone"]) == set()


def test_closed_and_gone_merged_and_praise_are_in_no_bucket() -> None:
    assert buckets_of_ticket(Story(category="praise").ticket) == set()
    story = Story().replied().apply("officer", "ticket.close")
    assert buckets_of_ticket(story.ticket)
    story.apply("system", "ticket.leave_phones", now_ms=story.now + 25 * 3_600_000)
    assert buckets_of_ticket(story.ticket) == set()


def test_a_head_signs_and_does_the_work_itself_only_on_a_ticket_that_is_his_by_name() -> None:
    story = Story().dispatched()
    for name, args in (
        ("ticket.accept", {}),
        ("ticket.depart", {}),
        ("ticket.arrive", {}),
        ("ticket.on_site_done", {"result": "已处置"}),
        ("ticket.callback", CALLED),
        ("ticket.reply", REPLY),
        ("ticket.return", {"reason": "不属", "basis": "清单"}),
    ):
        story.refused("not_yours", "head", name, args)
    story.apply("head", "ticket.note", {"text": "请抓紧"})
    story.apply("head", "ticket.assign", {"assignee": "head"}).apply("head", "ticket.accept")
    story.apply("head", "ticket.arrive").apply("head", "ticket.callback", CALLED)
    story.apply("head", "ticket.assign", {"assignee": "worker"})
    story.apply("head", "ticket.on_site_done", {"result": "交接前已处置"})
    story.apply("worker", "ticket.reply", REPLY)
