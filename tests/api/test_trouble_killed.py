"""The real server killed while phones push: acknowledged means stored, exactly once (I1), on both databases.

A reader who follows the head through all of it misses nothing either.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest
import requests

from server.config import Settings
from tests.cast import INTAKE_KEY, PASSWORD, unit_id
from tests.device import Phone
from tests.e2e.wire import Wire
from tests.serving import Server, running

KILLS = 2
BATCH = 5


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    """A town with the cast, for a server process."""
    found = "settings" if request.param == "sqlite" else "postgres_settings"
    settings: Settings = request.getfixturevalue(found)
    return {"JIBAN_DATA": str(settings.data), "JIBAN_DEMO": "", "DATABASE_URL": settings.database}


class Signal:
    """What the phones see of the server: up, or wait; and when to stop."""

    def __init__(self) -> None:
        self.up = threading.Event()
        self.ended = threading.Event()


class Busy(threading.Thread):
    """A phone in use: it works on, whatever happens to the server, and notes what it was told is safe."""

    def __init__(self, phone: Phone, signal: Signal, step: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.phone = phone
        self.signal = signal
        self.step = step
        self.rounds = 0

    def run(self) -> None:
        while not self.signal.ended.is_set():
            self.signal.up.wait()
            try:
                self.step()
                self.rounds += 1
            except (requests.RequestException, ValueError):  # cut off, in the middle of the answer too
                time.sleep(0.05)


class Notes:
    """The notes of one phone on its ticket."""

    def __init__(self, phone: Phone, ticket: str) -> None:
        self.phone = phone
        self.ticket = ticket
        self.acknowledged: list[str] = []

    def write(self) -> None:
        for _ in range(BATCH if len(self.phone.outbox) < BATCH else 0):
            self.phone.act("ticket.note", self.ticket, {"text": "现场情况"})
        answer = self.phone.push()
        if answer.status == 200:
            self.acknowledged += [each["id"] for each in answer.json["results"]]
            self.phone.pull()

    def stored(self, reader: Phone) -> Counter[str]:
        answer = reader.get(f"/tickets/{self.ticket}")
        assert answer.status == 200, answer.json
        return Counter(e["id"] for e in answer.json["timeline"] if e["name"] == "ticket.note")


def dispatched(url: str, officer: Phone, number: int) -> str:
    call = {
        "external_no": f"K{number}",
        "category": "complaint",
        "urgent": False,
        "confidential": False,
        "title": "井盖缺失",
        "content": "井盖不见了",
        "place": {"village": "闸口村"},
        "received_at": "2026-01-05T01:00:00Z",
    }
    headers = {"Authorization": f"Bearer {INTAKE_KEY}"}
    answer = requests.post(f"{url}/api/v1/intake/tickets", json=call, headers=headers, timeout=30)
    assert answer.status_code == 201, answer.text
    id_ = str(answer.json()["id"])
    assert officer.do("ticket.dispatch", id_, {"unit": unit_id("闸口村")})["outcome"] == "applied"
    return id_


def signed_in(server: Server, username: str) -> Phone:
    phone = Phone(Wire(server.url), username, PASSWORD)
    phone.sync()
    return phone


@pytest.mark.process
def test_killed_under_load_the_server_lost_and_doubled_nothing_that_it_acknowledged(
    environment: dict[str, str],
) -> None:
    dice, signal = random.Random(5), Signal()
    with running(environment) as server:
        officer = signed_in(server, "officer")
        tickets = [dispatched(server.url, officer, n) for n in range(3)]
        phones = [signed_in(server, name) for name in ("worker", "worker2", "clerk")]
        notes = [Notes(phone, ticket) for phone, ticket in zip(phones, tickets, strict=True)]
        follower = signed_in(server, "lead")
        busy = [Busy(each.phone, signal, each.write) for each in notes]
        busy.append(Busy(follower, signal, lambda: _follow(follower)))
        for each in busy:
            each.start()
        for _ in range(KILLS):
            signal.up.set()
            before = sum(len(each.acknowledged) for each in notes)
            while sum(len(each.acknowledged) for each in notes) < before + 4 * BATCH:
                time.sleep(0.02)
            time.sleep(dice.uniform(0.0, 0.2))
            signal.up.clear()
            server.kill()
            told = [list(each.acknowledged) for each in notes]
            server.start()
            for each, acknowledged in zip(notes, told, strict=True):
                assert set(acknowledged) <= set(each.stored(officer)), "acknowledged, and lost"
        signal.ended.set()
        signal.up.set()
        for each in busy:
            each.join(30)
            assert each.rounds > 0
        for each in notes:
            _settled(each, officer)
        for phone in [*phones, follower]:
            phone.pull(digest=True)
            held = {bucket: told for bucket, told in phone.digest.items() if told["count"]}
            assert held == phone.own_digest()


def _follow(phone: Phone) -> None:
    phone.pull(limit=2)
    time.sleep(0.02)


def _settled(notes: Notes, reader: Phone) -> None:
    """Whatever was tapped is there once, acknowledged or not, and the phone has a receipt for it."""
    notes.phone.sync()
    stored = notes.stored(reader)
    assert set(stored.values()) == {1}
    assert len(stored) == notes.phone.last_n
    assert set(notes.acknowledged) <= set(stored)
    assert notes.phone.outbox == []
