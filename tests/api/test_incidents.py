"""Incidents over the wire: reported from a phone, in the duty room's hands, exported, photos and rights."""

import io
import uuid
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from server.actions import closing
from tests.api.test_photos import announce, call, jpeg, named, send
from tests.device import Phone
from tests.town import HOUR_MS, Town, person_id, unit_id

REPORT = {
    "matter": "fire",
    "text": "厂房起火，浓烟很大",
    "place": {"village": "闸口村", "address": "工业路3号"},
}


def new_id() -> str:
    return str(uuid.uuid4())


def report(phone: Phone, id_: str | None = None, **more: Any) -> str:
    id_ = id_ or new_id()
    receipt = phone.do("incident.report", id_, {**REPORT, **more}, base=None)
    assert receipt["outcome"] == "applied", receipt
    return id_


def incident(phone: Phone, id_: str) -> dict[str, Any]:
    phone.sync()
    return phone.base.rows["incident", id_]


def act(phone: Phone, name: str, id_: str, args: dict[str, Any] | None = None) -> dict[str, Any]:
    """A tap on the revision that the phone shows."""
    phone.sync()
    base = phone.base.rows.get(("incident", id_), {}).get("rev")
    return phone.do(name, id_, args or {}, base=base)


@pytest.fixture
def duty(town: Town) -> Phone:
    return town.phone("duty")


def test_the_list_of_matters_names_whom_to_phone_first(town: Town) -> None:
    answer = town.phone("worker").get("/incidents/matters")
    told = answer.json
    assert answer.headers["Cache-Control"] == "private, max-age=3600"
    fire = next(each for each in told["items"] if each["code"] == "fire")
    assert (fire["name"], fire["life_at_risk"], fire["numbers"][0]) == ("火灾", True, "119")
    assert {"safety_hazard", "mass_incident"} <= {each["code"] for each in told["items"]}
    assert "duty_phone" in told


def test_a_report_reaches_duty_room_and_leader_at_once_with_nobody_asked(town: Town, duty: Phone) -> None:
    worker, leader = town.phone("worker3"), town.phone("leader")
    id_ = report(worker)
    for phone in (duty, leader):
        phone.sync()
        assert phone.base.rows["incident", id_]["text"] == REPORT["text"]
        (alert,) = [d for (t, _), d in phone.base.rows.items() if t == "alert"]
        assert (alert["kind"], alert["informed"]) == ("direct_report", False)
        assert alert["subject"] == {"type": "incident", "id": id_}
    head, head3 = town.phone("head"), town.phone("head3")
    for phone in (head, head3):
        phone.sync()
        assert next(d["informed"] for (t, _), d in phone.base.rows.items() if t == "alert")
        assert ("incident", id_) in phone.base.rows
    stranger = town.phone("worker2")
    stranger.sync()
    assert ("incident", id_) not in stranger.base.rows
    seen = incident(worker, id_)
    assert seen["reporter"]["name"] == "周杰"
    told = {each["person"]["name"]: each["informed"] for each in seen["called"]}
    assert told == {"何强": False, "黄敏": False, "卢国强": True, "叶志明": True}


def test_a_report_made_without_signal_raises_on_receipt_and_shows_its_honest_time(
    town: Town, duty: Phone
) -> None:
    worker = town.phone("worker")
    worker.sync()
    id_ = new_id()
    made = town.clock.now_ms
    worker.act("incident.report", id_, REPORT, base=None)
    town.clock.go(hours=1)
    worker.sync()
    told = duty.get(f"/incidents/{id_}").json
    entry, (alarm,) = told["timeline"][0], told["alarms"]
    assert entry["trust"] == "proven"
    assert told["reported_at"] == entry["occurred_at"]
    assert alarm["raised_at"] == told["received_at"]
    assert town.clock.now_ms - made == HOUR_MS
    assert told["reported_at"] < told["received_at"]


def test_the_same_report_sent_twice_is_one_and_alarms_once(town: Town, duty: Phone) -> None:
    worker = town.phone("worker")
    worker.sync()
    id_ = new_id()
    worker.act("incident.report", id_, REPORT, base=None)
    assert worker.push().json["results"][0]["outcome"] == "applied"
    assert worker.push().json["results"][0]["outcome"] == "duplicate"
    assert len(duty.get(f"/incidents/{id_}").json["alarms"]) == 1
    assert duty.get("/incidents").json["total"] == 1


def test_whom_it_does_not_concern_hears_the_words_of_what_does_not_exist(town: Town) -> None:
    id_ = report(town.phone("worker"))
    stranger = town.phone("worker3")
    there, absent = stranger.get(f"/incidents/{id_}"), stranger.get(f"/incidents/{new_id()}")
    assert (there.status, there.json) == (absent.status, absent.json) == (404, there.json)
    assert stranger.get(f"/incidents/{id_}/export.xlsx").json == absent.json
    assert stranger.get("/incidents").json["items"] == []
    for name, args in (
        ("incident.note", {"text": "x"}),
        ("incident.muster", {"units": ["x"], "reason": "x"}),
    ):
        told = [stranger.do(name, each, args, base=None) for each in (id_, new_id())]
        assert {each["code"] for each in told} == {"not_yours"}
        assert told[0]["message"] == told[1]["message"]
        assert "突发事件" in told[0]["message"]


def test_the_id_of_a_ticket_cannot_become_an_incident(town: Town) -> None:
    ticket = town.dispatched()
    outsider = town.phone("worker3")
    told = outsider.do("incident.report", ticket, REPORT, base=None)
    assert (told["outcome"], told["code"]) == ("refused", "invalid_args")


def test_a_muster_calls_the_units_worker_and_head_who_then_see_it_all(town: Town, duty: Phone) -> None:
    id_ = report(town.phone("worker"))
    told = act(
        duty,
        "incident.muster",
        id_,
        {"units": [unit_id("南城村")], "people": [person_id("group")], "reason": "支援"},
    )
    assert told["outcome"] == "applied", told
    for name in ("worker3", "head3", "group"):
        phone = town.phone(name)
        phone.sync()
        alerts = [d for (t, _), d in phone.base.rows.items() if t == "alert"]
        assert [each["kind"] for each in alerts] == ["muster"], name
        assert ("incident", id_) in phone.base.rows
    kinds = [each["kind"] for each in duty.get(f"/incidents/{id_}").json["alarms"]]
    assert sorted(kinds) == ["direct_report", "muster", "muster"]


def test_pressing_received_stands_on_the_timeline_and_with_the_member(town: Town, duty: Phone) -> None:
    id_ = report(town.phone("worker"))
    act(duty, "incident.open_channel", id_, {"template": "town"})
    leader = town.phone("leader")
    leader.sync()
    alert = next(
        key[1] for key, d in leader.base.rows.items() if key[0] == "alert" and d["kind"] == "direct_report"
    )
    town.clock.go(minutes=2)
    leader.do("alert.ack", alert, {}, base=None)
    doc = incident(duty, id_)
    assert doc["timeline"][-1]["name"] == "alert.ack"
    assert all(m["acked_at"] for m in doc["members"] if m["person"] and m["person"]["name"] == "黄敏")
    assert [m["seat"] for m in doc["members"] if m["person"] is None] == ["工作组联络员"]


def test_a_task_alarms_and_is_heard_by_its_operation_or_by_received(town: Town, duty: Phone) -> None:
    id_ = report(town.phone("worker"))
    tasks = [new_id(), new_id()]
    for task in tasks:
        args = {
            "task": task,
            "kind": "handle",
            "text": "疏散居民",
            "person": person_id("worker2"),
            "due_min": 30,
        }
        assert act(duty, "incident.task", id_, args)["outcome"] == "applied"
    worker2 = town.phone("worker2")
    worker2.sync()
    alerts = {d["task"]: key[1] for key, d in worker2.base.rows.items() if key[0] == "alert"}
    assert set(alerts) == set(tasks)
    act(worker2, "incident.task_ack", id_, {"task": tasks[0]})
    worker2.do("alert.ack", alerts[tasks[1]], {}, base=None)
    done = act(worker2, "incident.task_done", id_, {"task": tasks[0], "text": "已疏散12户"})
    assert done["outcome"] == "applied", done
    doc = duty.get(f"/incidents/{id_}").json
    assert all(each["acked_at"] for each in doc["tasks"])
    assert doc["tasks"][0]["result"] == "已疏散12户"
    states = {each["task"]: each["state"] for each in doc["alarms"] if each["task"]}
    assert states == dict.fromkeys(tasks, "acked")


def test_an_unacknowledged_task_climbs_and_closing_ends_it(town: Town, duty: Phone) -> None:
    from server.actions import climbing

    id_ = report(town.phone("worker"))
    args = {"task": new_id(), "kind": "hand_over", "text": "送沙袋", "person": person_id("worker2")}
    act(duty, "incident.task", id_, args)
    now = town.clock.go(minutes=11)
    climbing.climb_due(town.desk, now)
    alarm = next(a for a in duty.get(f"/incidents/{id_}").json["alarms"] if a["task"])
    called = {each["person"]["name"] for each in alarm["people"]}
    assert {"陈静", "何强", "黄敏"} <= called
    act(duty, "incident.close", id_, {"summary": "险情排除"})
    states = {each["state"] for each in duty.get(f"/incidents/{id_}").json["alarms"]}
    assert states <= {"ended", "acked"}
    assert not [d for (t, _), d in incident_rows(town, "worker2") if t == "alert" and d["state"] == "open"]


def incident_rows(town: Town, username: str) -> list[tuple[tuple[str, str], dict[str, Any]]]:
    phone = town.phone(username)
    phone.sync()
    return list(phone.base.rows.items())


def test_merged_reports_tell_their_reporter_where_they_went_and_part_again(town: Town, duty: Phone) -> None:
    first, second = town.phone("worker"), town.phone("worker3")
    a, b = report(first), report(second, text="南城村也看到浓烟")
    second.sync()
    assert act(duty, "incident.merge", b, {"into": a, "reason": "同一起火灾"})["outcome"] == "applied"
    second.sync()
    assert ("incident", b) not in second.base.rows
    assert (second.gone[b]["gone"], second.gone[b]["into"]) == ("merged", a)
    assert ("incident", a) in second.base.rows
    alarms = duty.get(f"/incidents/{b}").json["alarms"]
    assert [each["state"] for each in alarms] == ["ended"]
    late = second.do("incident.note", b, {"text": "火势变小"}, base=None)
    assert (late["outcome"], late["code"]) == ("kept", "kept")
    assert incident(duty, a)["timeline"][-1]["via"] == b
    told = act(duty, "incident.unmerge", b, {"reason": "两处起火"})
    assert told["outcome"] == "applied"
    second.sync()
    assert ("incident", b) in second.base.rows
    assert ("incident", a) not in second.base.rows


def test_an_urgent_ticket_becomes_an_incident(town: Town, duty: Phone) -> None:
    ticket = town.ticket(urgent=True)
    id_ = new_id()
    told = duty.do(
        "incident.open", id_, {"ticket": ticket, "matter": "road_collapse", "text": "路面塌陷"}, base=None
    )
    assert told["outcome"] == "applied", told
    doc = incident(duty, id_)
    assert doc["ticket"]["id"] == ticket
    assert doc["village"] == "闸口村"
    mine = next(d for (kind, _), d in duty.base.rows.items() if kind == "alert" and d["subject"]["id"] == id_)
    assert mine["acked_at"] is not None  # nobody is rung for what he opened himself
    secret = town.ticket(urgent=True, confidential=True)
    args = {"ticket": secret, "matter": "other", "text": "x"}
    assert duty.do("incident.open", new_id(), args, base=None)["code"] == "not_yours"
    assert town.phone("lead").do("incident.open", new_id(), args, base=None)["code"] == "wrong_state"


def test_a_drill_says_so_everywhere(town: Town, duty: Phone) -> None:
    id_ = report(town.phone("worker"), drill=True)
    duty.sync()
    assert duty.base.rows["incident", id_]["drill"] is True
    assert all(d["drill"] for (t, _), d in duty.base.rows.items() if t in ("alert", "alarm"))
    assert duty.get("/incidents?drill=false").json["total"] == 0
    assert duty.get("/incidents?drill=true&state=open").json["total"] == 1


def test_photos_of_an_incident_follow_it_and_ask_its_rights(town: Town, duty: Phone) -> None:
    worker, data = town.phone("worker"), jpeg()
    photo = named(data)
    id_ = report(worker, photos=[photo])
    announce(worker, id_, photo)
    assert duty.get(f"/photos/{photo['id']}").status == 404
    assert send(worker, photo["id"], data).status_code == 204
    assert incident(duty, id_)["timeline"][0]["photos"][0]["state"] == "received"
    assert call(duty, "GET", f"/photos/{photo['id']}", {}).data == data
    assert town.phone("worker3").get(f"/photos/{photo['id']}").status == 404
    early = named(jpeg("green"))
    announce(worker, id_, early)
    send(worker, early["id"], jpeg("green"))
    act(worker, "incident.note", id_, {"text": "现场", "photos": [early]})
    assert incident(duty, id_)["timeline"][-1]["photos"][0]["state"] == "received"


def test_a_photo_that_never_comes_is_said_so(town: Town, duty: Phone) -> None:
    id_ = report(town.phone("worker"), photos=[named(jpeg())])
    now = town.clock.go(hours=25)
    duty.sign_in()
    assert closing.notice_missing_photos(town.desk, now) == 1
    assert incident(duty, id_)["timeline"][0]["photos"][0]["state"] == "missing"


def test_a_closed_incident_leaves_the_phones_a_day_later_and_stays_for_the_office(
    town: Town, duty: Phone
) -> None:
    worker = town.phone("worker")
    id_ = report(worker)
    act(duty, "incident.close", id_, {"summary": "完"})
    assert closing.incidents_leave_phones(town.desk, town.clock.go(hours=23)) == 0
    duty.sign_in()
    assert incident(worker, id_)["state"] == "closed"
    assert closing.incidents_leave_phones(town.desk, town.clock.go(hours=2)) == 1
    worker.sync()
    assert worker.gone[id_]["gone"] == "closed"
    duty.sign_in()
    assert duty.get(f"/incidents/{id_}").json["summary"] == "完"
    assert worker.get(f"/incidents/{id_}").json["state"] == "closed"
    assert [each["id"] for each in worker.get("/incidents").json["items"]] == [id_]


def test_the_export_holds_every_step_and_texts_stay_texts(town: Town, duty: Phone) -> None:
    id_ = report(town.phone("worker"), text="=HYPERLINK(1)")
    act(duty, "incident.open_channel", id_, {"template": "town", "name": "灭火群"})
    act(duty, "incident.upgrade", id_, {"level": 2, "reason": "扩大"})
    act(
        duty,
        "incident.task",
        id_,
        {"task": new_id(), "kind": "handle", "text": "断电", "unit": unit_id("供电")},
    )
    act(duty, "incident.close", id_, {"summary": "扑灭"})
    for language, names in (
        ("zh-CN", ["概况", "经过", "人员", "任务"]),
        ("en", ["Overview", "Timeline", "People", "Tasks"]),
    ):
        response = duty.transport.client.get(
            f"/api/v1/incidents/{id_}/export.xlsx", headers={"Accept-Language": language}
        )
        book = CalamineWorkbook.from_filelike(io.BytesIO(response.data))
        assert book.sheet_names == names
        overview, timeline, people, tasks = (book.get_sheet_by_name(n).to_python() for n in names)
        assert [row[1] for row in overview if row[0] in ("报告内容", "Report")] == ["=HYPERLINK(1)"]
        assert len(timeline) == 6
        assert {"黄敏", "何强"} <= {row[0] for row in people}
        assert tasks[1][1:3] == ["断电", "供电"]


def test_templates_are_the_towns_and_vacant_seats_are_shown(town: Town, duty: Phone) -> None:
    (default,) = duty.get("/incidents/templates").json["items"]
    assert {each["seat"]: [h["name"] for h in each["holders"]] for each in default["seats"]}[
        "工作组联络员"
    ] == []
    mine = {
        "code": "flood",
        "name": "防汛群",
        "seats": [
            {"seat": "指挥", "person": person_id("leader")},
            {"seat": "水务", "unit": unit_id("农林水务")},
            {"seat": "村", "post": "worker", "unit": unit_id("闸口村")},
        ],
    }
    saved = duty.request("PUT", "/incidents/templates", {"items": [mine]})
    assert saved.status == 200, saved.json
    assert [len(each["holders"]) for each in saved.json["items"][0]["seats"]] == [1, 1, 3]
    assert town.phone("officer").get("/incidents/templates").json == saved.json
    assert town.phone("officer").request("PUT", "/incidents/templates", {"items": []}).status == 403
    assert town.phone("worker").get("/incidents/templates").status == 403
    for seats in ([{"seat": "x"}], [{"seat": "x", "post": "worker"}], [{"seat": "x", "unit": new_id()}]):
        wrong = duty.request("PUT", "/incidents/templates", {"items": [{**mine, "seats": seats}]})
        assert wrong.status == 422, wrong.json
    id_ = report(town.phone("worker"))
    act(duty, "incident.open_channel", id_, {"template": "flood"})
    assert incident(duty, id_)["members"][0]["person"]["name"] == "黄敏"
    assert duty.request("PUT", "/incidents/templates", {"items": []}).json["items"][0]["code"] == "town"


def test_who_lost_a_right_keeps_his_facts(town: Town, duty: Phone) -> None:
    id_ = report(town.phone("worker"))
    act(duty, "incident.muster", id_, {"people": [person_id("worker3")], "reason": "支援"})
    worker3 = town.phone("worker3")
    worker3.sync()
    worker3.act("incident.arrive", id_, {"no_fix_reason": "室内"}, base=None)
    act(duty, "incident.remove_member", id_, {"person": person_id("worker3"), "reason": "调离"})
    worker3.sync()
    assert ("incident", id_) not in worker3.base.rows
    assert [each["outcome"] for each in worker3.receipts.values()] == ["kept"]
    assert incident(duty, id_)["timeline"][-1]["outcome"] == "kept"


def test_two_at_the_duty_desk_do_not_decide_past_each_other(town: Town, duty: Phone) -> None:
    id_ = report(town.phone("worker"))
    leader = town.phone("leader")
    leader.sync()
    duty.sync()
    base = leader.base.rows["incident", id_]["rev"]
    act(duty, "incident.close", id_, {"summary": "完"})
    told = leader.do("incident.upgrade", id_, {"level": 1, "reason": "重大"}, base=base)
    assert (told["outcome"], told["code"]) == ("refused", "stale_base")
    assert "突发事件" in told["message"]


def test_what_a_phone_holds_is_what_the_server_says_it_holds(town: Town, duty: Phone) -> None:
    a, b = report(town.phone("worker")), report(town.phone("worker3"))
    act(duty, "incident.merge", b, {"into": a, "reason": "同一起"})
    for name in ("worker", "worker3", "head", "duty", "leader", "officer"):
        phone = town.phone(name)
        phone.sync()
        phone.pull(digest=True)
        mine = phone.own_digest()
        for bucket, told in phone.digest.items():
            assert mine.get(bucket, {"count": 0, "checksum": "0" * 16}) == told, (name, bucket)
