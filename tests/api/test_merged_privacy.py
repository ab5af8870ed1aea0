"""A merged ticket tells its own people of their own caller, and of the other ticket only what is theirs to know."""

import pytest

from tests.town import Town, person_id, unit_id

FIRST, SECOND = "第一位来电人家中的情况", "第二位来电人家中的情况"
ASKED = {"outcome": "connected"}


def merged(town: Town, **of_survivor: object) -> tuple[str, str]:
    """(survivor, child): the survivor with the works unit, the child still known to 闸口村; both called back."""
    survivor = town.ticket(external_no="S1", urgent=False, **of_survivor)
    officer = town.phone("officer")
    officer.do("ticket.dispatch", survivor, {"unit": unit_id("南城村"), "assignee": person_id("worker3")})
    child = town.dispatched("闸口村", "worker", external_no="S2", urgent=False)
    worker = town.phone("worker")
    worker.do("ticket.callback", child, {**ASKED, "summary": SECOND})
    third = town.dispatched("闸口村", "worker", external_no="S3", urgent=False)
    worker.do("ticket.callback", third, {**ASKED, "summary": "第三位"})
    for one in (child, third):
        args = {"into": survivor, "reason": "与反映该村的另一单相同"}
        assert officer.do("ticket.merge", one, args)["outcome"] == "applied"
    handler, head = town.phone("worker3"), town.phone("head3")
    handler.do("ticket.accept", survivor)
    handler.do("ticket.callback", survivor, {**ASKED, "summary": FIRST})
    reply = {"finding": "true", "resolution": "resolved", "text": "已整改"}
    assert handler.do("ticket.reply", survivor, reply)["outcome"] == "applied"
    head.sync()
    args = {"reply_hash": head.ticket(survivor)["reply"]["hash"]}
    assert head.do("ticket.approve", survivor, args)["outcome"] == "applied"
    return survivor, child


@pytest.mark.parametrize("username", ["head", "worker", "officer"])
def test_a_merged_tickets_packet_holds_the_callback_of_its_own_caller_and_nobody_elses(
    any_town: Town, username: str
) -> None:
    survivor, child = merged(any_town)
    phone = any_town.phone(username)
    packet = phone.get(f"/tickets/{child}/packet").json["packet"]
    assert (packet["text"], packet["callback"]["summary"]) == ("已整改", SECOND)
    assert packet["merged_callbacks"] == {}
    assert FIRST not in str(packet)
    sheet = phone.transport.client.get(f"/api/v1/tickets/{child}/packet.xlsx")
    assert sheet.status_code == 200
    whole = any_town.phone("head3").get(f"/tickets/{survivor}/packet").json["packet"]
    assert whole["callback"]["summary"] == FIRST
    assert whole["merged_callbacks"][child]["summary"] == SECOND


def test_the_city_is_told_each_callers_own_callback_under_his_number(town: Town) -> None:
    merged(town)
    packet = town.city("GET", "/intake/tickets/S2").json["packet"]
    assert (packet["callback"]["summary"], packet["merged_callbacks"]) == (SECOND, {})


def test_the_survivor_is_named_only_to_who_may_see_it(town: Town) -> None:
    survivor, child = merged(town)
    for username, told in (("officer", survivor), ("head", None), ("worker", None)):
        phone = town.phone(username)
        answer = phone.get(f"/tickets/{child}").json
        assert answer["merged_into"] == told, username
        assert ("S1" in str(answer["timeline"])) == (told is not None), username
        assert ("另一单" in str(answer["timeline"])) == (told is not None), username
        (row,) = [each for each in phone.get("/tickets").json["items"] if each["id"] == child]
        assert row["merged_into"] == told, username


def test_an_accused_unit_is_not_answered_by_the_ticket_about_it(town: Town) -> None:
    _, child = merged(town, respondent_unit="闸口村", place={"village": "南城村"})
    head = town.phone("head")
    assert head.get(f"/tickets/{child}").status == 200
    assert head.get(f"/tickets/{child}/packet").code == "not_found"
    assert head.transport.client.get(f"/api/v1/tickets/{child}/packet.xlsx").status_code == 404
    assert town.phone("officer").get(f"/tickets/{child}/packet").status == 200
