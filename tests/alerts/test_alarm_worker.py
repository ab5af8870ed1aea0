"""The alarm worker: woken by its bell, right without it, heard while it lives, missed when it does not."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask

from server.alerts.bell import Bell
from server.alerts.bell_queue import FILE
from server.alerts.couriers import channel_vault
from server.alerts.outcome import Outcome
from server.app import create_app
from server.clock import now_ms
from server.config import SettingError
from server.store import deliveries, facts
from server.store.deliveries import Claimed
from server.store.engine import reading, writing
from server.store.tables_alerts import delivery
from server.workers import alarms as worker
from server.workers.alarms import Alarms
from server.workers.watch import OUTAGE, SILENT_MS, Watch
from tests.alerts.post import engine_of, outbox, put, row, settings_of, states, subscribe
from tests.alerts.receivers import Service, answers
from tests.alerts.test_channels import configured, fields_of
from tests.alerts.test_push_api import body
from tests.cast import Browser
from tests.serving import ROOT


def alarms_on(app: Flask, **more) -> Alarms:
    return Alarms(app.extensions["jiban"].desk, outbox(app, **more), climbing=None)


NEVER_S = 200  # a busy machine takes its time, to start a process above all


def until(holds) -> None:
    """Returns once it holds; fails if it never does."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < NEVER_S
        time.sleep(0.01)


def test_the_bell_is_heard_across_processes(any_app: Flask):
    settings = settings_of(any_app)
    heard = threading.Event()
    consumer = Bell(settings).listen(heard.set)
    try:
        code = (
            "import sys, time; from pathlib import Path; from server.alerts.bell import Bell;"
            "from server.config import Settings;"
            "Bell(Settings(data=Path(sys.argv[1]), database=sys.argv[2])).ring(); time.sleep(3)"
        )
        subprocess.run(
            [sys.executable, "-c", code, str(settings.data), settings.database],
            cwd=ROOT,
            check=True,
            timeout=120,
        )
        assert heard.wait(NEVER_S)
        heard.clear()
        ringing = Bell(settings)
        ringing.ring()
        assert heard.wait(NEVER_S)
    finally:
        consumer.stop()


def test_the_queue_is_private_holds_one_ring_at_most_and_no_pickles(app: Flask):
    settings = settings_of(app)
    bell = Bell(settings)
    for _ in range(20):
        bell.ring()
        time.sleep(0.01)
    path = settings.data / FILE
    until(path.exists)
    time.sleep(0.3)
    assert path.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(path) as connection:
        tasks = [bytes(data) for (data,) in connection.execute("SELECT data FROM task")]
    assert len(tasks) == 1
    assert tasks[0].startswith(b'["')
    heard = threading.Event()
    consumer = Bell(settings).listen(heard.set)  # a worker that comes later hears what was rung before
    assert heard.wait(NEVER_S)
    consumer.stop()


def test_a_broken_bell_fails_nobody(app: Flask, tmp_path):
    settings = settings_of(app, data=tmp_path / "nowhere" / "at-all")
    bell = Bell(settings)
    bell.ring()
    bell.ring()
    with pytest.raises(SettingError, match="JIBAN_QUEUE"):
        Bell(settings_of(app, queue="redis")).listen(lambda: None)


def test_a_request_that_alarms_rings_once_it_is_committed(app: Flask, monkeypatch):
    rung = []
    monkeypatch.setattr(Bell, "ring", lambda _self: rung.append(states(engine_of(made))))
    made = create_app(settings_of(app))
    made.test_client_class = Browser
    browser = made.test_client().sign_in("worker")
    device = str(uuid.uuid4())
    assert browser.post("/api/v1/push/subscriptions", json=body(device)).status_code == 201
    assert rung == []
    assert browser.post("/api/v1/push/test", json={"device": device}).status_code == 202
    assert rung == [{"queued": 1}]


def test_without_a_ring_the_worker_looks_by_itself(app: Flask, service: Service):
    alarms = alarms_on(app, push_hosts=service.host)
    woken, stop = threading.Event(), threading.Event()
    running = threading.Thread(target=worker.run, args=(alarms, woken, stop))
    running.start()
    try:
        device = subscribe(engine_of(app), f"{service.url}/p/1")
        put(engine_of(app), device)
        until(lambda: states(engine_of(app)) == {"sent": 1})
        put(engine_of(app), device)
        woken.set()
        until(lambda: states(engine_of(app)) == {"sent": 2})
    finally:
        stop.set()
        woken.set()
        running.join(NEVER_S)
    assert not running.is_alive()
    assert list((settings_of(app).data / "outbox").iterdir()) == []


def test_it_beats_every_ten_seconds_and_again_after_the_clock_was_set_back(any_app: Flask):
    alarms = alarms_on(any_app)

    def beat() -> int:
        with reading(engine_of(any_app)) as connection:
            return int(facts.read(connection, facts.HEARTBEAT + worker.NAME) or 0)

    now = now_ms()
    alarms.round(now)
    assert beat() == now
    alarms.round(now + 9_000)
    assert beat() == now
    alarms.round(now + 10_000)
    assert beat() == now + 10_000
    alarms.round(now - 3_600_000)
    assert beat() == now - 3_600_000


def test_it_sleeps_until_the_next_moment_and_never_long(app: Flask):
    alarms = alarms_on(app)
    now = now_ms()
    assert alarms.next_in_s(now) == worker.LOOK_S
    put(engine_of(app), "device", at_ms=now + 200)
    assert alarms.next_in_s(now) == pytest.approx(0.2)
    assert alarms.next_in_s(now + 500) == worker.WAKE_S_MIN


class Ladders:
    """Stands in for `server.actions.climbing`."""

    def __init__(self, due: int | None) -> None:
        self.due, self.calls = due, []

    def next_due(self, _connection):
        return self.due

    def climb_due(self, _desk, now):
        self.calls.append(("climb", now))
        raise RuntimeError("a ladder is broken")

    def remind_due(self, _desk, now):
        self.calls.append(("remind", now))
        return 1


def test_a_broken_ladder_keeps_neither_reminders_nor_messages_back(app: Flask, service: Service):
    now = now_ms()
    alarms = alarms_on(app, push_hosts=service.host)
    alarms.climbing = Ladders(due=now + 700)
    assert alarms.next_in_s(now) == pytest.approx(worker.LOOK_S)
    assert alarms.next_in_s(now + 400) == pytest.approx(0.3)
    put(engine_of(app), subscribe(engine_of(app), f"{service.url}/p/1"))
    assert alarms.round(now) == {"remind_due": 1, "sent": 1}
    alarms.round(now + 100)
    assert [call for call in alarms.climbing.calls if call[0] == "climb"] == [("climb", now)]
    alarms.round(now + 700)
    assert ("climb", now + 700) in alarms.climbing.calls


def test_a_silent_worker_is_told_of_once_by_another_channel_and_so_is_its_return(
    app: Flask, service: Service
):
    service.behave = answers(200, b'{"errcode":0}')
    configured(app, "wecom", fields_of("wecom", service), "group", kinds=("urgent_ticket",))
    configured(app, "sms", fields_of("sms", service), "person")
    configured(app, "webhook", fields_of("webhook", service), "group", enabled=False)
    began = now_ms()
    watch = Watch(engine_of(app), channel_vault(settings_of(app)), began)

    def beat(at_ms: int) -> None:
        with writing(engine_of(app)) as connection:
            facts.write(connection, facts.HEARTBEAT + "alarms", str(at_ms))

    beat(began - 3_600_000)  # the town was switched off for an hour: that is nobody's silence
    assert watch.look(began) == 0
    assert watch.look(began + SILENT_MS) == 0
    assert watch.look(began + SILENT_MS + 1) == 1
    assert watch.look(began + SILENT_MS + 30_000) == 0
    beat(began + 200_000)
    assert watch.look(began + 200_001) == 1
    assert watch.look(began + 200_002) == 0
    said = [call.json["text"]["content"] for call in service.calls]
    assert "已停止响应" in said[0]
    assert "已恢复" in said[1]
    assert len(said) == 2
    with reading(engine_of(app)) as connection:
        assert facts.read(connection, OUTAGE) == ""


def test_health_tells_how_much_waits_and_since_when(app: Flask, visit):
    put(engine_of(app), "one", "two", at_ms=now_ms() - 42_000)
    put(engine_of(app), "three", channel="app")
    told = visit().get("/health").json["outbox"]
    assert told["waiting"] == 2
    assert 42 <= told["oldest_s"] <= 42 + NEVER_S


@pytest.mark.process
def test_two_worker_processes_share_the_work_and_one_that_is_killed_is_replaced(
    any_app: Flask, service: Service
):
    settings, engine = settings_of(any_app), engine_of(any_app)
    environment = {
        **os.environ,
        "JIBAN_DATA": str(settings.data),
        "DATABASE_URL": settings.database,
        "JIBAN_PUSH_HOSTS": service.host,
        "JIBAN_LOG_LEVEL": "error",
    }
    workers = [
        subprocess.Popen([sys.executable, "-m", "server.workers.alarms"], cwd=ROOT, env=environment)
        for _ in range(2)
    ]
    try:
        devices = [subscribe(engine, f"{service.url}/p/{n}") for n in range(40)]
        put(engine, *devices)
        until(lambda: states(engine) == {"sent": 40})
        workers[0].kill()
        bell = Bell(settings)
        put(engine, *devices)
        bell.ring()
        until(lambda: states(engine).get("sent", 0) == 80)
    finally:
        for each in workers:
            each.terminate()
        codes = [each.wait(NEVER_S) for each in workers]
    assert codes[1] == 0
    assert len(service.calls) == 80
    with reading(engine) as connection:
        late = connection.execute(sa.select(sa.func.max(delivery.c.attempts))).scalar()
    assert late == 1
    assert row(engine, put(engine, "x")[0]).state == "queued"  # nobody is left
    assert deliveries.take_ring() is False


def test_a_push_service_that_hangs_keeps_the_worker_from_neither_its_heartbeat_nor_its_ladders(app: Flask):
    def hanging(_row: Claimed, _now: int) -> Outcome:
        time.sleep(0.2)
        return Outcome("retry", "timeout", retry_after_s=1.0)  # and by then it is due again, on and on

    engine = engine_of(app)
    put(engine, *(f"device-{n}" for n in range(40)))
    alarms = Alarms(app.extensions["jiban"].desk, outbox(app, hanging, threads=4), climbing=None)
    began = time.monotonic()
    alarms.round(now_ms())
    assert time.monotonic() - began < NEVER_S  # it came back, though what hangs is due again and again
    assert alarms.outbox.busy
    assert (
        alarms.next_in_s(now_ms()) <= worker.WAKE_S_MIN
    )  # what is on its way is noted as soon as it is known
    alarms.outbox.close()


class StuckLadders:
    """A rung is due that nobody can climb."""

    def __init__(self) -> None:
        self.tried = 0

    def next_due(self, _connection: object) -> int:
        return 1

    def climb_due(self, _desk: object, _now_ms: int) -> int:
        self.tried += 1
        return 0

    def remind_due(self, _desk: object, _now_ms: int) -> int:
        return 0


def test_a_rung_that_cannot_be_climbed_is_not_tried_without_a_pause(app: Flask):
    stuck = StuckLadders()
    alarms = Alarms(app.extensions["jiban"].desk, outbox(app), climbing=stuck)
    now = now_ms()
    for at_ms in range(now, now + worker.CLIMB_MS, 500):
        alarms.round(at_ms)
        assert alarms.next_in_s(at_ms) == worker.LOOK_S
    assert stuck.tried == 1
    alarms.round(now + worker.CLIMB_MS)
    assert stuck.tried == 2
    alarms.outbox.close()


def test_what_sending_needs_is_loaded_before_the_first_alarm():
    code = (
        "import sys; from server.alerts.couriers import warm_up;"
        "before = 'pywebpush' in sys.modules; warm_up();"
        "print(before, {'pywebpush', 'apprise'} <= sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"]
