"""Incidents through the log of operations, on both databases: batches, poison, several at one moment."""

import uuid
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest
import sqlalchemy as sa

from server.domain.incident import Incident
from server.store import incidents, tickets
from server.store.engine import reading, writing
from server.store.tables_alerts import alarm
from tests.device import Phone
from tests.town import Town, person_id, unit_id

REPORT = {"matter": "flood_typhoon", "text": "水浸到膝盖", "place": {"village": "南城村"}}


def stored(town: Town, id_: str) -> Incident:
    with reading(town.desk.engine) as connection:
        found = incidents.find(connection, id_)
    assert found is not None
    return found


def outcome(phone: Phone, op: str) -> str:
    return str(phone.receipts[op]["outcome"])


def test_a_whole_shift_made_without_signal_arrives_in_one_batch(any_town: Town) -> None:
    worker, id_ = any_town.phone("worker"), str(uuid.uuid4())
    worker.sync()
    ops = [worker.act("incident.report", id_, REPORT, base=None)]
    any_town.clock.go(minutes=3)
    ops.append(worker.act("incident.depart", id_, {}, base=None))
    any_town.clock.go(minutes=9)
    ops.append(worker.act("incident.arrive", id_, {"no_fix_reason": "暴雨"}, base=None))
    broken = worker.act("incident.note", id_, {"text": 7}, base=None)
    ops.append(worker.act("incident.note", id_, {"text": "已转移5人"}, base=None))
    worker.sync()
    assert {outcome(worker, op) for op in ops} == {"applied"}
    assert outcome(worker, broken) == "refused"
    names = [each["name"] for each in stored(any_town, id_).timeline]
    assert names == ["incident.report", "incident.depart", "incident.arrive", "incident.note"]
    assert worker.base.rows["incident", id_]["rev"] == stored(any_town, id_).rev


def test_a_walk_from_report_to_end_is_stored_with_its_columns(any_town: Town) -> None:
    worker, duty = any_town.phone("worker"), any_town.phone("duty")
    main, same = str(uuid.uuid4()), str(uuid.uuid4())
    worker.do("incident.report", main, REPORT, base=None)
    any_town.phone("head3").do("incident.report", same, REPORT, base=None)
    steps: tuple[tuple[str, dict[str, Any]], ...] = (
        ("incident.muster", {"units": [unit_id("供电")], "reason": "断电"}),
        ("incident.upgrade", {"level": 1, "reason": "扩大"}),
        ("incident.open_channel", {"template": "town"}),
        (
            "incident.task",
            {"task": str(uuid.uuid4()), "kind": "handle", "text": "抽水", "person": person_id("head")},
        ),
    )
    for name, args in steps:
        assert duty.do(name, main, args, base=None)["outcome"] == "applied", name
    assert (
        duty.do("incident.merge", same, {"into": main, "reason": "同一处"}, base=None)["outcome"] == "applied"
    )
    assert duty.do("incident.close", main, {"summary": "水退"}, base=None)["outcome"] == "applied"
    assert stored(any_town, same).merged_into == main
    with reading(any_town.desk.engine) as connection:
        found, total = incidents.page(
            connection, states=["closed"], drill_only=False, among=None, number=1, size=10
        )
        alarms = incidents.alarms_of(connection, [main, same])
    assert (total, [each.id for each in found]) == (1, [main])
    assert {each["state"] for each in alarms} <= {"ended", "acked"}


def test_many_facts_at_one_moment_are_all_kept(any_town: Town) -> None:
    id_ = str(uuid.uuid4())
    any_town.phone("worker").do("incident.report", id_, REPORT, base=None)
    phones = [any_town.phone(name) for name in ("duty", "leader", "lead", "officer", "head3", "head")]
    for phone in phones:
        phone.sync()
        phone.act("incident.note", id_, {"text": f"{phone.username} 到位"}, base=None)
    with ThreadPoolExecutor(len(phones)) as pool:
        answers = list(pool.map(lambda phone: phone.push(), phones))
    assert [each.json["results"][0]["outcome"] for each in answers] == ["applied"] * len(phones)
    assert len(stored(any_town, id_).timeline) == 1 + len(phones)


@pytest.mark.parametrize("any_town", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_an_acknowledgement_waits_for_the_incident_before_it_locks_the_alarm(any_town: Town) -> None:
    """Else one who says 收到 and one who sets out, at one moment, wait for each other until one is sent away."""
    town, id_ = any_town, str(uuid.uuid4())
    town.phone("worker").do("incident.report", id_, REPORT, base=None)
    duty = town.phone("duty")
    duty.sync()
    ((alert, doc),) = [(k[1], d) for k, d in duty.base.rows.items() if k[0] == "alert"]
    duty.act("alert.ack", alert, base=None)
    with ThreadPoolExecutor(1) as pool:
        with writing(town.desk.engine) as connection:
            incidents.load(connection, [id_], lock=True)
            answer = pool.submit(duty.push)
            with pytest.raises(TimeoutError):
                answer.result(timeout=2)
            with town.desk.engine.connect() as other:  # it stands in line, and holds no alarm meanwhile
                locked = sa.select(alarm.c.id).where(alarm.c.id == doc["alarm"]).with_for_update(nowait=True)
                assert other.execute(locked).scalar() == doc["alarm"]
        assert answer.result(timeout=30).json["results"][0]["outcome"] == "applied"


@pytest.mark.parametrize("any_town", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_acknowledgements_and_facts_at_one_moment_never_wait_for_each_other_for_ever(any_town: Town) -> None:
    for _ in range(3):
        id_ = str(uuid.uuid4())
        any_town.phone("worker").do("incident.report", id_, REPORT, base=None)
        phones = [any_town.phone(name) for name in ("duty", "leader", "lead", "officer")]
        for phone in phones:
            phone.sync()
            mine = [k[1] for k, d in phone.base.rows.items() if k[0] == "alert" and d["subject"]["id"] == id_]
            for alert in mine:
                phone.act("alert.ack", alert, base=None)
            if not mine:
                phone.act("incident.note", id_, {"text": "到位"}, base=None)
        with ThreadPoolExecutor(len(phones)) as pool:
            pushed = [pool.submit(phone.push) for phone in phones]
            answers = [each.result(timeout=60) for each in pushed]
        assert {each.json["results"][0]["outcome"] for each in answers} == {"applied"}
        for phone in phones:
            phone.sync()


def test_no_incident_is_opened_from_a_ticket_that_is_turning_confidential(any_town: Town) -> None:
    ticket, duty = any_town.ticket(), any_town.phone("duty")
    args = {"ticket": ticket, "matter": "violence", "text": "现场有人受伤"}
    with ThreadPoolExecutor(1) as pool:
        with writing(any_town.desk.engine) as connection:
            before = tickets.load(connection, [ticket], lock=True)
            hidden = before[ticket].evolve(confidential=True, handlers=[person_id("worker")])
            said = pool.submit(duty.do, "incident.open", str(uuid.uuid4()), args, base=None)
            assert wait([said], 0.7).not_done
            tickets.save(connection, before, [hidden], any_town.clock.now_ms)
        assert said.result()["outcome"] == "refused"


def test_what_fails_while_alarms_are_raised_leaves_no_incident_behind(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    from server.actions.alarm_work import AlarmWork

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("no alarm")

    worker, id_ = town.phone("worker"), str(uuid.uuid4())
    worker.sync()
    monkeypatch.setattr(AlarmWork, "call", broken)
    worker.act("incident.report", id_, REPORT, base=None)
    note = worker.act("incident.note", id_, {"text": "x"}, base=None)
    worker.sync()
    assert outcome(worker, note) == "refused"
    with reading(town.desk.engine) as connection:
        assert incidents.find(connection, id_) is None
