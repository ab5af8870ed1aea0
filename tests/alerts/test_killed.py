"""A worker killed at every step of a send: the next one sends what is missing, and nothing twice but in one case.

The case: the request was out and its answer not yet noted. Nobody can know whether it arrived, so it is sent
again, under the same topic, after a pause in which the phone's own receipt can make that needless.
"""

import signal

import pytest
import sqlalchemy as sa
from flask import Flask

from server.alerts.outbox import RECEIPT_MS
from server.clock import now_ms
from server.store import receipts
from server.store.engine import writing
from server.store.receipts import Told
from server.store.tables_alerts import alert, delivery
from tests.alerts import dying
from tests.alerts.post import engine_of, outbox, put, row, settings_of, states, subscribe
from tests.alerts.receivers import Service
from tests.cast import person_id
from tests.processes import ended, started

DOUBLED = {"after_post"}
ASKED = {"person_id": person_id("worker"), "rung": 0, "informed": False, "raised_at": 1}


def worker(app: Flask, service: Service, step: str) -> int:
    settings = settings_of(app)
    database = settings.database_url if settings.database else ""
    return ended(started(dying.main, step, str(settings.data), service.host, database))


def next_worker(app: Flask, service: Service) -> None:
    """Takes over and sends what is due."""
    box = outbox(app, threads=1, push_hosts=service.host)
    box.recover()
    box.flush()
    box.close()


@pytest.mark.parametrize("step", dying.STEPS)
def test_a_worker_killed_at_any_step_skips_nothing(any_app: Flask, service: Service, step):
    engine = engine_of(any_app)
    (id_,) = put(engine, subscribe(engine, f"{service.url}/p/1"))
    assert worker(any_app, service, step) == -signal.SIGKILL
    before = len(service.calls)
    assert before == (0 if step in {"claimed", "before_post"} else 1)

    next_worker(any_app, service)
    if step in {"before_post", "after_post"}:  # nobody can know: it waits for a receipt first
        assert len(service.calls) == before
        found = row(engine, id_)
        assert (found.state, found.error) == ("queued", "worker_lost")
        assert found.next_at <= now_ms() + RECEIPT_MS
        with writing(engine) as connection:
            connection.execute(sa.update(delivery).values(next_at=now_ms()))
        next_worker(any_app, service)

    assert row(engine, id_).state == "sent"
    assert len(service.calls) == (2 if step in DOUBLED else 1)
    assert len({call.headers["Topic"] for call in service.calls}) == 1
    assert list((settings_of(any_app).data / "outbox").iterdir()) == []


def test_a_receipt_makes_the_second_send_needless(app: Flask, service: Service):
    engine = engine_of(app)
    (id_,) = put(engine, subscribe(engine, f"{service.url}/p/1"))
    assert worker(app, service, "after_post") == -signal.SIGKILL
    with writing(engine) as connection:  # the phone has it and says so
        connection.execute(sa.update(delivery).values(delivered_at=now_ms()))
    next_worker(app, service)
    assert row(engine, id_).state == "delivered"
    assert len(service.calls) == 1


def test_so_does_one_that_comes_while_the_second_send_waits_for_it(any_app: Flask, service: Service):
    engine = engine_of(any_app)
    (id_,) = put(engine, device := subscribe(engine, f"{service.url}/p/1"))
    with writing(engine) as connection:
        connection.execute(sa.insert(alert).values(id=row(engine, id_).alert_id, alarm_id=id_, **ASKED))
    assert worker(any_app, service, "after_post") == -signal.SIGKILL
    next_worker(any_app, service)
    assert row(engine, id_).state == "queued"
    with writing(engine) as connection:
        told = Told(row(engine, id_).alert_id, "push", "delivered", now_ms())
        receipts.note(connection, ASKED["person_id"], device, [told], now_ms())
        connection.execute(sa.update(delivery).values(next_at=now_ms()))
    next_worker(any_app, service)
    assert row(engine, id_).state == "delivered"
    assert len(service.calls) == 1


def test_killed_again_and_again_it_gets_through_all(app: Flask, service: Service):
    engine = engine_of(app)
    devices = [subscribe(engine, f"{service.url}/p/{n}") for n in range(30)]
    put(engine, *devices)
    for _ in range(2):
        assert worker(app, service, "after_journal") == -signal.SIGKILL
    next_worker(app, service)
    assert states(engine) == {"sent": 30}
    assert sorted(call.path for call in service.calls) == sorted(f"/p/{n}" for n in range(30))


def test_a_spoilt_journal_stops_no_alarm(app: Flask, service: Service):
    """A full disk cuts a line short, a power cut leaves zeros: the next worker starts all the same."""
    engine = engine_of(app)
    (id_,) = put(engine, subscribe(engine, f"{service.url}/p/1"))
    assert worker(app, service, "after_journal") == -signal.SIGKILL
    (path,) = (settings_of(app).data / "outbox").iterdir()
    whole = path.read_bytes()
    path.write_bytes(b'>\xff\xfe\n={"id": \n=[]\n={"x": 1}\n' + b"\0" * 40 + b"\n" + whole)
    next_worker(app, service)
    assert row(engine, id_).state == "sent"
    assert len(service.calls) == 1  # what could be read is believed
