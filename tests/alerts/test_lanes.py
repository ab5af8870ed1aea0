"""A push service or gateway that hangs holds up nobody but those who wait for it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy.engine import Engine

from server.alerts import outbox as outbox_module
from server.alerts.hosts import service_of
from server.alerts.lanes import ROUNDS
from server.alerts.outbox import Outbox
from server.alerts.outcome import SENT, Outcome
from server.store.deliveries import Claimed
from tests.alerts.post import engine_of, outbox, put, row, states, subscribe
from tests.alerts.test_alarm_worker import until

THREADS = 2
LONG_S = 60.0  # nothing waits so long: a limit for a machine that is busy


class Sides:
    """Couriers to several sides; those that hang answer nobody before they are freed."""

    def __init__(self, *hanging: str) -> None:
        self.hanging = hanging
        self.freed = threading.Event()

    def __call__(self, claimed: Claimed, _now: int) -> Outcome:
        if any(
            each in (claimed.endpoint or "", claimed.channel_row or "", claimed.target)
            for each in self.hanging
        ):
            assert self.freed.wait(2 * LONG_S)
        return SENT


def sent(engine: Engine, ids: list[str]) -> bool:
    return all(row(engine, id_).state == "sent" for id_ in ids)


@contextmanager
def flushing(app: Flask, sides: Sides) -> Iterator[Outbox]:
    """An outbox at work; what hangs is freed at the end, and then everything was sent."""
    box = outbox(app, sides, threads=THREADS)
    thread = threading.Thread(target=box.flush)
    thread.start()
    try:
        yield box
        assert not sides.freed.is_set()
    finally:
        sides.freed.set()
        thread.join(LONG_S)
        box.close()
    assert states(engine_of(app)).keys() == {"sent"}


def test_a_push_service_that_hangs_holds_up_neither_other_devices_nor_other_channels(any_app: Flask):
    engine = engine_of(any_app)
    silent = [f"https://fcm.googleapis.com/fcm/send/{n}" for n in range(20)]
    stuck = put(engine, *(subscribe(engine, each) for each in silent))
    quick = put(engine, subscribe(engine, "https://updates.push.services.mozilla.com/wpush/v2/1"))
    quick += put(engine, "group", channel="wecom", channel_id="robot")
    with flushing(any_app, Sides(*silent)):
        until(lambda: sent(engine, quick))
        # Who waits for room waits in the outbox, and is not tried in vain.
        attempts = [row(engine, id_).attempts for id_ in stuck]
        assert attempts.count(0) >= len(stuck) - 2 * ROUNDS * THREADS


def test_a_gateway_that_hangs_holds_up_neither_push_nor_other_gateways(app: Flask):
    engine = engine_of(app)
    put(engine, *(f"group-{n}" for n in range(20)), channel="webhook", channel_id="silent")
    quick = put(engine, "group", channel="webhook", channel_id="other")
    quick += put(engine, subscribe(engine, "https://fcm.googleapis.com/fcm/send/1"))
    with flushing(app, Sides("silent")):
        until(lambda: sent(engine, quick))


def test_what_comes_while_others_hang_does_not_wait_for_their_answer(app: Flask, monkeypatch):
    monkeypatch.setattr(outbox_module, "WAIT_S", 10 * LONG_S)
    engine = engine_of(app)
    (stuck,) = put(engine, "stuck")
    with flushing(app, Sides("stuck")) as box:
        until(lambda: row(engine, stuck).state == "sending")
        new = put(engine, "new")
        box.nudge()
        until(lambda: sent(engine, new))


@pytest.mark.parametrize(
    ("endpoint", "service"),
    [
        ("https://fcm.googleapis.com/fcm/send/x", "fcm.googleapis.com"),
        ("https://wns2-by3p.notify.windows.com/w/?token=x", "notify.windows.com"),
        ("https://web.push.apple.com/x", "web.push.apple.com"),
        ("http://localhost:8990/p/1", "localhost:8990"),
        ("https://Push.Town.example/p", "push.town.example"),
    ],
)
def test_what_hangs_together_is_one_service(endpoint: str, service: str):
    assert service_of(endpoint) == service
