"""From an emergency to the phones of those who must go: raised, acknowledged, handed over, ended, in one commit."""

import uuid

import pytest
import sqlalchemy as sa

from server.actions.alarm_work import AlarmWork
from server.store import alarm_outbox
from server.store.engine import writing
from server.store.subscriptions import Subscribed, register
from server.store.tables_sync import operation
from tests.actions.alarming import about, alerts, docs, on_duty, outbox, people, the_alarm
from tests.device import photo
from tests.town import Town, person_id, unit_id

POINT = {"lat": 23.0128, "lng": 113.6846, "accuracy_m": 8, "fix_age_s": 1, "crs": "WGS84"}


@pytest.fixture
def manned(any_town: Town) -> Town:
    """The rota names a worker and a backup of 闸口村."""
    on_duty(any_town, "worker", "worker", "闸口村")
    on_duty(any_town, "backup", "worker2", "闸口村")
    return any_town


def state(town: Town, id_: str) -> str:
    return str(town.phone("lead").get(f"/tickets/{id_}").json["state"])


def test_an_emergency_goes_to_the_worker_on_duty_and_calls_him_his_backup_and_his_head(manned: Town) -> None:
    answer = manned.city("POST", "/intake/tickets", manned.call())
    assert (answer.json["state"], answer.json["lead_unit"]["name"]) == ("assigned", "闸口村")
    id_ = answer.json["id"]
    found = the_alarm(manned, id_)
    assert {"worker", "worker2", "head"} <= people(found)
    assert not {"duty", "leader", "officer", "worker3"} & people(found)
    worker = manned.phone("worker")
    worker.sync()
    assert worker.ticket(id_)["assignee"]["name"] == "李伟"
    (alert,) = alerts(worker)
    assert alert["subject"] == {"type": "ticket", "id": id_}
    assert (alert["kind"], alert["state"], alert["title"]) == ("urgent_ticket", "open", "主干道井盖缺失")
    entries = [(entry["name"], entry["role"]) for entry in worker.ticket(id_)["timeline"]]
    assert entries == [("ticket.ingest", "city"), ("ticket.dispatch", "system")]
    outsider, duty = manned.phone("worker3"), manned.phone("duty")
    outsider.sync()
    duty.sync()
    assert (alerts(outsider), docs(outsider, "alarm")) == ([], [])
    (shown,) = docs(duty, "alarm")
    assert {each["person"]["name"] for each in shown["people"]} >= {"李伟", "陈静", "卢国强"}
    for phone in (worker, outsider, duty):
        phone.pull(digest=True)
        assert {b: d for b, d in phone.own_digest().items() if d["count"]} == {
            b: d for b, d in phone.digest.items() if d["count"]
        }


def test_a_ticket_that_is_no_emergency_asks_nothing_of_alarms(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = town.ticket(urgent=False)
    worker = town.phone("worker")
    with monkeypatch.context() as patched:
        patched.setattr(AlarmWork, "__init__", lambda *_: pytest.fail("alarms were asked"))
        town.phone("officer").do(
            "ticket.dispatch", id_, {"unit": unit_id("闸口村"), "assignee": person_id("worker")}
        )
        worker.do("ticket.accept", id_)
        worker.do("ticket.depart", id_)
    assert about(town, id_, running=False) == []


def test_the_same_emergency_told_twice_rings_once(manned: Town) -> None:
    call = manned.call()
    first, second = (manned.city("POST", "/intake/tickets", call) for _ in range(2))
    assert (first.status, second.status) == (201, 200)
    found = the_alarm(manned, first.json["id"])
    assert len(outbox(manned, channel="app")) == len(found.people)


@pytest.mark.parametrize("who", ["officer", "duty", "worker", "city"])
def test_whoever_raises_it_a_ticket_turned_urgent_is_dispatched_and_rings(manned: Town, who: str) -> None:
    body = manned.call(urgent=False)
    id_ = manned.city("POST", "/intake/tickets", body).json["id"]
    assert about(manned, id_) == []
    if who == "city":
        update = {"update_no": "U1", "kind": "urgent"}
        manned.city("POST", f"/intake/tickets/{body['external_no']}/updates", update)
    elif who in {"officer", "duty"}:
        manned.phone(who).do("ticket.flag_urgent", id_, {"reason": "有人受伤"})
    else:
        manned.phone("officer").do("ticket.dispatch", id_, {"unit": unit_id("闸口村")})
        manned.phone("worker").do("ticket.flag_urgent", id_, {"reason": "有人受伤"})
    assert state(manned, id_) == "assigned"
    assert {"worker", "worker2", "head"} <= people(the_alarm(manned, id_))


def test_an_emergency_of_which_nothing_is_known_calls_the_duty_room_and_the_office_at_once(
    any_town: Town,
) -> None:
    id_ = any_town.ticket(title="不明情况", content="请尽快来人", place={})
    assert state(any_town, id_) == "received"
    assert people(the_alarm(any_town, id_)) == {"duty", "officer", "lead"}
    any_town.phone("officer").do(
        "ticket.dispatch", id_, {"unit": unit_id("闸口村"), "assignee": person_id("worker")}
    )
    first, second = about(any_town, id_, running=False)
    ended = first if first.ended_at is not None else second
    assert (ended.state, ended.end_why) == ("ended", "dispatched")
    assert "worker" in people(the_alarm(any_town, id_))


def test_a_dispatch_that_comes_to_nothing_leaves_no_emergency_unheard(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.actions.operations.dispatch_args", lambda *_: {"unit": "nowhere"})
    id_ = town.ticket()
    assert state(town, id_) == "received"
    assert people(the_alarm(town, id_)) == {"duty", "officer", "lead"}


def test_without_the_setting_the_office_is_called_to_dispatch_it(town: Town) -> None:
    object.__setattr__(town.desk.handler.rules, "urgent_auto_dispatch", False)
    try:
        id_ = town.ticket()
    finally:
        object.__setattr__(town.desk.handler.rules, "urgent_auto_dispatch", True)
    assert state(town, id_) == "received"
    assert "duty" in people(the_alarm(town, id_))


@pytest.mark.parametrize("name", ["ticket.accept", "ticket.depart", "ticket.arrive"])
def test_who_accepts_sets_out_or_arrives_has_acknowledged(manned: Town, name: str) -> None:
    id_ = manned.ticket()
    worker, head = manned.phone("worker"), manned.phone("head")
    args = {"point": POINT, "photos": [photo("2026-11-22T04:10:00.000Z")]} if name == "ticket.arrive" else {}
    worker.do(name, id_, args)
    head.sync()
    (found,) = about(manned, id_, running=False)
    mine = found.people[person_id("worker")]
    assert (mine["ack_via"], found.acked_by) == (name, person_id("worker"))
    assert found.state == ("ended" if name == "ticket.arrive" else "acked")
    assert alerts(head)[0]["state"] == found.state
    assert {row.state for row in outbox(manned, person_id=person_id("worker"))} == {"acked"}


def test_somebody_who_was_not_called_and_sets_out_answers_for_it(any_town: Town) -> None:
    on_duty(any_town, "worker", "worker", "闸口村")
    on_duty(any_town, "backup", "worker", "闸口村")
    id_ = any_town.ticket()
    assert "worker2" not in people(the_alarm(any_town, id_))
    any_town.phone("worker2").do("ticket.depart", id_)
    found = the_alarm(any_town, id_)
    assert (found.state, found.acked_by) == ("acked", person_id("worker2"))
    assert outbox(any_town, person_id=person_id("worker2")) == []


def test_another_unit_is_called_anew_and_the_first_no_more(manned: Town) -> None:
    id_ = manned.ticket()
    worker = manned.phone("worker")
    worker.do("ticket.accept", id_)
    manned.clock.go(minutes=1)
    order = {"unit": unit_id("南城村"), "assignee": person_id("worker3"), "joint_units": []}
    manned.phone("officer").do("ticket.dispatch", id_, order)
    found = the_alarm(manned, id_)
    assert {"worker3", "head3"} <= people(found)
    assert found.acked_at is None
    worker.sync()
    old = next(each for each in alerts(worker) if each["alarm"] != found.id)
    assert (old["state"], old["end_why"]) == ("ended", "redispatched")


@pytest.mark.parametrize("why", ["arrived", "merged", "withdrawn", "unflagged"])
def test_what_is_over_rings_no_more(manned: Town, why: str) -> None:
    body = manned.call()
    id_ = manned.city("POST", "/intake/tickets", body).json["id"]
    officer = manned.phone("officer")
    if why == "arrived":
        manned.phone("worker3")
        manned.phone("worker").do(
            "ticket.arrive", id_, {"point": POINT, "photos": [photo("2026-11-22T04:10:00.000Z")]}
        )
    elif why == "merged":
        other = manned.ticket()
        officer.do("ticket.merge", id_, {"into": other, "reason": "同一处"})
    elif why == "withdrawn":
        update = {"update_no": "U1", "kind": "withdraw"}
        manned.city("POST", f"/intake/tickets/{body['external_no']}/updates", update)
    else:
        officer.do("ticket.unflag_urgent", id_, {"reason": "误报"})
    assert about(manned, id_) == []
    assert {each.end_why for each in about(manned, id_, running=False)} == {why}
    assert outbox(manned, state="queued", alarm_id=about(manned, id_, running=False)[0].id) == []


def test_a_confidential_emergency_tells_its_handlers_and_the_office_that_leads_and_no_words(
    manned: Town,
) -> None:
    id_ = manned.ticket(confidential=True)
    assert people(the_alarm(manned, id_)) == {"lead"}
    manned.phone("lead").do(
        "ticket.dispatch", id_, {"unit": unit_id("闸口村"), "assignee": person_id("worker")}
    )
    found = the_alarm(manned, id_)
    assert people(found) == {"worker", "head", "lead"}
    worker, duty = manned.phone("worker"), manned.phone("duty")
    worker.sync()
    duty.sync()
    assert {(each["title"], each["village"]) for each in alerts(worker)} == {("保密单", None)}
    assert docs(duty, "alarm") == []


def test_an_alarm_loses_its_words_when_its_ticket_turns_confidential(manned: Town) -> None:
    id_ = manned.ticket()
    worker, backup = manned.phone("worker"), manned.phone("worker2")
    backup.sync()
    assert alerts(backup)
    order = {"confidential": True, "reason": "涉及隐私", "handlers": [person_id("worker")]}
    manned.phone("lead").do("ticket.set_confidential", id_, order)
    backup.sync()
    worker.sync()
    assert alerts(backup) == []
    assert {each["title"] for each in alerts(worker)} == {"保密单"}
    duty = manned.phone("duty")
    duty.sync()
    assert docs(duty, "alarm") == []


def test_the_accused_unit_never_hears_of_it(manned: Town) -> None:
    id_ = manned.ticket(respondent_unit="闸口村")
    called = {person for each in about(manned, id_, running=False) for person in people(each)}
    assert called
    assert not {"worker", "worker2", "head"} & called


def test_an_acknowledgement_counts_from_when_it_was_made_and_the_climb_meanwhile_is_explained(
    manned: Town,
) -> None:
    from server.actions import climbing

    id_ = manned.ticket()
    worker = manned.phone("worker")
    worker.sync()
    (alert,) = alerts(worker)
    manned.clock.go(minutes=2)
    made_at = manned.clock.now_ms
    op = worker.act("alert.ack", alert["id"])  # no signal
    manned.clock.go(minutes=5)
    assert climbing.climb_due(manned.desk, manned.clock.now_ms) == 1
    worker.sync()
    assert (worker.receipts[op]["outcome"], worker.receipts[op]["trust"]) == ("applied", "proven")
    found = the_alarm(manned, id_)
    assert (found.acked_at, found.ack_received_at) == (made_at, manned.clock.now_ms)
    assert [each["code"] for each in found.explained if each["code"] != "climbed_late"] == [
        "climbed_while_unsent"
    ]
    (alert,) = alerts(worker)
    assert (alert["state"], alert["climbed_meanwhile"]) == ("acked", True)
    manned.clock.go(hours=1)
    assert climbing.climb_due(manned.desk, manned.clock.now_ms) == 0


def test_only_the_person_himself_acknowledges_and_a_second_time_changes_nothing(manned: Town) -> None:
    manned.ticket()
    worker, other = manned.phone("worker"), manned.phone("worker3")
    worker.sync()
    (alert,) = alerts(worker)
    for subject in (alert["id"], str(uuid.uuid4())):
        assert other.do("alert.ack", subject)["code"] == "not_yours"
    assert worker.do("alert.ack", alert["id"])["outcome"] == "applied"
    (first,) = alerts(worker)
    manned.clock.go(minutes=1)
    assert worker.do("alert.ack", alert["id"])["outcome"] == "applied"
    assert alerts(worker) == [first]
    assert worker.do("alert.ack", alert["id"], {"more": 1})["code"] == "invalid_args"


def test_an_acknowledgement_of_what_is_over_is_kept(manned: Town) -> None:
    id_ = manned.ticket()
    worker = manned.phone("worker")
    worker.sync()
    (alert,) = alerts(worker)
    op = worker.act("alert.ack", alert["id"])
    manned.phone("officer").do("ticket.unflag_urgent", id_, {"reason": "误报"})
    worker.sync()
    assert worker.receipts[op]["outcome"] == "kept"
    assert alerts(worker)[0]["acked_at"] is not None


def test_a_client_cannot_let_ladders_climb_or_dispatch_as_the_system(manned: Town) -> None:
    id_ = manned.ticket()
    found = the_alarm(manned, id_)
    worker = manned.phone("worker")
    assert worker.do("alarm.climb", found.id, {"rung": 1, "at": 0})["code"] == "unknown_op"
    assert worker.do("alarm.remind", id_, {"due_at": 0, "left_min": 1})["code"] == "unknown_op"
    assert worker.do("ticket.dispatch", id_, {"unit": unit_id("南城村")})["code"] == "not_yours"


def test_each_device_of_each_person_is_in_the_outbox_once(manned: Town) -> None:
    devices = [str(uuid.uuid4()) for _ in range(2)]
    with writing(manned.desk.engine) as connection:
        for device in devices:
            new = Subscribed(device, person_id("worker"), f"https://push.example/{device}", "key", "auth")
            register(connection, new, manned.clock.now_ms)
    id_ = manned.ticket()
    rows = outbox(manned, channel="push")
    assert sorted(row.target for row in rows) == sorted(devices)
    assert {(row.person_id, row.state, row.rung, row.drill) for row in rows} == {
        (person_id("worker"), "queued", 0, False)
    }
    found = the_alarm(manned, id_)
    assert {row.alert_id for row in rows} == {found.people[person_id("worker")]["alert"]}


def test_an_alarm_that_cannot_be_saved_takes_its_operation_with_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stored without its alarm it would be an emergency that nobody hears of: better told to whoever sent it."""
    body = town.call()

    def breaks(*_: object) -> None:
        raise KeyError("no outbox")

    monkeypatch.setattr(alarm_outbox, "enqueue", breaks)
    answer = town.city("POST", "/intake/tickets", body)
    assert answer.status >= 400
    monkeypatch.undo()
    with writing(town.desk.engine) as connection:
        connection.execute(sa.delete(operation).where(operation.c.name == "ticket.ingest"))
    assert town.city("POST", "/intake/tickets", body).status == 201


def test_a_drill_runs_through_the_same_machinery_and_says_so(manned: Town) -> None:
    duty, worker = manned.phone("duty"), manned.phone("worker")
    drill = str(uuid.uuid4())
    args = {"kind": "urgent_ticket", "title": "防汛演练", "units": [unit_id("闸口村")]}
    assert worker.do("drill.start", drill, args)["code"] == "not_yours"
    assert duty.do("drill.start", drill, args)["outcome"] == "applied"
    assert duty.do("drill.start", drill, args)["code"] == "wrong_state"
    found = the_alarm(manned, drill)
    assert {"worker", "worker2", "head"} <= people(found)
    worker.sync()
    (alert,) = alerts(worker)
    assert (alert["drill"], alert["drill_title"], alert["subject"]["type"]) == (True, "防汛演练", "drill")
    assert {row.drill for row in outbox(manned)} == {True}
    worker.do("alert.ack", alert["id"])
    assert duty.do("drill.end", drill)["outcome"] == "applied"
    assert about(manned, drill) == []
    assert duty.do("drill.end", drill)["code"] == "wrong_state"
