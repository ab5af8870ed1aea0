"""A database that is busy, full, gone or back again: told as what it is, and nothing stored by halves."""

import json
import sqlite3
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from server.store import engine as store
from server.store.oplog import Oplog
from server.store.tables_sync import operation
from sync.log import Unavailable
from tests.sync.world import World, outcomes


@pytest.fixture
def sqlite_world(sqlite_log: Oplog) -> World:
    world = World(sqlite_log)
    world.person("mei", "town")
    return world


@pytest.fixture
def postgres_world(postgres_log: Oplog) -> World:
    world = World(postgres_log)
    world.person("mei", "town")
    return world


def test_sqlite_writes_to_the_disk_before_it_answers(sqlite_log: Oplog) -> None:
    with sqlite_log.engine.connect() as connection:
        pragma = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_full_disk_stores_nothing_and_says_so_and_later_all_goes_on(sqlite_world: World) -> None:
    phone, thing = sqlite_world.phone("mei"), sqlite_world.thing("town")
    ops = [phone.note(thing, "x" * 60_000) for _ in range(20)]
    log: Oplog = sqlite_world.log  # type: ignore[assignment]
    pages = {}

    @sa.event.listens_for(log.engine, "begin")
    def limit(connection: sa.Connection) -> None:
        if pages:
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages['max']}")

    with log.engine.connect() as connection:
        pages["max"] = connection.exec_driver_sql("PRAGMA page_count").scalar_one() + 20
    with pytest.raises(Unavailable, match="full"):
        phone.push(*ops)
    pages["max"] = 2**30
    assert set(outcomes(phone.push(*ops))) == {"applied"}
    phone.assert_whole()


def test_a_database_locked_by_somebody_elses_tool_is_waited_for(sqlite_world: World) -> None:
    """A transaction that stays open past our queue, e.g. a backup tool's."""
    log: Oplog = sqlite_world.log  # type: ignore[assignment]
    phone, thing = sqlite_world.phone("mei"), sqlite_world.thing("town")
    other = sqlite3.connect(str(log.engine.url.database), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(1.0, lambda: other.execute("COMMIT")).start()
    assert outcomes(phone.push(phone.note(thing))) == ["applied"]
    other.close()


def test_a_database_locked_for_good_is_unavailable(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: Oplog = sqlite_world.log  # type: ignore[assignment]
    phone, thing = sqlite_world.phone("mei"), sqlite_world.thing("town")
    log.engine.dispose()
    monkeypatch.setattr(store, "BUSY_TIMEOUT_MS", 20)
    other = sqlite3.connect(str(log.engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    op = phone.note(thing)
    with pytest.raises(Unavailable):
        phone.push(op)
    other.execute("ROLLBACK")
    other.close()
    assert outcomes(phone.push(op)) == ["applied"]


def test_a_pull_goes_on_while_somebody_writes(sqlite_world: World) -> None:
    log: Oplog = sqlite_world.log  # type: ignore[assignment]
    phone, thing = sqlite_world.phone("mei"), sqlite_world.thing("town")
    with log.write(sqlite_world.now_ms) as tx:
        tx.rows("thing", [thing])
        phone.pull()
    assert set(phone.rows) == {thing}


def test_a_read_only_database_is_unavailable(sqlite_world: World) -> None:
    log: Oplog = sqlite_world.log  # type: ignore[assignment]
    phone, thing = sqlite_world.phone("mei"), sqlite_world.thing("town")

    @sa.event.listens_for(log.engine, "begin")
    def forbid(connection: sa.Connection) -> None:
        connection.exec_driver_sql("PRAGMA query_only=ON")

    with pytest.raises(Unavailable):
        phone.push(phone.note(thing))


def test_a_folder_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'nowhere' / 'jiban.db'}"
    log = Oplog(sa.create_engine(url, **store.engine_options(url)), b"secret")
    with pytest.raises(Unavailable):
        log.head()


@pytest.mark.postgres
def test_connections_that_died_in_the_pool_are_not_used(postgres_world: World) -> None:
    phone, thing = postgres_world.phone("mei"), postgres_world.thing("town")
    _cut_all(postgres_world.log)  # type: ignore[arg-type]
    assert outcomes(phone.push(phone.note(thing))) == ["applied"]
    _cut_all(postgres_world.log)  # type: ignore[arg-type]
    phone.pull()
    assert set(phone.rows) == {thing}


@pytest.mark.postgres
def test_a_connection_that_dies_in_the_middle_stores_nothing(
    postgres_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, thing = postgres_world.phone("mei"), postgres_world.thing("town")
    log: Oplog = postgres_world.log  # type: ignore[assignment]
    op = phone.note(thing)
    real = postgres_world.handler.open

    def cut_off(tx: object, subjects: list[str], author: object) -> object:
        _cut_all(log)
        return real(tx, subjects, author)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(postgres_world.handler, "open", cut_off)
        with pytest.raises(Unavailable):
            phone.push(op)
    with log.engine.connect() as connection:
        asked = sa.select(operation.c.id).where(operation.c.id == op["id"])
        assert connection.execute(asked).first() is None
    assert outcomes(phone.push(op)) == ["applied"]


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_all_of_a_pull_is_read_at_one_moment(kind: str, request: pytest.FixtureRequest) -> None:
    world: World = request.getfixturevalue(f"{kind}_world")
    thing = world.thing("town", text="before")
    user = world.people["mei"]
    with world.log.read() as snapshot:
        stood = snapshot.standing(user, "no device")
        world.put(thing, text="after", buckets=[])
        world.person("mei")
        row = snapshot.published([("thing", thing)])["thing", thing]
        assert snapshot.standing(user, "no device") == stood
    assert json.loads(row.doc)["text"] == "before"


def test_what_an_operation_brings_that_a_column_does_not_take_is_its_own_refusal(sqlite_world: World) -> None:
    """Value errors of the driver, not only of the database, end in the savepoints."""
    phone, thing = sqlite_world.phone("mei"), sqlite_world.thing("town")
    real = sqlite_world.handler.open

    def open_(tx: object, subjects: list[str], author: object) -> object:
        work = real(tx, subjects, author)  # type: ignore[arg-type]
        save = work.save

        def save_too_much() -> object:
            if any("huge" in change.doc for change in work.changed.values()):
                tx.connection.execute(sa.text("SELECT :n"), {"n": 2**70})  # type: ignore[attr-defined]
            return save()

        work.save = save_too_much  # type: ignore[method-assign,assignment]
        return work

    sqlite_world.handler.open = open_  # type: ignore[method-assign,assignment]
    answer = phone.push(phone.note(thing, "fine"), phone.note(thing, "huge"), phone.note(thing, "fine too"))
    assert outcomes(answer) == ["applied", "refused/invalid_args", "applied"]


def _cut_all(log: Oplog) -> None:
    """End every connection to this database but our own."""
    with log.engine.connect() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
