"""What another alarm has taken the place of, or whose cause is gone, rings no more; who is not meant is spared."""

import uuid
from typing import Any

import pytest

from server.actions import climbing
from tests.actions.alarming import about, alerts, on_duty, outbox, people, the_alarm
from tests.device import Phone
from tests.town import Town, person_id, unit_id

REPORT = {"matter": "flood_typhoon", "text": "水浸", "place": {"village": "南城村"}}


@pytest.fixture
def manned(any_town: Town) -> Town:
    on_duty(any_town, "worker", "worker", "闸口村")
    on_duty(any_town, "backup", "worker2", "闸口村")
    return any_town


def ringing(phone: Phone, subject: str) -> list[dict[str, Any]]:
    """Alerts of the subject that its phone rings for still."""
    phone.sync()
    mine = [each for each in alerts(phone) if each["subject"]["id"] == subject]
    return [each for each in mine if each["state"] == "open"]


def climbed(town: Town, minutes: float) -> None:
    climbing.climb_due(town.desk, town.clock.go(minutes=minutes))


def test_who_gives_it_to_a_colleague_silences_the_first_and_rings_the_second(manned: Town) -> None:
    id_ = manned.ticket()
    worker, second, head = (manned.phone(name) for name in ("worker", "worker2", "head"))
    assert len(ringing(worker, id_)) == 1
    assert head.do("ticket.assign", id_, {"assignee": person_id("worker2")})["outcome"] == "applied"
    new, old = sorted(about(manned, id_, running=False), key=lambda each: each.ended_at or 0)
    assert (old.end_why, new.ended_at) == ("redispatched", None)
    assert {each["alarm"] for each in ringing(second, id_)} == {new.id}
    assert {each["alarm"] for each in ringing(worker, id_)} <= {new.id}
    climbed(manned, 16)
    assert len(old.climbs) == 1
    assert {row.alarm_id for row in outbox(manned) if row.rung > 0} == {new.id}


def test_a_unit_that_is_let_go_is_not_called_any_more(manned: Town) -> None:
    id_, officer = manned.ticket(), manned.phone("officer")
    to = {"unit": unit_id("闸口村"), "assignee": person_id("worker")}
    joint = {"joint_units": [unit_id("公用事业服务中心"), unit_id("南城村")]}
    assert officer.do("ticket.dispatch", id_, to | joint)["outcome"] == "applied"
    head3 = manned.phone("head3")
    assert ringing(head3, id_)
    alone = {"joint_units": [unit_id("公用事业服务中心")]}
    assert officer.do("ticket.dispatch", id_, to | alone)["outcome"] == "applied"
    assert ringing(head3, id_) == []
    assert [each for each in alerts(head3) if each["state"] != "ended"] == []
    climbed(manned, 6)
    assert ringing(head3, id_) == []
    assert len(ringing(manned.phone("head"), id_)) == 1
    before = len(outbox(manned, person_id=person_id("head3")))
    climbed(manned, 11)
    assert len(outbox(manned, person_id=person_id("head3"))) == before


def test_whoever_is_called_for_the_town_is_called_on_though_his_unit_is_let_go(manned: Town) -> None:
    on_duty(manned, "duty_room", "head3")
    id_, officer = manned.ticket(), manned.phone("officer")
    to = {"unit": unit_id("闸口村"), "assignee": person_id("worker")}
    joint = {"joint_units": [unit_id("南城村")]}
    assert officer.do("ticket.dispatch", id_, to | joint)["outcome"] == "applied"
    climbed(manned, 10.1)
    head3 = manned.phone("head3")
    assert ringing(head3, id_)
    assert officer.do("ticket.dispatch", id_, to | {"joint_units": []})["outcome"] == "applied"
    (mine, *_) = ringing(head3, id_)
    head3.do("alert.ack", mine["id"], {}, base=None)
    assert [each.state for each in about(manned, id_)] == ["acked"]


def test_sent_back_it_rings_who_has_to_find_somebody_and_no_more_who_sent_it_back(manned: Town) -> None:
    id_, worker = manned.ticket(), manned.phone("worker")
    worker.sync()
    reason = {"reason": "不属本单位", "basis": "权责清单"}
    assert worker.do("ticket.return", id_, reason)["outcome"] == "applied"
    approved = {"approved": True, "reason": "同意"}
    assert manned.phone("head").do("ticket.decide_return", id_, approved)["outcome"] == "applied"
    if manned.phone("lead").get(f"/tickets/{id_}").json["state"] == "returning":
        assert manned.phone("officer").do("ticket.decide_return", id_, approved)["outcome"] == "applied"
    assert ringing(worker, id_) == []
    assert {"duty", "officer", "lead"} <= people(the_alarm(manned, id_))


def test_merged_into_a_ticket_that_was_no_emergency_that_one_rings_instead(manned: Town) -> None:
    main, id_ = manned.dispatched(urgent=False), manned.ticket()
    assert about(manned, main) == []
    merged = manned.phone("officer").do("ticket.merge", id_, {"into": main, "reason": "同一处"})
    assert merged["outcome"] == "applied"
    assert about(manned, id_) == []
    worker = manned.phone("worker")
    assert (len(ringing(worker, main)), ringing(worker, id_)) == (1, [])


def test_a_ticket_that_is_answered_and_closed_rings_no_more(manned: Town) -> None:
    id_, worker = manned.ticket(), manned.phone("worker")
    worker.sync()
    worker.do("ticket.accept", id_, {"opinion": "收到"})
    assert [each.state for each in about(manned, id_)] == ["acked"]
    on_site = {"result": "已换新", "no_photo_reason": "夜间"}
    assert worker.do("ticket.on_site_done", id_, on_site)["outcome"] == "applied"
    assert ringing(manned.phone("head"), id_) == []
    climbed(manned, 70)
    climbing.remind_due(manned.desk, manned.clock.now_ms)
    assert ringing(worker, id_) == []


def test_a_lesser_level_ends_the_call_for_the_graver_one(manned: Town) -> None:
    id_, lead = str(uuid.uuid4()), manned.phone("lead")
    manned.phone("worker3").do("incident.report", id_, REPORT, base=None)
    manned.phone("duty").do("incident.upgrade", id_, {"level": 1, "reason": "扩大"}, base=None)
    leader = manned.phone("leader")
    assert len(ringing(leader, id_)) == 1
    assert (
        lead.do("incident.downgrade", id_, {"level": 4, "reason": "误判"}, base=None)["outcome"] == "applied"
    )
    raised = [each for each in about(manned, id_, running=False) if "/level/" in each.key]
    assert [each.end_why for each in raised] == ["downgraded"]
    assert [each for each in about(manned, id_) if "/level/" in each.key] == []


def test_who_raises_the_level_does_not_answer_for_the_leader(manned: Town) -> None:
    id_, duty, leader = str(uuid.uuid4()), manned.phone("duty"), manned.phone("leader")
    manned.phone("worker3").do("incident.report", id_, REPORT, base=None)
    duty.do("incident.upgrade", id_, {"level": 2, "reason": "扩大"}, base=None)
    ((mine,),) = [ringing(leader, id_)]
    assert ringing(duty, id_) == [] or [each["informed"] for each in ringing(duty, id_)] == [True]
    climbed(manned, 5.1)
    assert [each["rung"] for each in ringing(leader, id_)] == [1]
    leader.do("alert.ack", mine["id"], {}, base=None)
    assert (ringing(leader, id_), ringing(duty, id_)) == ([], [])


def test_an_incident_that_is_closed_or_merged_silences_everybody_called_to_it(manned: Town) -> None:
    duty, ids = manned.phone("duty"), [str(uuid.uuid4()) for _ in range(2)]
    for id_ in ids:
        manned.phone("worker").do("incident.report", id_, REPORT, base=None)
        muster = {"units": [unit_id("南城村")], "people": [person_id("group")], "reason": "支援"}
        assert duty.do("incident.muster", id_, muster, base=None)["outcome"] == "applied"
    phones = [manned.phone(name) for name in ("leader", "head3", "group", "worker3")]
    assert all(ringing(phone, id_) for phone in phones[1:] for id_ in ids)
    assert (
        duty.do("incident.merge", ids[0], {"into": ids[1], "reason": "同一起"}, base=None)["outcome"]
        == "applied"
    )
    assert {each.end_why for each in about(manned, ids[0], running=False)} == {"merged"}
    assert [ringing(phone, ids[0]) for phone in phones] == [[]] * 4
    assert duty.do("incident.close", ids[1], {"summary": "水退"}, base=None)["outcome"] == "applied"
    assert {each.end_why for each in about(manned, ids[1], running=False)} == {"closed"}
    assert [ringing(phone, ids[1]) for phone in phones] == [[]] * 4
    climbed(manned, 16)
    assert {row.rung for row in outbox(manned)} == {0}
