"""The demo town without its tickets, as a real app on a database of its own; time stands still unless told to go."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from server import clock
from server.actions.desk import Desk
from server.app import create_app
from server.config import Settings
from server.demo.ids import demo_id
from server.demo.load import load_people
from server.demo.people import INTAKE_KEY, PASSWORD
from server.keys import make_master_key
from server.store.base import metadata
from server.store.engine import writing
from sync.clock import parse_rfc3339, rfc3339
from tests import postgres, quick
from tests.device import Phone, Transport

START = "2026-11-22T04:05:00.000Z"  # Sunday, 12:05 in Shanghai
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


class FakeClock:
    """Stands in for the `time` module in `server.clock`, the one place that reads the clock."""

    def __init__(self, start: str = START) -> None:
        self.now_ms = parse_rfc3339(start)

    def time_ns(self) -> int:
        return self.now_ms * 1_000_000

    def go(self, *, minutes: float = 0, hours: float = 0, days: float = 0) -> int:
        self.now_ms += int(minutes * MINUTE_MS + hours * HOUR_MS + days * DAY_MS)
        return self.now_ms


@contextmanager
def standing_clock(start: str = START) -> Iterator[FakeClock]:
    real, fake = clock.time, FakeClock(start)
    clock.time = SimpleNamespace(time_ns=fake.time_ns)
    try:
        yield fake
    finally:
        clock.time = real


class Town:
    """The app, its clock, and the people at its doors."""

    def __init__(self, app: Flask, fake: FakeClock) -> None:
        self.app = app
        self.clock = fake
        self.desk: Desk = app.extensions["jiban"].desk
        self._calls = 0

    def transport(self) -> Transport:
        return Transport(self.app.test_client(), lambda: self.clock.now_ms)

    def phone(self, username: str, device: str | None = None) -> Phone:
        """Signed in, nothing pulled yet."""
        return Phone(self.transport(), username, PASSWORD, device=device)

    def city(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the city line with its key; the answer's status and JSON."""
        response = self.app.test_client().open(
            "/api/v1" + path, method=method, json=body, headers={"Authorization": f"Bearer {INTAKE_KEY}"}
        )
        return SimpleNamespace(
            status=response.status_code, json=response.get_json(), headers=response.headers
        )

    def call(self, **more: Any) -> dict[str, Any]:
        """A request of the city line, complete; `more` replaces fields."""
        self._calls += 1
        return {
            "external_no": f"T{self._calls:05}",
            "category": "complaint",
            "urgent": True,
            "confidential": False,
            "title": "主干道井盖缺失",
            "content": "井盖不见了，联系13800001234。",
            "place": {
                "village": "闸口村",
                "address": "祠堂路口",
                "lat": 23.0128,
                "lng": 113.6846,
                "crs": "WGS84",
            },
            "contact": {"name": "陈大文", "phone": "13800001234"},
            "received_at": rfc3339(self.clock.now_ms),
        } | more

    def ticket(self, **more: Any) -> str:
        """A new ticket of the city line; its id."""
        answer = self.city("POST", "/intake/tickets", self.call(**more))
        assert answer.status == 201, answer.json
        return str(answer.json["id"])

    def dispatched(self, unit: str = "闸口村", to: str | None = "worker", **more: Any) -> str:
        """A ticket that the officer has sent to a unit and to one of its people; its id."""
        id_ = self.ticket(**more)
        officer = self.phone("officer")
        officer.do(
            "ticket.dispatch", id_, {"unit": unit_id(unit)} | ({"assignee": person_id(to)} if to else {})
        )
        return id_


def person_id(username: str) -> str:
    return demo_id("person", username)


def unit_id(name: str) -> str:
    return demo_id("unit", name)


def settle(settings: Settings) -> None:
    """Key, tables and people, on an empty place."""
    make_master_key(settings.master_key_file)
    app = create_app(settings)
    with standing_clock() as fake:
        desk = app.extensions["jiban"].desk
        with writing(desk.engine) as connection:
            metadata.create_all(connection)
        load_people(desk, fake.now_ms)
        desk.engine.dispose()


def build_template(folder: Path) -> None:
    """A data folder with keys, tables and people, to be copied for each test."""
    settle(Settings(data=folder, demo=True))
    with sqlite3.connect(folder / "jiban.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def town_from(template: Path, folder: Path) -> Iterator[Town]:
    """A town of its own in `folder`, copied from the template."""
    shutil.copytree(template, folder, dirs_exist_ok=True)
    with town_at(Settings(data=folder, demo=True)) as town:
        yield town


@contextmanager
def town_at(settings: Settings) -> Iterator[Town]:
    """The app over these settings, its clock standing."""
    app = create_app(settings)
    quick.share_statements(app.extensions["jiban"].engine)
    with standing_clock() as fake:
        town = Town(app, fake)
        yield town
        town.desk.engine.dispose()


@pytest.fixture(scope="session")
def town_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town-template")
    build_template(folder)
    return folder


@pytest.fixture
def town(town_template: Path, tmp_path: Path) -> Iterator[Town]:
    """The demo town without its tickets, on SQLite; the clock stands on a Sunday noon."""
    with town_from(town_template, tmp_path / "town") as made:
        yield made


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_town(request: pytest.FixtureRequest, town_template: Path, tmp_path: Path) -> Iterator[Town]:
    """The same, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        with town_from(town_template, tmp_path / "town") as made:
            yield made
    else:
        folder, url = request.getfixturevalue("postgres_town")
        shutil.copytree(folder, tmp_path / "town")
        with town_at(Settings(data=tmp_path / "town", database=url, demo=True)) as made:
            yield made


@pytest.fixture(scope="session")
def postgres_town_template(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[tuple[Path, str]]:
    """Keys, and the name of a PostgreSQL database with tables and people that nobody is connected to."""
    folder, name = tmp_path_factory.mktemp("town-pg"), f"town_{os.getpid()}"
    with postgres.database(postgres_server, name) as url:
        settle(Settings(data=folder, database=url, demo=True))
        yield folder, name


@pytest.fixture
def postgres_town(
    postgres_server: str, postgres_town_template: tuple[Path, str]
) -> Iterator[tuple[Path, str]]:
    """The folder with the keys, and the address of a copy of the database."""
    folder, name = postgres_town_template
    with postgres.database(postgres_server, f"copy_of_{name}", name) as url:
        yield folder, url
