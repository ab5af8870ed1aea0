"""An emergency from the city's call to somebody on the spot, over HTTP, with the worker's own rounds between."""

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from server.actions.operations import Operations
from server.alerts.couriers import couriers_of
from server.alerts.outbox import Outbox
from server.clock import now_ms
from server.config import Settings
from server.demo.people import PEOPLE
from server.domain.rules import Rules
from server.workers.alarms import Alarms
from tests.alerts import receivers
from tests.alerts.post import browser_keys
from tests.alerts.receivers import Service
from tests.device import Phone
from tests.town import Town, person_id, town_at

DAY = {"from_at": "2026-11-22T04:05:00Z", "to_at": "2026-11-23T00:00:00Z"}
NO_FIX = {"no_fix_reason": "室内无信号", "no_photo_reason": "相机损坏"}


class Watch(SimpleNamespace):
    """A town on duty: its rota filled, phones that take pushes, and the worker that sends them."""

    town: Town
    pushes: Service
    robot: Service
    worker: Alarms

    def minutes(self, minutes: float) -> None:
        """Time goes by, and the worker looks at the outbox and the ladders."""
        self.town.clock.go(minutes=minutes)
        self.worker.round(self.town.clock.now_ms)

    def emergency(self, **more: Any) -> str:
        """The city's call → the ticket's id; the worker has sent what there was to send."""
        ticket_id = self.town.ticket(**more)
        self.minutes(0)
        return ticket_id

    def alarm(self, subject: str, kind: str = "urgent_ticket") -> dict[str, Any]:
        found = self.town.phone("duty").get(f"/alarms?subject={subject}").json["items"]
        return next(each for each in found if each["kind"] == kind)

    def rung(self) -> list[str]:
        """Whose phones got a push since this was asked last, by user name; each call's path names its owner."""
        names = [call.path.strip("/") for call in self.pushes.calls]
        self.pushes.calls.clear()
        return sorted(names)


def subscribed(town: Town, service: Service, name: str) -> Phone:
    phone = town.phone(name)
    subscription = {"endpoint": f"{service.url}/{name}", "keys": browser_keys()}
    made = phone.post("/push/subscriptions", {"device": phone.device, "subscription": subscription})
    assert made.status == 201, made.json
    return phone


def on_duty(town: Town, post: str, name: str, unit: str | None = None) -> None:
    form = {"post": post, "person": person_id(name), **DAY} | ({"unit": unit} if unit else {})
    made = town.phone("lead").post("/rota", form)
    assert made.status == 201, made.json


@pytest.fixture
def watch(town_template: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Watch]:
    """`request.param`: other rules."""
    shutil.copytree(town_template, tmp_path / "town")
    with receivers.running_service() as pushes, receivers.running_service() as robot:
        rules = getattr(request, "param", Rules())
        settings = Settings(data=tmp_path / "town", demo=True, push_hosts=pushes.host, rules=rules)
        with town_at(settings) as town:
            desk = dataclasses.replace(town.desk, handler=Operations(rules).inside())
            box = Outbox(desk.engine, settings.data / "outbox", couriers_of(settings, desk.engine), 4, now_ms)
            yield settled(Watch(town=town, pushes=pushes, robot=robot, worker=Alarms(desk, box)))


def settled(watch: Watch) -> Watch:
    town = watch.town
    on_duty(town, "worker", "worker", "闸口村")
    on_duty(town, "backup", "worker2", "闸口村")
    on_duty(town, "duty_room", "duty")
    on_duty(town, "leader", "leader")
    watch.phones = {
        name: subscribed(town, watch.pushes, name)
        for name in ("worker", "worker2", "head", "duty", "leader", "worker3")
    }
    channel = {"kind": "webhook", "name": "值班群", "fields": {"url": watch.robot.url}}
    assert town.phone("admin").post("/channels", channel).status == 201
    return watch


def called(alarm: dict[str, Any], rung: int | None = None) -> set[str]:
    return {each["person"]["name"] for each in alarm["people"] if rung is None or each["rung"] == rung}


def test_it_is_dispatched_at_once_and_whoever_is_on_duty_is_alarmed(watch: Watch) -> None:
    answer = watch.town.city("POST", "/intake/tickets", watch.town.call())
    assert (answer.status, answer.json["state"], answer.json["lead_unit"]["name"]) == (
        201,
        "assigned",
        "闸口村",
    )
    watch.minutes(0)
    alarm = watch.alarm(answer.json["id"])
    posts = {each["person"]["name"]: each["posts"] for each in alarm["people"]}
    assert posts["李伟"] == ["worker"]
    assert posts["陈静"] == ["backup"]
    assert posts["卢国强"] == ["unit_head"]
    assert watch.rung() == ["head", "worker", "worker2"]
    (told,) = watch.robot.calls
    assert told.json["kind"] == "urgent_ticket"
    assert "紧急" in told.json["text"]
    assert "井盖" not in told.json["text"]


def test_a_push_says_nothing_of_the_matter_and_hurries(watch: Watch) -> None:
    watch.emergency()
    call = next(each for each in watch.pushes.calls if each.path == "/worker")
    headers = {name.lower(): value for name, value in call.headers.items()}
    assert (headers["urgency"], headers["content-encoding"]) == ("high", "aes128gcm")
    assert 0 < len(headers["topic"]) <= 32
    assert int(headers["ttl"]) > 0
    assert headers["authorization"].startswith("vapid t=")
    for told in (call.body, str(call.headers).encode()):
        assert "井盖".encode() not in told


def test_the_duty_room_follows_each_way_to_each_person(watch: Watch) -> None:
    ticket_id = watch.emergency()
    worker = watch.phones["worker"]
    (mine,) = (each for each in watch.alarm(ticket_id)["people"] if each["person"]["name"] == "李伟")
    ways = {each["channel"]: each["state"] for each in mine["deliveries"]}
    assert ways == {"app": "sent", "push": "sent", "webhook": "sent"}
    watch.minutes(1)
    for state in ("delivered", "seen"):
        told = {"alert": mine["alert"], "channel": "push", "state": state, "age_ms": 0}
        worker.post("/alerts/receipts", {"device": worker.device, "receipts": [told]})
        now = watch.town.phone("duty").get(f"/alerts/{mine['alert']}").json
        (push,) = (each for each in now["deliveries"] if each["channel"] == "push")
        assert (push["state"], push["at"]) == (state, "2026-11-22T04:06:00.000Z")
    watch.minutes(1)
    worker.do("alert.ack", mine["alert"], {})
    now = watch.town.phone("duty").get(f"/alerts/{mine['alert']}").json
    told = {each["channel"]: (each["state"], each["at"]) for each in now["deliveries"]}
    assert told["push"] == ("acked", "2026-11-22T04:07:00.000Z")


def test_nobody_answers_and_it_climbs_to_the_leader_and_no_further(watch: Watch) -> None:
    ticket_id = watch.emergency()
    assert watch.rung() == ["head", "worker", "worker2"]
    watch.minutes(4.9)
    assert watch.rung() == []
    watch.minutes(0.1)
    assert watch.rung() == ["head", "worker2"]
    watch.minutes(5)
    assert watch.rung() == ["duty"]
    watch.minutes(5)
    assert watch.rung() == ["leader"]
    alarm = watch.alarm(ticket_id)
    assert (alarm["state"], alarm["next_at"]) == ("unanswered", None)
    climbed = [each["climbed_at"] for each in alarm["ladder"]]
    assert climbed == [f"2026-11-22T04:{minute}:00.000Z" for minute in ("05", "10", "15", "20")]
    for _ in range(5):
        watch.minutes(2)
    assert watch.rung() == []
    metrics = watch.town.app.test_client().get("/metrics").text
    assert "jiban_alarm_oldest_unacknowledged_seconds 1500.0" in metrics


def test_an_acknowledgement_stops_the_climb(watch: Watch) -> None:
    ticket_id = watch.emergency()
    watch.minutes(5)
    watch.rung()
    (mine,) = (each["alert"] for each in watch.alarm(ticket_id)["people"] if each["person"]["name"] == "陈静")
    watch.minutes(2)
    assert watch.phones["worker2"].do("alert.ack", mine, {})["outcome"] == "applied"
    alarm = watch.alarm(ticket_id)
    assert (alarm["state"], alarm["acked_by"]["name"], alarm["next_at"]) == ("acked", "陈静", None)
    watch.minutes(3)
    watch.minutes(5)
    assert watch.rung() == []
    assert called(watch.alarm(ticket_id)) == called(alarm)
    other = watch.phones["worker3"]
    assert other.do("alert.ack", mine, {})["code"] == "not_yours"


def test_an_answer_made_without_signal_counts_from_when_it_was_made_and_the_climb_is_explained(
    watch: Watch,
) -> None:
    ticket_id = watch.emergency()
    worker = watch.phones["worker"]
    worker.sync()
    (mine,) = (id_ for kind, id_ in worker.base.rows if kind == "alert")
    watch.minutes(3)
    worker.act("alert.ack", mine, {})
    watch.minutes(2)
    watch.minutes(5)
    assert watch.rung() == ["duty", "head", "head", "worker", "worker2", "worker2"]
    watch.minutes(2)
    worker.sync()
    alarm = watch.alarm(ticket_id)
    assert (alarm["state"], alarm["acked_at"]) == ("acked", "2026-11-22T04:08:00.000Z")
    assert alarm["ack_received_at"] == "2026-11-22T04:17:00.000Z"
    (told,) = (each for each in alarm["explained"] if each["code"] == "climbed_while_unsent")
    assert (told["person"]["name"], told["acked_at"], told["rungs"]) == (
        "李伟",
        "2026-11-22T04:08:00.000Z",
        [1, 2],
    )
    assert worker.base.rows["alert", mine]["climbed_meanwhile"] is True
    watch.minutes(3)
    assert watch.rung() == []


def test_after_an_hour_of_outage_the_ladder_goes_on_from_the_facts(watch: Watch) -> None:
    ticket_id = watch.emergency()
    watch.rung()
    watch.minutes(55)
    alarm = watch.alarm(ticket_id)
    climbed = [each["climbed_at"] for each in alarm["ladder"]]
    assert climbed == [f"2026-11-22T04:{minute}:00.000Z" for minute in ("05", "10", "15", "20")]
    assert [each["rung"] for each in alarm["explained"] if each["code"] == "climbed_late"] == [1, 2, 3]
    assert watch.rung() == [
        "duty",
        "head",
        "leader",
        "worker",
        "worker2",
    ]  # the reminder with 5 minutes left too


def test_setting_off_answers_the_alarm_and_arriving_ends_it(watch: Watch) -> None:
    ticket_id = watch.emergency()
    worker = watch.phones["worker"]
    worker.sync()
    watch.minutes(2)
    assert worker.do("ticket.depart", ticket_id, {})["outcome"] == "applied"
    alarm = watch.alarm(ticket_id)
    assert (alarm["state"], alarm["acked_by"]["name"]) == ("acked", "李伟")
    (mine,) = (each for each in alarm["people"] if each["person"]["name"] == "李伟")
    assert mine["ack_via"] == "ticket.depart"
    watch.minutes(8)
    assert worker.do("ticket.arrive", ticket_id, NO_FIX)["outcome"] == "applied"
    assert watch.alarm(ticket_id)["state"] == "ended"
    watch.rung()
    for _ in range(6):
        watch.minutes(10)
    assert watch.rung() == []


def test_whoever_must_act_is_reminded_and_the_office_hears_that_nobody_came(watch: Watch) -> None:
    ticket_id = watch.emergency()
    worker = watch.phones["worker"]
    worker.sync()
    worker.do("ticket.accept", ticket_id, {})
    watch.rung()
    for wait in (29, 1, 15, 10):  # 30, 15 and 5 minutes left of the 60
        watch.minutes(wait)
        assert watch.rung() == ([] if wait == 29 else ["worker"]), wait
    watch.minutes(5)
    assert "duty" in watch.rung()
    late = watch.alarm(ticket_id, "overdue")
    assert {"梁芳", "林晓燕", "何强"} <= called(late)
    listed = watch.town.phone("duty").get(f"/alerts?subject={ticket_id}&kind=reminder").json
    assert listed["total"] == 3


def test_a_ticket_flagged_on_the_spot_is_an_emergency_too(watch: Watch) -> None:
    ticket_id = watch.town.dispatched(urgent=False)
    watch.minutes(0)
    assert watch.rung() == []
    worker = watch.phones["worker"]
    worker.sync()
    assert worker.do("ticket.flag_urgent", ticket_id, {"reason": "井下有人"})["outcome"] == "applied"
    watch.minutes(0)
    assert {"卢国强"} <= called(watch.alarm(ticket_id))
    assert "head" in watch.rung()


def test_an_empty_rung_climbs_at_once(watch: Watch) -> None:
    lead = watch.town.phone("lead")
    ladder = {"rungs": [{"after_min": 0, "posts": ["backup"]}, {"after_min": 5, "posts": ["duty_room"]}]}
    assert lead.request("PUT", "/ladders/urgent_ticket", ladder).status == 200
    workers = [each for each in PEOPLE if each.unit == "南城村" and each.role == "grid_worker"]
    for each in workers:  # nobody is left there to back anybody up
        assert watch.town.phone("admin").post(f"/people/{each.id}/revoke").status in {200, 204}
    ticket_id = watch.emergency(place={"village": "南城村", "address": "市场"})
    ladder_taken = watch.alarm(ticket_id)["ladder"]
    assert [(each["empty"], each["climbed_at"]) for each in ladder_taken] == [
        (True, "2026-11-22T04:05:00.000Z"),
        (False, "2026-11-22T04:05:00.000Z"),
    ]
    assert watch.rung() == ["duty"]


@pytest.mark.parametrize("watch", [Rules(ladder_scale=0.01)], indirect=True)
def test_minutes_can_be_made_short_for_a_drill(watch: Watch) -> None:
    ticket_id = watch.emergency()
    watch.rung()
    watch.minutes(0.05)
    assert watch.rung() == ["head", "worker2"]
    assert watch.alarm(ticket_id)["ladder"][1]["climbed_at"] == "2026-11-22T04:05:03.000Z"


def test_a_worker_that_is_silent_for_a_minute_turns_health_red(watch: Watch) -> None:
    client = watch.town.app.test_client()
    watch.town.app.extensions["jiban"].started_at_ms = 0  # it was made before the clock was stopped
    watch.minutes(0)
    assert client.get("/health").json["workers"]["alarms"] == "ok"
    watch.town.clock.go(minutes=1.1)
    told = client.get("/health").json
    assert (told["status"], told["workers"]["alarms"]) == ("degraded", "late")
    watch.minutes(0)
    assert client.get("/health").json["workers"]["alarms"] == "ok"


def test_a_push_service_that_is_down_hides_nothing_and_the_app_carries_it(watch: Watch) -> None:
    watch.pushes.behave = receivers.answers(500)
    ticket_id = watch.emergency()
    worker = watch.phones["worker"]
    worker.sync()
    assert any(kind == "alert" for kind, _ in worker.base.rows)
    (mine,) = (each for each in watch.alarm(ticket_id)["people"] if each["person"]["name"] == "李伟")
    (push,) = (each for each in mine["deliveries"] if each["channel"] == "push")
    assert (push["state"], push["error"]) == ("queued", "http_500")
    watch.pushes.behave = receivers.answers(410)
    watch.minutes(2)
    (mine,) = (each for each in watch.alarm(ticket_id)["people"] if each["person"]["name"] == "李伟")
    (push,) = (each for each in mine["deliveries"] if each["channel"] == "push")
    assert (push["state"], push["error"]) == ("gone", "http_410")
