"""Who is on an incident: told, called, added to its rapid channel, taken off it; over the wire."""

from typing import Any

import pytest

from server.actions import climbing
from tests.actions.alarming import outbox
from tests.api.test_incidents import act, new_id, report
from tests.device import Phone
from tests.town import Town, person_id, unit_id


@pytest.fixture
def duty(town: Town) -> Phone:
    return town.phone("duty")


def alerts(town: Town, username: str, kind: str) -> list[dict[str, Any]]:
    phone = town.phone(username)
    phone.sync()
    return [d for (type_, _), d in phone.base.rows.items() if type_ == "alert" and d["kind"] == kind]


def holds(town: Town, username: str, id_: str) -> bool:
    phone = town.phone(username)
    phone.sync()
    return ("incident", id_) in phone.base.rows


def musters(duty: Phone, id_: str) -> list[dict[str, Any]]:
    return [each for each in duty.get(f"/incidents/{id_}").json["alarms"] if each["kind"] == "muster"]


def climb(town: Town, minutes: float) -> None:
    climbing.climb_due(town.desk, town.clock.go(minutes=minutes))


def test_a_head_who_was_only_told_is_called_when_he_joins_the_channel(town: Town, duty: Phone) -> None:
    id_ = report(town.phone("worker"))
    assert [d["informed"] for d in alerts(town, "head", "direct_report")] == [True]
    args = {"person": person_id("head"), "seat": "现场指挥"}
    assert act(duty, "incident.add_member", id_, args)["outcome"] == "applied"
    (called,) = alerts(town, "head", "muster")
    assert (called["state"], called["informed"]) == ("open", False)
    again = act(duty, "incident.add_member", id_, args | {"seat": "联络员"})
    assert (again["outcome"], len(alerts(town, "head", "muster"))) == ("applied", 1)


def test_who_was_taken_off_is_not_called_again_by_the_alarm_that_called_him(town: Town, duty: Phone) -> None:
    id_ = report(town.phone("worker"))
    act(duty, "incident.muster", id_, {"units": [unit_id("南城村")], "reason": "支援"})
    assert holds(town, "head3", id_)
    gone = {"person": person_id("head3"), "reason": "与事件有利害关系"}
    assert act(duty, "incident.remove_member", id_, gone)["outcome"] == "applied"
    assert not holds(town, "head3", id_)
    assert alerts(town, "head3", "muster") == []
    climb(town, 11)
    (alarm,) = musters(duty, id_)
    called = {each["person"]["name"]: each for each in alarm["people"]}
    assert {each["rung"] for each in called.values() if not each["removed"]} >= {1, 2}
    assert [name for name, each in called.items() if each["removed"]] == [
        next(each["person"]["name"] for each in alarm["people"] if each["person"]["id"] == person_id("head3"))
    ]
    assert not holds(town, "head3", id_)
    assert alerts(town, "head3", "muster") == []
    assert {row.rung for row in outbox(town, person_id=person_id("head3"))} == {0}
    head3 = town.phone("head3")
    alert = next(each["alert"] for each in alarm["people"] if each["removed"])
    assert head3.get(f"/alerts/{alert}").status == 404
    assert duty.get(f"/alerts/{alert}").status == 200


def test_nor_by_a_later_muster_of_his_unit_but_by_his_name(town: Town, duty: Phone) -> None:
    id_ = report(town.phone("worker"))
    act(duty, "incident.muster", id_, {"units": [unit_id("南城村")], "reason": "支援"})
    act(duty, "incident.remove_member", id_, {"person": person_id("head3"), "reason": "轮换"})
    act(duty, "incident.muster", id_, {"units": [unit_id("南城村")], "reason": "再来"})
    assert (holds(town, "head3", id_), alerts(town, "head3", "muster")) == (False, [])
    act(duty, "incident.muster", id_, {"people": [person_id("head3")], "reason": "请回"})
    assert (holds(town, "head3", id_), len(alerts(town, "head3", "muster"))) == (True, 1)
    act(duty, "incident.muster", id_, {"units": [unit_id("南城村")], "reason": "全体"})
    assert len(alerts(town, "head3", "muster")) == 2


def test_a_head_who_was_told_can_be_taken_off_too(town: Town, duty: Phone) -> None:
    id_ = report(town.phone("worker"))
    assert holds(town, "head", id_)
    act(duty, "incident.remove_member", id_, {"person": person_id("head"), "reason": "回避"})
    climb(town, 6)
    assert (holds(town, "head", id_), alerts(town, "head", "direct_report")) == (False, [])


def test_who_sees_it_by_a_merged_report_can_be_taken_off_and_its_reporter_never(
    town: Town, duty: Phone
) -> None:
    main, other = report(town.phone("worker3")), report(town.phone("worker"))
    act(duty, "incident.merge", other, {"into": main, "reason": "同一起"})
    assert holds(town, "head", main)
    for who in ("head", "worker"):
        done = act(duty, "incident.remove_member", main, {"person": person_id(who), "reason": "轮换"})
        assert done["outcome"] == "applied", done
    assert not holds(town, "head", main)
    assert holds(town, "worker", main)


def test_whoever_is_on_duty_for_the_town_is_still_called_as_such(town: Town, duty: Phone) -> None:
    id_ = report(town.phone("worker"))
    act(duty, "incident.muster", id_, {"people": [person_id("worker3")], "reason": "支援"})
    act(duty, "incident.remove_member", id_, {"person": person_id("leader"), "reason": "群内轮换"})
    assert alerts(town, "leader", "direct_report") == []
    climb(town, 11)
    assert [d["rung"] for d in alerts(town, "leader", "muster")] == [2]


def test_a_task_that_is_still_his_calls_him_on(town: Town, duty: Phone) -> None:
    id_, worker3 = report(town.phone("worker")), person_id("worker3")
    task = {"task": new_id(), "kind": "handle", "text": "警戒", "person": worker3}
    act(duty, "incident.task", id_, task)
    act(duty, "incident.remove_member", id_, {"person": worker3, "reason": "轮换"})
    climb(town, 6)
    (alarm,) = musters(duty, id_)
    mine = next(each for each in alarm["people"] if each["person"]["id"] == worker3)
    assert (mine["rung"], mine["removed"]) == (1, False)
    assert [d["rung"] for d in alerts(town, "worker3", "muster")] == [1]
    assert holds(town, "worker3", id_)
