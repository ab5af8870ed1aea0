"""Ladders climb from the facts: after an outage, with two workers, when the server's clock jumps."""

import threading

import pytest
import sqlalchemy as sa

from server.actions import climbing
from server.domain.alarm import climb_op_id
from server.domain.roles import Actor
from server.store.engine import reading, writing
from server.store.people_rows import change_person
from server.store.tables_alerts import alarm as alarm_table
from server.store.tables_sync import operation
from server.workers.sweeper import Sweeper
from sync.log import Author
from sync.op import make_op
from sync.perform import perform
from tests.actions.alarming import about, alerts, docs, on_duty, outbox, people, the_alarm
from tests.device import photo
from tests.town import MINUTE_MS, Town, person_id

POINT = {"lat": 23.0128, "lng": 113.6846, "accuracy_m": 8, "fix_age_s": 1, "crs": "WGS84"}


@pytest.fixture
def manned(any_town: Town) -> Town:
    on_duty(any_town, "worker", "worker", "闸口村")
    on_duty(any_town, "backup", "worker2", "闸口村")
    return any_town


def climb(town: Town, *, minutes: float = 0) -> int:
    return climbing.climb_due(town.desk, town.clock.go(minutes=minutes))


def test_nobody_answers_so_the_head_the_duty_room_and_the_leader_are_called(manned: Town) -> None:
    raised = manned.clock.now_ms
    id_ = manned.ticket()
    assert climb(manned, minutes=4.99) == 0
    assert climb(manned, minutes=0.01) == 1
    assert climb(manned) == 0
    assert "duty" not in people(the_alarm(manned, id_))
    assert climb(manned, minutes=5) == 1
    assert "duty" in people(the_alarm(manned, id_))
    assert climb(manned, minutes=5) == 1
    found = the_alarm(manned, id_)
    assert "leader" in people(found)
    assert (found.state, [each["at"] - raised for each in found.climbs]) == (
        "unanswered",
        [minutes * MINUTE_MS for minutes in (0, 5, 10, 15)],
    )
    assert climb(manned, minutes=600) == 0
    leader = manned.phone("leader")
    leader.sync()
    assert docs(leader, "alarm")[0]["state"] == "unanswered"
    head = person_id("head")
    assert sorted(row.rung for row in outbox(manned, person_id=head, channel="app")) == [0, 1]


def test_after_an_outage_of_an_hour_every_rung_is_taken_dated_at_its_deadline(manned: Town) -> None:
    raised = manned.clock.now_ms
    id_ = manned.ticket()
    assert climb(manned, minutes=60) == 3
    found = the_alarm(manned, id_)
    assert [each["at"] - raised for each in found.climbs] == [
        0,
        5 * MINUTE_MS,
        10 * MINUTE_MS,
        15 * MINUTE_MS,
    ]
    assert {each["done_at"] - raised for each in found.climbs[1:]} == {60 * MINUTE_MS}
    with reading(manned.desk.engine) as connection:
        asked = sa.select(operation.c.occurred_at).where(operation.c.name == "alarm.climb")
        dated = sorted(connection.execute(asked).scalars())
    assert [at - raised for at in dated] == [5 * MINUTE_MS, 10 * MINUTE_MS, 15 * MINUTE_MS]


def test_two_workers_at_once_climb_each_rung_once(manned: Town) -> None:
    ids = [manned.ticket() for _ in range(4)]
    now = manned.clock.go(minutes=60)
    done: list[int] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            done.append(climbing.climb_due(manned.desk, now))
        except Exception as error:  # noqa: BLE001 - told by the test
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    climbing.climb_due(manned.desk, now)
    for id_ in ids:
        found = the_alarm(manned, id_)
        assert [each["rung"] for each in found.climbs] == [0, 1, 2, 3]
        rows = [(r.rung, r.person_id, r.channel, r.target) for r in outbox(manned, alarm_id=found.id)]
        assert len(rows) == len(set(rows))
    with reading(manned.desk.engine) as connection:
        applied = sa.select(operation.c.subject).where(
            operation.c.name == "alarm.climb", operation.c.outcome == "applied"
        )
        assert len(connection.execute(applied).all()) == 3 * len(ids)


def test_a_clock_that_jumps_back_climbs_nothing_twice_and_goes_on_when_its_time_has_come(
    manned: Town,
) -> None:
    id_ = manned.ticket()
    assert climb(manned, minutes=6) == 1
    assert climb(manned, minutes=-5) == 0
    assert climb(manned, minutes=8) == 0
    assert climb(manned, minutes=1) == 1
    assert [each["rung"] for each in the_alarm(manned, id_).climbs] == [0, 1, 2]


def test_what_was_acknowledged_before_is_not_climbed_after(manned: Town) -> None:
    id_ = manned.ticket()
    worker = manned.phone("worker")
    worker.sync()
    (alert,) = alerts(worker)
    worker.do("alert.ack", alert["id"])
    assert climb(manned, minutes=600) == 0
    assert len(the_alarm(manned, id_).climbs) == 1
    with reading(manned.desk.engine) as connection:
        assert climbing.next_due(connection) is None


def test_somebody_who_guesses_the_id_of_a_climb_does_not_stop_it(manned: Town) -> None:
    id_ = manned.ticket()
    found = the_alarm(manned, id_)
    guess = make_op(climb_op_id(found.id, 1), "ticket.note", id_, {"text": "mine"})
    actor = Actor(person_id("worker"), "worker", "李伟", "grid_worker")
    perform(manned.desk.log, manned.desk.handler, [guess], Author(actor.id, None, actor), manned.clock.now_ms)
    assert climb(manned, minutes=5) == 1
    assert len(the_alarm(manned, id_).climbs) == 2


def test_somebody_revoked_is_not_called_and_an_empty_rung_climbs_at_once(manned: Town) -> None:
    with writing(manned.desk.engine) as connection:
        for name in ("head", "worker2"):
            change_person(connection, person_id(name), revoked_at=manned.clock.now_ms)
    id_ = manned.ticket()
    assert not {"head", "worker2"} & people(the_alarm(manned, id_))
    climb(manned, minutes=5)
    found = the_alarm(manned, id_)
    assert "duty" in people(found) or any(each["people"] for each in found.climbs[1:])
    assert not {"head", "worker2"} & people(found)


def test_reminders_go_to_who_must_act_and_overdue_to_the_office(manned: Town) -> None:
    id_ = manned.ticket()
    start = manned.clock.now_ms

    def remind(minute: float) -> list[tuple[str, set[str]]]:
        manned.clock.now_ms = start + int(minute * MINUTE_MS)
        before = {each.id for each in about(manned, id_, running=False)}
        climbing.remind_due(manned.desk, manned.clock.now_ms)
        fresh = [each for each in about(manned, id_, running=False) if each.id not in before]
        assert all(each.raised_at <= manned.clock.now_ms for each in fresh)
        return [(each.kind, people(each)) for each in fresh]

    assert remind(29.9) == []
    assert remind(30) == [("reminder", {"worker"})]
    assert remind(31) == []
    assert remind(46) == [("reminder", {"worker"})]
    assert remind(55) == [("reminder", {"worker"})]
    assert [each.key.split("/")[-1] for each in about(manned, id_) if each.kind == "reminder"] == ["5"]
    assert remind(60) == [("overdue", {"officer", "lead", "duty"})]
    assert remind(500) == []
    worker = manned.phone("worker")
    worker.do("ticket.arrive", id_, {"point": POINT, "photos": [photo("2026-11-22T04:10:00.000Z")]})
    assert about(manned, id_) == []


def test_after_an_outage_only_the_latest_reminder_that_makes_sense(manned: Town) -> None:
    start = manned.clock.now_ms
    first, second = manned.ticket(), manned.ticket()
    climbing.remind_due(manned.desk, manned.clock.go(minutes=50))
    (reminder,) = [each for each in about(manned, first) if each.kind == "reminder"]
    assert reminder.raised_at == start + 45 * MINUTE_MS
    climbing.remind_due(manned.desk, manned.clock.go(hours=20))
    for id_ in (first, second):
        (overdue,) = [each for each in about(manned, id_) if each.kind == "overdue"]
        assert overdue.raised_at == start + 60 * MINUTE_MS


def test_nobody_is_reminded_of_where_somebody_arrived(manned: Town) -> None:
    id_ = manned.ticket()
    manned.phone("worker").do(
        "ticket.arrive", id_, {"point": POINT, "photos": [photo("2026-11-22T04:10:00.000Z")]}
    )
    assert climbing.remind_due(manned.desk, manned.clock.go(minutes=70)) == 0
    assert about(manned, id_) == []


def test_alarms_leave_the_phones_a_day_after_their_end(town: Town) -> None:
    parts = town.app.extensions["jiban"]
    sweeper = Sweeper(parts.desk, parts.photo_desk, "one")
    on_duty(town, "worker", "worker", "闸口村")
    id_ = town.ticket()
    worker, duty = town.phone("worker"), town.phone("duty")
    town.phone("officer").do("ticket.unflag_urgent", id_, {"reason": "误报"})
    assert "alarms_left_phones" not in sweeper.round(town.clock.go(hours=23.9))
    duty.sign_in()  # the office's sessions last half a day
    worker.sync()
    duty.sync()
    assert (len(alerts(worker)), len(docs(duty, "alarm"))) == (1, 1)
    assert sweeper.round(town.clock.go(hours=0.2))["alarms_left_phones"] == 1
    worker.sync()
    duty.sync()
    assert (alerts(worker), docs(duty, "alarm")) == ([], [])
    assert "alarms_left_phones" not in sweeper.round(town.clock.go(hours=1))
    with reading(town.desk.engine) as connection:
        assert connection.execute(sa.select(alarm_table.c.left_at)).scalar_one() is not None


def test_the_ladder_runs_faster_where_its_scale_says_so(town: Town) -> None:
    object.__setattr__(town.desk.handler.rules, "ladder_scale", 0.01)
    try:
        town.ticket()
        assert climbing.climb_due(town.desk, town.clock.go(minutes=0.05)) == 1
    finally:
        object.__setattr__(town.desk.handler.rules, "ladder_scale", 1.0)
