"""Whom alarms reached: who may ask, what he is told per person and channel, and what receipts of phones may move."""

from typing import Any

import pytest

from server.actions import climbing
from server.store import deliveries
from server.store.deliveries import Result
from server.store.engine import writing
from tests.device import Answer, Phone
from tests.town import Town, person_id, unit_id

CALLED = {
    "李伟",
    "陈静",
    "罗永康",
    "卢国强",
    "韦嘉欣",
}  # workers of 闸口村, its head, the head of the lead unit


def raised(town: Town, **more: Any) -> dict[str, Any]:
    """The alarm of an emergency that the city line just sent, as the duty room sees it."""
    return alarm_about(town, town.ticket(**more))


def alarm_about(town: Town, subject: str) -> dict[str, Any]:
    (found,) = town.phone("duty").get(f"/alarms?subject={subject}").json["items"]
    return dict(found)


def alert_of(alarm: dict[str, Any], who: str) -> str:
    (found,) = (each for each in alarm["people"] if each["person"]["id"] == person_id(who))
    return str(found["alert"])


def receipt(phone: Phone, alert: str, channel: str, state: str, age_ms: int = 0) -> Answer:
    told = {"alert": alert, "channel": channel, "state": state, "age_ms": age_ms}
    return phone.post("/alerts/receipts", {"device": phone.device, "receipts": [told]})


def channels(answer: Answer) -> dict[str, tuple[str, str]]:
    assert answer.status == 200, answer.json
    return {each["channel"]: (each["state"], each["at"]) for each in answer.json["deliveries"]}


def test_the_duty_room_sees_each_person_and_channel(town: Town) -> None:
    alarm = raised(town)
    body = town.phone("duty").get(f"/alerts?alarm={alarm['id']}").json
    assert (body["total"], body["page"]) == (5, 1)
    assert {each["person"]["name"] for each in body["items"]} == CALLED
    mine = next(each for each in body["items"] if each["person"]["id"] == person_id("worker"))
    assert mine["id"] == alert_of(alarm, "worker")
    assert (mine["alarm"], mine["kind"], mine["drill"], mine["rung"]) == (
        alarm["id"],
        "urgent_ticket",
        False,
        0,
    )
    assert (mine["title"], mine["village"], mine["acked_at"]) == ("主干道井盖缺失", "闸口村", None)
    assert mine["subject"] == alarm["subject"]
    assert mine["person"]["unit"]["name"] == "闸口村"
    (app,) = mine["deliveries"]
    assert (app["person"], app["channel"], app["state"], app["at"]) == (
        {"id": person_id("worker"), "name": "李伟"},
        "app",
        "sent",
        "2026-11-22T04:05:00.000Z",
    )


def test_what_http_tells_is_what_the_phone_holds(town: Town) -> None:
    alarm = raised(town)
    worker, duty = town.phone("worker"), town.phone("duty")
    for phone in (worker, duty):
        phone.sync()
    told = duty.get(f"/alerts/{alert_of(alarm, 'worker')}").json
    held = {name: value for name, value in worker.base.rows["alert", told["id"]].items() if name != "type"}
    assert {name: told.get(name) for name in held} == held
    whole = duty.base.rows["alarm", alarm["id"]]
    differing = {name for name in whole if name != "type" and whole[name] != alarm[name]}
    assert differing == {"people"}, "HTTP tells of each one's deliveries too"
    assert worker.get(f"/alerts/{told['id']}").json == told


@pytest.mark.parametrize("who", ["duty", "officer", "lead", "leader"])
def test_duty_room_and_office_see_every_alert(town: Town, who: str) -> None:
    alarm = raised(town)
    phone = town.phone(who)
    assert phone.get("/alerts").json["total"] == 5
    assert phone.get(f"/alerts/{alert_of(alarm, 'worker')}").status == 200
    assert phone.get("/alarms?state=open").json["total"] == 1


@pytest.mark.parametrize("who", ["worker3", "group", "auditor", "admin"])
def test_others_are_told_neither_of_alerts_nor_whether_there_is_one(town: Town, who: str) -> None:
    alarm = raised(town)
    phone = town.phone(who)
    for path in ("/alerts", "/alarms", f"/alarms/{alarm['id']}"):
        assert (phone.get(path).status, phone.get(path).code) == (403, "forbidden")
    foreign = phone.get(f"/alerts/{alert_of(alarm, 'worker')}")
    unknown = phone.get(f"/alerts/{unit_id('nothing')}")
    assert (foreign.status, foreign.json) == (404, unknown.json)
    assert phone.get(f"/alerts/{alarm['id']}").json == unknown.json


def test_a_person_sees_his_own_alert_and_not_his_heads(town: Town) -> None:
    alarm = raised(town)
    worker = town.phone("worker")
    assert worker.get(f"/alerts/{alert_of(alarm, 'worker')}").json["person"]["name"] == "李伟"
    assert worker.get(f"/alerts/{alert_of(alarm, 'head')}").status == 404
    assert worker.get("/alerts").status == 403


def test_an_alarm_tells_its_ladder_and_everybody_called(town: Town) -> None:
    alarm = raised(town)
    duty = town.phone("duty")
    whole = duty.get(f"/alarms/{alarm['id']}").json
    assert {each["person"]["name"] for each in whole["people"]} == CALLED
    assert [each["climbed_at"] is not None for each in whole["ladder"]] == [True, False, False, False]
    assert whole["next_at"] == "2026-11-22T04:10:00.000Z"
    assert {each["person"]["name"] for each in whole["deliveries"]} == CALLED
    assert duty.get(f"/alerts/{alarm['id']}").json == whole, "an alarm's id is welcome there too"
    assert duty.get("/alarms").json["items"] == [whole]


def test_a_channel_has_one_entry_however_often_the_ladder_climbed(town: Town) -> None:
    alarm = raised(town)
    head, duty = alert_of(alarm, "head"), town.phone("duty")
    receipt(town.phone("head"), head, "app", "seen")
    town.clock.go(minutes=5)
    assert climbing.climb_due(town.desk, town.clock.now_ms) == 1
    (app,) = duty.get(f"/alerts/{head}").json["deliveries"]
    assert (app["state"], app["at"]) == ("seen", "2026-11-22T04:05:00.000Z"), "the furthest try counts"
    assert [(each["rung"], each["state"]) for each in app["tries"]] == [(0, "seen"), (1, "sent")]
    (worker,) = duty.get(f"/alerts/{alert_of(alarm, 'worker')}").json["deliveries"]
    assert [each["rung"] for each in worker["tries"]] == [0]


def test_a_groups_message_stands_with_everybody_called(town: Town) -> None:
    fields = {"url": "https://robot.example/dao-jiao"}
    made = town.phone("admin").post("/channels", {"kind": "webhook", "name": "值班群", "fields": fields})
    assert made.status == 201
    alarm = raised(town)
    for called in alarm["people"]:
        told = {each["channel"]: each for each in called["deliveries"]}
        assert told["webhook"]["person"] == {n: called["person"][n] for n in ("id", "name")}
        assert (told["webhook"]["state"], told["webhook"]["target"]) == ("queued", "group")


def test_alerts_are_found_by_every_filter(any_town: Town) -> None:
    town = any_town
    first = raised(town)
    town.clock.go(minutes=10)
    duty = town.phone("duty")
    form = {"kind": "muster", "title": "防汛演练", "people": [person_id("worker3")]}
    drill_id = duty.post("/drills", form).json["id"]
    (drill,) = duty.get("/alarms?drill=true").json["items"]

    def found(query: str) -> set[str]:
        answer = duty.get(f"/alerts?{query}")
        assert answer.status == 200, answer.json
        return {each["alarm"] for each in answer.json["items"]}

    assert found("") == {drill["id"], first["id"]}
    assert found(f"subject={first['subject']['id']}") == {first["id"]}
    assert found(f"person={person_id('head')}") == {first["id"]}
    assert found("kind=muster") == found("drill=true") == found(f"drill={drill_id}") == {drill["id"]}
    assert found("drill=false") == {first["id"]}
    assert found("from=2026-11-22T12:10:00%2B08:00") == {drill["id"]}
    assert found("to=2026-11-22T04:10:00Z&state=open") == {first["id"]}
    assert found("state=acked") == found("state=ended") == set()
    assert found("page=2&page_size=5&drill=false") == set()
    assert drill["drill_title"] == "防汛演练"
    assert duty.get("/alarms?drill=false&state=open").json["total"] == 1
    town.phone("worker").do("alert.ack", alert_of(first, "worker"), {})
    assert found("state=acked") == {first["id"]}
    assert duty.get("/alarms?drill=false&state=open").json["total"] == 0


@pytest.mark.parametrize(
    "query", ["drill=perhaps", "state=gone", "from=now", "alarm=x", "color=red", "page=0"]
)
def test_a_senseless_filter_is_refused(town: Town, query: str) -> None:
    answer = town.phone("duty").get(f"/alerts?{query}")
    assert (answer.status, answer.code) == (422, "invalid_args")


@pytest.mark.parametrize("who", ["duty", "officer", "leader"])
def test_a_confidential_ticket_is_not_named_nor_who_works_on_it(town: Town, who: str) -> None:
    ticket = town.ticket(confidential=True)
    lead, other = town.phone("lead"), town.phone(who)
    lead.do("ticket.dispatch", ticket, {"unit": unit_id("闸口村"), "assignee": person_id("worker")})
    items = lead.get(f"/alerts?subject={ticket}").json["items"]
    assert {(item["title"], item["village"]) for item in items} == {("保密单", None)}
    assert "井盖" not in str(lead.get("/alarms").json)
    for path in ("/alerts", "/alarms"):
        assert other.get(f"{path}?subject={ticket}").json == {"items": [], "total": 0, "page": 1}
    for id_ in (items[0]["id"], items[0]["alarm"]):
        assert other.get(f"/alerts/{id_}").status == 404
    assert other.get(f"/alarms/{items[0]['alarm']}").status == 404
    mine = next(item for item in items if item["person"]["id"] == person_id("worker"))
    assert town.phone("worker").get(f"/alerts/{mine['id']}").status == 200


def test_an_acknowledgement_is_told_by_person_and_channel_and_when(town: Town) -> None:
    alarm = raised(town)
    worker, duty = town.phone("worker"), town.phone("duty")
    town.clock.go(minutes=3)
    assert worker.do("alert.ack", alert_of(alarm, "worker"), {})["outcome"] == "applied"
    mine = duty.get(f"/alerts/{alert_of(alarm, 'worker')}").json
    assert mine["acked_at"] == "2026-11-22T04:08:00.000Z"
    assert (mine["deliveries"][0]["state"], mine["deliveries"][0]["at"]) == (
        "acked",
        "2026-11-22T04:08:00.000Z",
    )
    head = duty.get(f"/alerts/{alert_of(alarm, 'head')}").json
    assert (head["state"], head["acked_at"], head["acked_by"]["name"]) == ("acked", None, "李伟")
    assert head["deliveries"][0]["state"] == "sent"


def test_receipts_move_forward_only_and_date_by_the_phones_own_count(town: Town) -> None:
    made = raised(town)
    worker, duty = town.phone("worker"), town.phone("duty")
    alert = alert_of(made, "worker")
    town.clock.go(minutes=2)
    assert receipt(worker, alert, "app", "delivered", age_ms=60_000).status == 204
    assert channels(duty.get(f"/alerts/{alert}"))["app"] == ("delivered", "2026-11-22T04:06:00.000Z")
    town.clock.go(minutes=1)
    receipt(worker, alert, "app", "seen")
    seen = duty.get(f"/alerts/{alert}")
    assert channels(seen)["app"] == ("seen", "2026-11-22T04:08:00.000Z")
    assert seen.json["seen_at"] == "2026-11-22T04:08:00.000Z"
    town.clock.go(minutes=1)
    receipt(worker, alert, "app", "delivered")
    receipt(worker, alert, "app", "seen")
    assert duty.get(f"/alerts/{alert}").json == seen.json


def test_nobody_tells_of_another_ones_alert_nor_from_before_it(town: Town) -> None:
    alarm = raised(town)
    alert, duty = alert_of(alarm, "worker"), town.phone("duty")
    town.clock.go(minutes=1)
    for who in ("worker2", "head", "duty"):
        assert receipt(town.phone(who), alert, "app", "seen").status == 204
    assert receipt(town.phone("worker"), unit_id("nothing"), "app", "seen").status == 204
    now = duty.get(f"/alerts/{alert}")
    assert (channels(now)["app"][0], now.json["seen_at"]) == ("sent", None)
    receipt(town.phone("worker"), alert, "app", "seen", age_ms=86_400_000)
    assert duty.get(f"/alerts/{alert}").json["seen_at"] == alarm["raised_at"]


def test_too_many_or_senseless_receipts_are_refused(town: Town) -> None:
    worker = town.phone("worker")
    one = {"alert": unit_id("x"), "channel": "app", "state": "seen", "age_ms": 0}
    for bad in (
        [one] * 201,
        [one | {"age_ms": -1}],
        [one | {"state": "acked"}],
        [one | {"channel": "sms"}],
        [{}],
    ):
        answer = worker.post("/alerts/receipts", {"device": worker.device, "receipts": bad})
        assert (answer.status, answer.code) == (422, "invalid_args")
    assert worker.post("/alerts/receipts", {"device": worker.device, "receipts": []}).status == 204


def pushed(town: Town, made: dict[str, Any], who: str, device: str) -> str:
    """A push of this alert, put into the outbox and in a worker's hands; the row's id."""
    row = deliveries.New(
        id=unit_id(f"push-{device}"),
        alert=alert_of(made, who),
        alarm=made["id"],
        person=person_id(who),
        rung=0,
        channel="push",
        target=device,
        kind=made["kind"],
        drill=False,
    )
    with writing(town.desk.engine) as connection:
        deliveries.enqueue(connection, [row], town.clock.now_ms)
        deliveries.claim(connection, "me", town.clock.now_ms, 10)
    return row.id


def wrote(town: Town, row: str, state: str, error: str | None = None) -> None:
    with writing(town.desk.engine) as connection:
        deliveries.write(connection, "me", [Result(row, state, error, town.clock.now_ms)])


def test_a_receipt_that_overtakes_the_sender_is_shown_at_once_and_kept(any_town: Town) -> None:
    made = raised(any_town)
    worker, duty = any_town.phone("worker"), any_town.phone("duty")
    alert = alert_of(made, "worker")
    row = pushed(any_town, made, "worker", worker.device)
    assert channels(duty.get(f"/alerts/{alert}"))["push"][0] == "queued", "in a worker's hands it is not sent"
    any_town.clock.go(minutes=1)
    receipt(worker, alert, "push", "delivered")
    at = "2026-11-22T04:06:00.000Z"
    assert channels(duty.get(f"/alerts/{alert}"))["push"] == ("delivered", at)
    wrote(any_town, row, "sent")
    assert channels(duty.get(f"/alerts/{alert}"))["push"] == ("delivered", at)


def test_one_lost_phone_does_not_hide_that_the_other_one_rang(any_town: Town) -> None:
    made = raised(any_town)
    worker, duty = any_town.phone("worker"), any_town.phone("duty")
    alert = alert_of(made, "worker")
    wrote(any_town, pushed(any_town, made, "worker", unit_id("old phone")), "gone", "http_410")
    push = duty.get(f"/alerts/{alert}").json["deliveries"][-1]
    assert (push["channel"], push["state"], push["error"]) == ("push", "gone", "http_410")
    wrote(any_town, pushed(any_town, made, "worker", worker.device), "sent")
    push = duty.get(f"/alerts/{alert}").json["deliveries"][-1]
    assert (push["state"], push["target"], push["error"]) == ("sent", worker.device, None)
    assert {each["state"] for each in push["tries"]} == {"gone", "sent"}
