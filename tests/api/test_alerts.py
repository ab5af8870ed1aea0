"""Whom alarms reached: who may ask, what he is told per person and channel, and what receipts of phones may move."""

from typing import Any

import pytest

from server.domain import alarm as rules
from server.domain.alarm import Alarm, Call
from server.domain.escalation import Ladder, Rung
from server.store import alarm_outbox, alarms, deliveries
from server.store.alarm_outbox import Ring
from server.store.deliveries import Result
from server.store.engine import writing
from tests.device import Answer, Phone
from tests.town import Town, person_id, unit_id

ONE_RUNG = Ladder((Rung(0, ("worker",)), Rung(5, ("unit_head",))))


def raised(town: Town, key: str = "k", people: tuple[str, ...] = ("worker", "head"), **more: Any) -> Alarm:
    """An alarm for these people, as the operation that causes one writes it."""
    about = {
        "kind": "urgent_ticket",
        "subject_type": "ticket",
        "subject_id": unit_id(key),
        "village": "闸口村",
    }
    call = Call(**({"key": key, "title": "主干道井盖缺失"} | about | more))
    ids = tuple(person_id(each) for each in people)
    made = rules.raise_(call, ONE_RUNG, lambda post: ids if post == "worker" else (), town.clock.now_ms)
    made = made.evolve(rev=1)
    with writing(town.desk.engine) as connection:
        alarms.save(connection, {}, [made], town.clock.now_ms)
        alarm_outbox.enqueue(connection, [Ring(made, 0, ids)], town.clock.now_ms)
    return made


def alert_of(made: Alarm, who: str) -> str:
    return str(made.people[person_id(who)]["alert"])


def receipt(phone: Phone, alert: str, channel: str, state: str, age_ms: int = 0) -> Answer:
    told = {"alert": alert, "channel": channel, "state": state, "age_ms": age_ms}
    return phone.post("/alerts/receipts", {"device": phone.device, "receipts": [told]})


def channels(answer: Answer) -> dict[str, tuple[str, str]]:
    assert answer.status == 200, answer.json
    return {each["channel"]: (each["state"], each["at"]) for each in answer.json["deliveries"]}


def test_the_duty_room_sees_each_person_and_channel(town: Town) -> None:
    made = raised(town)
    body = town.phone("duty").get(f"/alerts?alarm={made.id}").json
    assert (body["total"], body["page"]) == (2, 1)
    mine = next(each for each in body["items"] if each["person"]["id"] == person_id("worker"))
    assert mine["id"] == alert_of(made, "worker")
    assert (mine["alarm"], mine["kind"], mine["drill"], mine["rung"]) == (made.id, "urgent_ticket", False, 0)
    assert (mine["title"], mine["village"], mine["acked_at"]) == ("主干道井盖缺失", "闸口村", None)
    assert mine["person"]["unit"]["name"] == "闸口村"
    (app,) = mine["deliveries"]
    assert (app["person"], app["channel"], app["state"], app["at"]) == (
        {"id": person_id("worker"), "name": "李伟"},
        "app",
        "sent",
        "2026-11-22T04:05:00.000Z",
    )


@pytest.mark.parametrize("who", ["duty", "officer", "lead", "leader"])
def test_duty_room_and_office_see_every_alert(town: Town, who: str) -> None:
    made = raised(town)
    phone = town.phone(who)
    assert phone.get("/alerts").json["total"] == 2
    assert phone.get(f"/alerts/{alert_of(made, 'worker')}").status == 200
    assert phone.get("/alarms?state=open").json["total"] == 1


@pytest.mark.parametrize("who", ["worker2", "group", "auditor", "admin"])
def test_others_are_told_neither_of_alerts_nor_whether_there_is_one(town: Town, who: str) -> None:
    made = raised(town)
    phone = town.phone(who)
    for path in ("/alerts", "/alarms", f"/alarms/{made.id}"):
        assert (phone.get(path).status, phone.get(path).code) == (403, "forbidden")
    foreign = phone.get(f"/alerts/{alert_of(made, 'worker')}")
    unknown = phone.get(f"/alerts/{unit_id('nothing')}")
    assert (foreign.status, foreign.json) == (404, unknown.json)
    assert phone.get(f"/alerts/{made.id}").json == unknown.json


def test_a_person_sees_his_own_alert_and_not_his_heads(town: Town) -> None:
    made = raised(town)
    worker = town.phone("worker")
    assert worker.get(f"/alerts/{alert_of(made, 'worker')}").json["person"]["name"] == "李伟"
    assert worker.get(f"/alerts/{alert_of(made, 'head')}").status == 404
    assert worker.get("/alerts").status == 403


def test_an_alarm_tells_its_ladder_and_everybody_called(town: Town) -> None:
    made = raised(town)
    duty = town.phone("duty")
    whole = duty.get(f"/alarms/{made.id}").json
    assert [each["person"]["name"] for each in whole["people"]] == ["李伟", "卢国强"]
    assert [(each["rung"], each["climbed_at"] is not None) for each in whole["ladder"]] == [
        (0, True),
        (1, False),
    ]
    assert {each["person"]["name"] for each in whole["deliveries"]} == {"李伟", "卢国强"}
    assert duty.get(f"/alerts/{made.id}").json == whole, "an alarm's id is welcome there too"
    assert duty.get("/alarms").json["items"] == [whole]


def test_alerts_are_found_by_every_filter(town: Town) -> None:
    first = raised(town, "a")
    town.clock.go(minutes=10)
    drill = raised(town, "b", ("worker",), kind="muster", drill=unit_id("drill"), drill_title="防汛演练")
    duty = town.phone("duty")

    def found(query: str) -> list[str]:
        answer = duty.get(f"/alerts?{query}")
        assert answer.status == 200, answer.json
        return [each["alarm"] for each in answer.json["items"]]

    assert found("") == [drill.id, first.id, first.id]
    assert found(f"subject={first.call['subject_id']}") == [first.id, first.id]
    assert found(f"person={person_id('head')}") == [first.id]
    assert found("kind=muster") == found("drill=true") == found(f"drill={unit_id('drill')}") == [drill.id]
    assert found("drill=false") == [first.id, first.id]
    assert found("from=2026-11-22T12:10:00%2B08:00") == [drill.id]
    assert found("to=2026-11-22T04:10:00Z&state=open") == [first.id, first.id]
    assert found("state=acked") == found("state=ended") == []
    assert found("page=2&page_size=2") == [first.id]
    assert duty.get("/alarms?drill=true").json["items"][0]["drill_title"] == "防汛演练"
    assert duty.get("/alarms?drill=false&state=open").json["total"] == 1
    for bad in ("drill=perhaps", "state=gone", "from=now", "alarm=x", "color=red", "page=0"):
        assert duty.get(f"/alerts?{bad}").code == "invalid_args", bad


def test_a_confidential_ticket_is_not_named(town: Town) -> None:
    raised(town, people=("head",), handlers=(person_id("head"),))
    (item,) = town.phone("duty").get("/alerts").json["items"]
    assert (item["title"], item["village"]) == ("保密单", None)
    assert "井盖" not in str(town.phone("duty").get("/alarms").json)


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
    made = raised(town)
    alert = alert_of(made, "worker")
    for who in ("worker2", "head", "duty"):
        assert receipt(town.phone(who), alert, "app", "seen").status == 204
    assert receipt(town.phone("worker"), unit_id("nothing"), "app", "seen").status == 204
    duty = town.phone("duty")
    assert channels(duty.get(f"/alerts/{alert}"))["app"][0] == "sent"
    receipt(town.phone("worker"), alert, "app", "seen", age_ms=86_400_000)
    assert duty.get(f"/alerts/{alert}").json["seen_at"] == made_at(duty, alert)


def made_at(duty: Phone, alert: str) -> str:
    return str(duty.get(f"/alerts/{alert}").json["raised_at"])


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


def pushed(town: Town, made: Alarm, who: str, device: str) -> str:
    """A push of this alert, put into the outbox and in a worker's hands; the row's id."""
    row = deliveries.New(
        id=unit_id(f"push-{device}"),
        alert=alert_of(made, who),
        alarm=made.id,
        person=person_id(who),
        rung=0,
        channel="push",
        target=device,
        kind=made.kind,
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
