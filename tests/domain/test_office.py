"""Decisions at the desk and their guards (DOMAIN §B)."""

import pytest

from server.domain.decide import decide
from server.domain.decision import At, Command
from server.domain.doc import render
from tests.domain.town import CALLED, INGEST, NOON, PEOPLE, REPLY, UNITS, Story

SECRET = {"confidential": True, "reason": "保护", "handlers": ["worker"]}


def test_a_ticket_comes_in_once() -> None:
    story = Story()
    assert story.try_("city", "ticket.ingest", INGEST).code == "wrong_state"


@pytest.mark.parametrize("unit", ["nowhere", ""])
def test_dispatch_to_a_unit_that_is_not_there(unit: str) -> None:
    assert Story().refused("invalid_args", "officer", "ticket.dispatch", {"unit": unit})["field"] == "unit"


@pytest.mark.parametrize(
    ("assignee", "reason"),
    [("officer", "unknown"), ("gone", "unknown"), ("nobody", "unknown"), ("worker3", "unit")],
)
def test_only_a_person_of_a_unit_that_takes_part_can_be_named(assignee: str, reason: str) -> None:
    args = {"unit": "zhakou", "assignee": assignee}
    details = Story().refused("invalid_args", "officer", "ticket.dispatch", args)
    assert details == {"field": "assignee", "reason": reason}


def test_adding_a_joint_unit_changes_neither_state_nor_assignee() -> None:
    story = Story().handling()
    story.apply("officer", "ticket.dispatch", {"unit": "zhakou", "joint_units": ["works", "gas"]})
    assert (story.ticket.state, story.ticket.assignee, story.ticket.joint_units) == (
        "handling",
        "worker",
        ["works", "gas"],
    )


def test_moving_a_ticket_puts_its_reply_aside() -> None:
    story = Story().in_review()
    story.apply("head", "ticket.reject", {"reply_hash": story.hash(), "reason": "补充"}).dispatched(
        "nancheng", None
    )
    assert (story.ticket.reply, len(story.ticket.replies), story.ticket.assistants) == (None, 1, [])


def test_a_confidential_ticket_is_dispatched_by_the_office_lead_to_named_handlers() -> None:
    story = Story(confidential=True)
    story.refused("not_yours", "officer", "ticket.dispatch", {"unit": "zhakou"})
    story.apply("lead", "ticket.dispatch", {"unit": "zhakou"})
    assert story.ticket.handlers == ["head"]
    story.apply("head", "ticket.assign", {"assignee": "worker"})
    assert story.ticket.handlers == ["head", "worker"]
    story.apply("worker", "ticket.accept").apply("worker", "ticket.reply", REPLY)
    story.apply("head", "ticket.approve", {"reply_hash": story.hash()})


def test_confidentiality_is_turned_on_for_named_people_and_off_again() -> None:
    story = (
        Story().handling().apply("lead", "ticket.set_confidential", {"confidential": True, "reason": "保护"})
    )
    assert (story.ticket.handlers, story.ticket.assignee) == (["worker", "head"], "worker")
    other = Story().handling().apply("lead", "ticket.set_confidential", {**SECRET, "handlers": ["head"]})
    assert (other.ticket.assignee, other.ticket.grid) == (None, None)
    story.apply("lead", "ticket.set_confidential", {"confidential": False, "reason": "公开"})
    assert (story.ticket.confidential, story.ticket.handlers) == (False, [])
    again = {"confidential": False, "reason": "公开"}
    assert (
        story.refused("wrong_state", "lead", "ticket.set_confidential", again)["reason"] == "not_confidential"
    )
    nobody = {**SECRET, "handlers": ["nobody"]}
    assert story.refused("invalid_args", "lead", "ticket.set_confidential", nobody)["field"] == "handlers[0]"


def test_a_ticket_that_others_were_merged_into_cannot_turn_confidential() -> None:
    story = Story().dispatched()
    story.ingest("t2")
    story.apply("officer", "ticket.merge", {"into": "t1", "reason": "同"}, subject="t2")
    assert story.refused("wrong_state", "lead", "ticket.set_confidential", SECRET)["reason"] == "merged"


def test_a_ticket_that_turns_out_to_be_praise_is_closed_but_only_before_it_is_dispatched() -> None:
    praise = {"category": "praise", "reason": "来电感谢"}
    story = Story(urgent=True).apply("officer", "ticket.recategorise", praise)
    assert (story.ticket.state, story.ticket.clocks, story.ticket.urgent) == ("closed", [], False)
    assert (
        Story().dispatched().refused("wrong_state", "officer", "ticket.recategorise", praise)["reason"]
        == "praise"
    )


def test_calling_off_what_is_no_emergency() -> None:
    details = Story().refused("wrong_state", "officer", "ticket.unflag_urgent", {"reason": "x"})
    assert details["reason"] == "not_urgent"


def test_only_the_lead_units_head_decides_a_return() -> None:
    story = Story().apply("officer", "ticket.dispatch", {"unit": "works", "joint_units": ["zhakou"]})
    story.apply("works_clerk", "ticket.return", {"reason": "不属", "basis": "清单"})
    story.refused("not_yours", "head", "ticket.decide_return", {"approved": True})


def test_a_joint_unit_helps_but_neither_accepts_replies_nor_names_people() -> None:
    story = Story().apply(
        "officer", "ticket.dispatch", {"unit": "zhakou", "assignee": "worker", "joint_units": ["works"]}
    )
    story.refused("not_yours", "works_clerk", "ticket.accept")
    story.refused("not_yours", "works_clerk", "ticket.assign", {"assignee": "works_clerk"})
    story.apply("worker", "ticket.accept").apply("worker", "ticket.callback", CALLED)
    story.apply("works_clerk", "ticket.on_site_done", {"result": "已加固"})
    story.refused("not_yours", "works_clerk", "ticket.reply", REPLY)
    story.apply("worker", "ticket.reply", REPLY).apply("head", "ticket.approve", {"reply_hash": story.hash()})
    assert story.ticket.reply is not None
    assert [r["text"] for r in story.ticket.reply["packet"]["joint_results"]] == ["已加固"]


def test_what_came_in_from_an_outbox_file_says_who_brought_it() -> None:
    story = Story().dispatched()
    at = At(NOON, NOON, NOON, "unverified")
    command = Command(
        "op-x",
        "ticket.note",
        "t1",
        None,
        {"text": "x"},
        PEOPLE["worker"],
        "d",
        at,
        NOON,
        imported_by=PEOPLE["officer"],
    )
    done = decide(story.ticket, command, story.context(story.ticket, {}, {}))
    assert done.tickets[0].timeline[-1]["imported_by"] == {"id": "officer", "name": "热线专员"}
    assert done.rev == done.tickets[0].rev


def test_the_stints_say_who_had_the_ticket_when() -> None:
    story = Story().dispatched(assignee=None)
    story.apply("worker", "ticket.accept").apply("officer", "ticket.dispatch", {"unit": "nancheng"})
    spans = [
        (s["unit"], s["assignee"], story.minute(s["from_ms"]), story.minute(s["to_ms"]))
        for s in story.ticket.stints
    ]
    assert spans == [("zhakou", None, 1, 2), ("zhakou", "worker", 2, 3), ("nancheng", None, 3, None)]


def test_unmerging_from_another_than_the_survivor() -> None:
    story = Story()
    story.ingest("t2")
    story.ingest("t3")
    story.apply("officer", "ticket.merge", {"into": "t2", "reason": "同"})
    story.refused("invalid_args", "officer", "ticket.unmerge", {"into": "t3", "reason": "x"})
    assert render(story.tickets["t2"], UNITS, PEOPLE)["merged"][0]["external_no"] == story.ticket.external_no
