"""Drills over the real app: begun, answered and ended like an emergency, marked everywhere, counted by the month."""

import io
from typing import Any

import pytest
import python_calamine

from server.actions import climbing
from tests.device import Phone
from tests.town import Town, person_id, unit_id

FORM = {"kind": "urgent_ticket", "title": "=防汛演练", "units": ["闸口村"], "note": "十一月例行"}


def begin(town: Town, **more: Any) -> tuple[str, dict[str, Any]]:
    """A drill of the duty room: its id, and its alarm."""
    duty = town.phone("duty")
    made = duty.post("/drills", FORM | more)
    assert made.status == 201, made.json
    (alarm,) = duty.get(f"/alarms?drill={made.json['id']}").json["items"]
    assert made.json["alarms"] == [alarm["id"]]
    return made.json["id"], alarm


def acknowledge(phone: Phone, alarm: dict[str, Any]) -> None:
    (mine,) = (each["alert"] for each in alarm["people"] if each["person"]["id"] == phone.user["id"])
    assert phone.do("alert.ack", mine, {})["outcome"] == "applied"


def report(phone: Phone, query: str = "month=2026-11") -> dict[str, Any]:
    answer = phone.get(f"/drills/report?{query}")
    assert answer.status == 200, answer.json
    return dict(answer.json)


def test_a_drill_rings_like_an_emergency_and_says_that_it_is_none(town: Town) -> None:
    drill_id, alarm = begin(town)
    assert (alarm["drill"], alarm["drill_id"], alarm["drill_title"]) == (True, drill_id, "=防汛演练")
    worker = town.phone("worker")
    worker.sync()
    (alert,) = [row for (kind, _), row in worker.base.rows.items() if kind == "alert"]
    assert (alert["drill"], alert["drill_title"], alert["state"]) == (True, "=防汛演练", "open")
    town.clock.go(minutes=5)
    assert climbing.climb_due(town.desk, town.clock.now_ms) == 1
    assert worker.get("/tickets").json["total"] == 0, "a drill makes no ticket"


def test_a_drill_ends_once_and_its_alarm_with_it(town: Town) -> None:
    drill_id, alarm = begin(town)
    duty = town.phone("duty")
    town.clock.go(minutes=3)
    ended = duty.post(f"/drills/{drill_id}/end")
    assert (ended.status, ended.json["ended_at"]) == (200, "2026-11-22T04:08:00.000Z")
    assert duty.get(f"/alarms/{alarm['id']}").json["state"] == "ended"
    town.clock.go(minutes=30)
    assert climbing.climb_due(town.desk, town.clock.now_ms) == 0
    again = duty.post(f"/drills/{drill_id}/end")
    assert (again.status, again.code) == (409, "wrong_state"), again.json
    assert duty.get("/drills").json["items"][0]["ended_at"] == "2026-11-22T04:08:00.000Z"
    assert duty.post(f"/drills/{unit_id('nothing')}/end").status == 404


def test_the_same_drill_sent_twice_is_begun_once(town: Town) -> None:
    chosen = unit_id("my drill")
    for _ in range(2):
        drill_id, _alarm = begin(town, id=chosen)
        assert drill_id == chosen
    assert town.phone("duty").get("/drills").json["total"] == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"kind": "earthquake"}, "invalid_args"),
        ({"title": ""}, "invalid_args"),
        ({"units": ["没有的村"]}, "unknown_unit"),
        ({"people": ["x"]}, "invalid_args"),
        ({"people": [unit_id("nobody")]}, None),
    ],
)
def test_a_drill_that_makes_no_sense_is_refused(town: Town, body: dict[str, Any], code: str | None) -> None:
    answer = town.phone("duty").post("/drills", FORM | body)
    assert answer.status == 422, answer.json
    assert code is None or answer.code == code


def test_who_may_drill_and_who_may_read(town: Town) -> None:
    assert town.phone("lead").post("/drills", FORM).status == 201
    for name in ("officer", "leader", "group", "auditor"):
        phone = town.phone(name)
        assert phone.post("/drills", FORM).code == "forbidden"
        assert phone.get("/drills").json["total"] == 1
        assert report(phone)["total"]["alarms"] > 0
    for name in ("worker", "head", "admin"):
        assert town.phone(name).get("/drills/report?month=2026-11").code == "forbidden"


def test_the_month_tells_who_answered_how_fast_and_who_never_did(any_town: Town) -> None:
    town = any_town
    drill_id, alarm = begin(town)
    worker = town.phone("worker")
    town.clock.go(minutes=2)
    (mine,) = (each["alert"] for each in alarm["people"] if each["person"]["id"] == person_id("worker"))
    told = {"alert": mine, "channel": "app", "state": "seen", "age_ms": 60_000}
    worker.post("/alerts/receipts", {"device": worker.device, "receipts": [told]})
    acknowledge(worker, alarm)
    town.clock.go(minutes=1)
    town.phone("duty").post(f"/drills/{drill_id}/end")
    body = report(town.phone("lead"))
    (drill,) = body["drills"]
    assert (drill["id"], drill["title"], drill["ended_at"]) == (
        drill_id,
        "=防汛演练",
        "2026-11-22T04:08:00.000Z",
    )
    assert (drill["alarms"], drill["acked"], drill["never"], drill["max_s"]) == (4, 1, 3, 120)
    line = drill["people"][0]
    assert (line["person"]["name"], line["unit"]["name"], line["seconds"]) == ("李伟", "闸口村", 120)
    assert (line["first_channel"], line["ack_channel"]) == ("app", "app")
    mine = next(each for each in body["people"] if each["person"]["name"] == "李伟")
    assert (mine["alarms"], mine["acked"], mine["p50_s"], mine["max_s"]) == (1, 1, 120, 120)
    assert mine["by_channel"]["app"] == {
        "sent": 1, "delivered": 1, "seen": 1, "acked": 1, "failed": 0, "first": 1,
    }  # fmt: skip
    assert body["people"][-1] == mine, "those who left it unanswered stand first"
    assert {each["person"]["name"] for each in body["unreachable"]} == {"陈静", "罗永康", "卢国强"}
    assert {each["reason"] for each in body["unreachable"]} == {"no_device"}


def test_phones_that_cannot_ring_are_listed_with_the_reason(town: Town) -> None:
    worker, head = town.phone("worker"), town.phone("head")
    for phone, permission in ((worker, "denied"), (head, "granted")):
        told = {"permission": permission, "subscribed": False, "platform": "Android", "installed": True}
        answer = phone.request("PUT", f"/push/devices/{phone.device}", told)
        assert answer.status in {200, 204}, answer.json
    begin(town)
    body = report(town.phone("duty"))
    (missing,) = body["permission_missing"]
    assert (missing["person"]["name"], missing["device"], missing["permission"]) == (
        "李伟",
        worker.device,
        "denied",
    )
    reasons = {each["person"]["name"]: each["reason"] for each in body["unreachable"]}
    assert (reasons["李伟"], reasons["卢国强"]) == ("permission_denied", "no_subscription")


def test_real_alarms_stand_apart_and_only_if_asked_for(any_town: Town) -> None:
    town = any_town
    town.ticket()
    begin(town)
    duty = town.phone("duty")
    assert (report(duty)["total"]["alarms"], report(duty)["real"]) == (4, None)
    real = report(duty, "month=2026-11&real=1")["real"]
    assert (real["events"], real["alarms"], real["never"]) == (1, 5, 5)


def test_a_month_is_shanghais(town: Town) -> None:
    town.clock.go(days=8, hours=11, minutes=54)  # 2026-11-30 15:59Z, the last minute of November in Shanghai
    begin(town)
    town.clock.go(minutes=1)
    begin(town)
    duty = town.phone("duty")
    assert [each["started_at"] for each in report(duty)["drills"]] == ["2026-11-30T15:59:00.000Z"]
    later = report(duty, "month=2026-12")["drills"]
    assert [each["started_at"] for each in later] == ["2026-11-30T16:00:00.000Z"]
    assert report(duty, "month=2027-01")["drills"] == []
    for bad in ("2026-13", "2026", "0000-01", "2026-11-01", ""):
        assert duty.get(f"/drills/report?month={bad}").code == "invalid_args"


def test_the_report_as_a_file(town: Town) -> None:
    _, alarm = begin(town)
    town.clock.go(minutes=1)
    acknowledge(town.phone("worker"), alarm)
    duty = town.phone("duty")
    response = duty.transport.client.get("/api/v1/drills/report.xlsx?month=2026-11&real=1")
    assert response.status_code == 200
    assert "drills-2026-11.xlsx" in response.headers["Content-Disposition"]
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(response.data))
    assert book.sheet_names == ["人员", "演练", "无法送达", "未授权通知", "订阅失效", "真实告警"]
    lines = book.get_sheet_by_name("演练").to_python()
    assert lines[1][:8] == [
        "=防汛演练", "2026-11-22 12:05:00", "", "李伟", "闸口村",
        "2026-11-22 12:05:00", "2026-11-22 12:06:00", 60,
    ]  # fmt: skip
    english = duty.transport.client.get(
        "/api/v1/drills/report.xlsx?month=2026-11", headers={"Accept-Language": "en"}
    )
    names = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(english.data)).sheet_names
    assert names == ["People", "Drills", "Not reached", "No permission", "Subscriptions gone"]


def test_the_metrics_tell_what_waits_for_an_answer(any_town: Town) -> None:
    town = any_town

    def figure(name: str) -> float:
        text = town.app.test_client().get("/metrics").text
        (line,) = [each for each in text.splitlines() if each.startswith(name + " ")]
        return float(line.rsplit(" ", 1)[1])

    assert figure("jiban_alarm_oldest_unacknowledged_seconds") == 0
    begin(town)
    town.ticket()
    town.clock.go(minutes=2)
    assert figure('jiban_alarms_open{what="drill"}') == 1
    assert figure('jiban_alarms_open{what="real"}') == 1
    assert figure("jiban_alarm_oldest_unacknowledged_seconds") == 120
    assert figure('jiban_deliveries{state="sent"}') == 9
    assert figure("jiban_database_up") == 1
