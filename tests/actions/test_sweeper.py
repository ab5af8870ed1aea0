"""What runs on the clock, and that a round more or less changes nothing."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from server.api.context import Parts
from server.store.engine import reading, writing
from server.store.tables_people import CalendarDayRow
from server.workers.sweeper import Sweeper
from tests.device import Phone, photo
from tests.town import Town

AT = "2026-11-22T04:10:00.000Z"


@pytest.fixture
def sweeper(town: Town) -> Sweeper:
    return another(town, "one")


def another(town: Town, holder: str) -> Sweeper:
    parts: Parts = town.app.extensions["jiban"]
    return Sweeper(parts.desk, parts.photo_desk, holder)


def replied(town: Town) -> tuple[str, Phone]:
    id_ = town.dispatched()
    worker, head = town.phone("worker"), town.phone("head")
    worker.do("ticket.accept", id_)
    worker.do("ticket.callback", id_, {"outcome": "connected", "summary": "已说明"})
    worker.do("ticket.reply", id_, {"finding": "true", "resolution": "resolved", "text": "已更换。"})
    head.sync()
    head.do("ticket.approve", id_, {"reply_hash": head.ticket(id_)["reply"]["hash"]})
    worker.sync()
    return id_, worker


def test_an_unrated_reply_is_closed_after_its_days_and_leaves_the_phones_a_day_later(
    town: Town, sweeper: Sweeper
) -> None:
    id_, worker = replied(town)
    now = town.clock.go(days=6.9)
    assert sweeper.round(now).get("closed") is None
    assert sweeper.round(town.clock.go(days=0.2))["closed"] == 1
    worker.sync()
    assert worker.ticket(id_)["state"] == "closed"
    assert "left_phones" not in sweeper.round(town.clock.go(hours=23.9))
    assert sweeper.round(town.clock.go(hours=0.2))["left_phones"] == 1
    worker.sync()
    assert (worker.tickets, worker.gone[id_]["gone"]) == ({}, "closed")
    assert worker.get(f"/tickets/{id_}").json["state"] == "closed"
    for _ in range(2):
        done = sweeper.round(town.clock.go(days=3))
        assert not {"closed", "left_phones"} & done.keys()


def test_a_photo_that_does_not_come_is_told_once_and_settled_by_its_arrival(
    town: Town, sweeper: Sweeper
) -> None:
    id_ = town.dispatched()
    worker = town.phone("worker")
    worker.do("ticket.note", id_, {"text": "照片", "photos": [photo(AT), photo(AT)]})
    assert "photos_missing" not in sweeper.round(town.clock.go(hours=23))
    assert sweeper.round(town.clock.go(hours=2))["photos_missing"] == 2
    assert "photos_missing" not in sweeper.round(town.clock.go(hours=2))
    officer = town.phone("officer")
    assert officer.get("/items?kind=photo_missing").json["total"] == 2
    worker.sync()
    states = [each["state"] for each in worker.ticket(id_)["timeline"][-1]["photos"]]
    assert states == ["missing", "missing"]


def test_only_one_process_sweeps_and_the_next_takes_over(town: Town) -> None:
    replied(town)
    first, second = another(town, "first"), another(town, "second")
    now = town.clock.go(days=8)
    assert first.round(town.clock.now_ms - 1000) != {}
    replied_again = second.round(now)
    assert replied_again == {}
    first.stop()
    assert second.round(town.clock.go(days=2))["left_phones"] == 1


def test_a_lease_that_was_never_given_back_ends_by_itself(town: Town) -> None:
    first, second = another(town, "first"), another(town, "second")
    first.round(town.clock.now_ms)
    replied(town)
    assert second.round(town.clock.go(days=8))["closed"] == 1


def test_deadlines_follow_a_calendar_that_was_loaded_or_taken_back(town: Town, sweeper: Sweeper) -> None:
    id_ = town.dispatched(urgent=False)
    officer = town.phone("officer")

    def due() -> str:
        officer.sync()
        return next(each["due_at"] for each in officer.ticket(id_)["deadlines"] if each["kind"] == "result")

    before = due()
    assert "recomputed" not in sweeper.round(town.clock.go(minutes=1))
    for _ in range(2):
        with writing(town.desk.engine) as connection:
            row = {"day": "2026-11-24", "is_work": False, "name": "台风停工", "changed_at": 1}
            connection.execute(sa.insert(CalendarDayRow).values(row))
        assert sweeper.round(town.clock.go(minutes=1))["recomputed"] == 1
        assert due() > before
        assert "recomputed" not in sweeper.round(town.clock.go(minutes=1))
        with writing(town.desk.engine) as connection:
            connection.execute(sa.delete(CalendarDayRow))
        sweeper.round(town.clock.go(minutes=1))
        assert due() == before


def test_a_chore_that_fails_does_not_stop_the_others(town: Town, sweeper: Sweeper, monkeypatch) -> None:
    replied(town)

    def fail(*_: object) -> int:
        raise RuntimeError("this chore is broken")

    monkeypatch.setattr("server.actions.closing.leave_phones", fail)
    assert sweeper.round(town.clock.go(days=8))["closed"] == 1


def test_what_ran_out_is_swept_and_the_heart_beats(town: Town, sweeper: Sweeper, tmp_path: Path) -> None:
    town.phone("worker")
    sweeper.round(town.clock.go(days=32))
    with reading(town.desk.engine) as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM session")).scalar_one() == 0
        beat = connection.execute(
            sa.text("SELECT value FROM setting WHERE key = 'heartbeat:sweeper'")
        ).scalar_one()
    assert int(beat) == town.clock.now_ms
