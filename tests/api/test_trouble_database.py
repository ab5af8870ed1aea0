"""A database that is locked, full or gone: 503 with words and a time to come back, nothing by halves, and then on."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.engine import Engine
from werkzeug.test import TestResponse

from server.store import engine as store
from server.store.tables_sync import operation
from tests.api.test_photos import announce, jpeg, named, send, state_of
from tests.cast import code_of
from tests.device import Phone
from tests.town import Town

WORDS = {
    "database_unavailable": ("数据库暂时不可用", "The database cannot be reached"),
    "disk_full": ("存储空间已满", "disk is full"),
}


def is_trouble(answer: TestResponse, code: str, *, english: bool = False) -> bool:
    assert (answer.status_code, code_of(answer)) == (503, code), answer.text
    assert int(answer.headers["Retry-After"]) >= 1
    assert WORDS[code][english] in answer.json["error"]["message"]
    return True


def push(phone: Phone, language: str | None = None) -> TestResponse:
    headers = {"X-CSRF-Token": phone.csrf} | ({"Accept-Language": language} if language else {})
    return phone.transport.client.post("/api/v1/sync/push", json=phone.envelope(), headers=headers)


def stored(town: Town, op: str) -> int:
    with town.desk.engine.connect() as connection:
        found = sa.select(sa.func.count()).select_from(operation).where(operation.c.id == op)
        return int(connection.execute(found).scalar_one())


def city_call(client: FlaskClient, body: dict[str, Any]) -> TestResponse:
    return client.post(
        "/api/v1/intake/tickets", json=body, headers={"Authorization": "Bearer jiban-demo-intake"}
    )


@contextmanager
def locked(town: Town, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody else's tool holds the database and does not let go."""
    town.desk.engine.dispose()
    with monkeypatch.context() as patch:
        patch.setattr(store, "BUSY_TIMEOUT_MS", 20)
        other = sqlite3.connect(str(town.desk.engine.url.database), isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")
        other.close()
    town.desk.engine.dispose()


@contextmanager
def gone(engine: Engine) -> Iterator[None]:
    """No connection is left, and none can be made: a folder where the file was, or a server that lets nobody in."""
    if engine.dialect.name == "sqlite":
        with _file_gone(engine):
            yield
        return
    name, server = engine.url.database, sa.create_engine(engine.url.set(database="postgres"))
    with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            connection.execute(
                sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :n"),
                {"n": name},
            )
            yield
        finally:
            connection.exec_driver_sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    server.dispose()


@contextmanager
def _file_gone(engine: Engine) -> Iterator[None]:
    from pathlib import Path

    engine.dispose()
    database = Path(str(engine.url.database))
    away = database.parent / "away"
    away.mkdir()
    for each in database.parent.glob("jiban.db*"):
        each.rename(away / each.name)
    database.mkdir()
    try:
        yield
    finally:
        database.rmdir()
        for each in away.iterdir():
            each.rename(database.parent / each.name)


@contextmanager
def full(engine: Engine) -> Iterator[None]:
    """Not one page more, as on a full disk (SQLite)."""

    def limit(connection: sa.Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count=1")  # SQLite takes the present size instead

    sa.event.listen(engine, "begin", limit)
    yield
    sa.event.remove(engine, "begin", limit)
    engine.dispose()


@contextmanager
def unwritable(engine: Engine) -> Iterator[None]:
    """Whatever is written fails, as on a disk without a byte left."""
    words = "PRAGMA query_only=1" if engine.dialect.name == "sqlite" else "SET TRANSACTION READ ONLY"

    def forbid(connection: sa.Connection) -> None:
        connection.exec_driver_sql(words)

    sa.event.listen(engine, "begin", forbid)
    yield
    sa.event.remove(engine, "begin", forbid)
    engine.dispose()


def test_reading_goes_on_while_nothing_can_be_written(any_town: Town) -> None:
    town = any_town
    id_ = town.dispatched()
    worker = town.phone("worker")
    worker.sync()
    town.clock.go(hours=2)  # his session is about to slide
    with unwritable(town.desk.engine):
        for path in (f"/tickets/{id_}", "/tickets", "/session"):
            answer = worker.get(path)
            assert answer.status == 200, answer.json
            assert "Set-Cookie" not in answer.headers
        assert worker.pull().status == 200
    assert "Set-Cookie" in worker.get("/session").headers


def test_a_locked_database_keeps_readers_and_loses_no_work(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = town.dispatched()
    worker, client = town.phone("worker"), town.app.test_client()
    worker.sync()
    note = worker.act("ticket.note", id_, {"text": "路口已围蔽"})
    call = town.call()
    with locked(town, monkeypatch):
        assert is_trouble(push(worker), "database_unavailable")
        assert is_trouble(push(worker, "en"), "database_unavailable", english=True)
        assert is_trouble(city_call(client, call), "database_unavailable")
        signing = client.post("/api/v1/session", json={"username": "head", "password": "jiban-demo"})
        assert is_trouble(signing, "database_unavailable")
        assert worker.pull().status == 200
    worker.sync()
    assert worker.receipts[note]["outcome"] == "applied"
    assert stored(town, note) == 1
    assert city_call(client, call).status_code == 201
    assert town.phone("head").user["username"] == "head"


def test_a_vanished_database_is_told_at_every_door_and_all_goes_on_when_it_is_back(any_town: Town) -> None:
    town = any_town
    town.app.testing = False
    id_ = town.dispatched()
    worker, client = town.phone("worker"), town.app.test_client()
    data = jpeg()
    photo = named(data)
    worker.sync()
    note = worker.act("ticket.note", id_, {"text": "照片", "photos": [photo]})
    call = town.call()
    with gone(town.desk.engine):
        for english, language in ((False, None), (True, "en")):
            assert is_trouble(push(worker, language), "database_unavailable", english=english)
        assert is_trouble(worker.transport.client.get("/api/v1/tickets"), "database_unavailable")
        assert is_trouble(city_call(client, call), "database_unavailable")
        assert is_trouble(announce(worker, id_, photo), "database_unavailable")
        assert client.get("/health").status_code == 503
        assert client.get("/api/v1/config").status_code in {200, 503}
    assert client.get("/health").status_code == 200
    worker.sync()
    assert (worker.receipts[note]["outcome"], stored(town, note)) == ("applied", 1)
    announce(worker, id_, photo)
    assert send(worker, photo["id"], data).status_code == 204
    assert state_of(worker, id_, photo) == "received"
    assert city_call(client, call).status_code == 201


def test_a_full_database_stores_nothing_by_halves_and_takes_everything_afterwards(town: Town) -> None:
    town.app.testing = False
    id_ = town.dispatched()
    worker, client = town.phone("worker"), town.app.test_client()
    worker.sync()
    notes = [worker.act("ticket.note", id_, {"text": "长" * 2000}) for _ in range(20)]
    call = town.call(content="长" * 10_000)
    with full(town.desk.engine):
        assert is_trouble(push(worker), "disk_full")
        assert is_trouble(push(worker, "en"), "disk_full", english=True)
        assert is_trouble(city_call(client, call), "disk_full")
        assert worker.pull().status == 200
        assert sum(stored(town, note) for note in notes) == 0
    worker.sync()
    assert {worker.receipts[note]["outcome"] for note in notes} == {"applied"}
    assert sum(stored(town, note) for note in notes) == len(notes)
    assert city_call(client, call).status_code == 201
