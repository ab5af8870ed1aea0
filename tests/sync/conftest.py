"""The contract is run against every store: memory, SQLite and PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from server.store import tables_sync
from server.store.base import metadata
from server.store.engine import engine_options, install
from server.store.oplog import Oplog
from sync.log import Log
from sync.memory import MemoryLog
from tests.sync.world import World

SECRET = b"a secret of the tests"
TABLES = [
    tables_sync.sync_head,
    tables_sync.device,
    tables_sync.operation,
    tables_sync.receipt,
    tables_sync.published,
    tables_sync.feed,
    tables_sync.bucket_digest,
    tables_sync.entitlement,
    tables_sync.held,
]


def make_engine(url: str) -> Engine:
    engine = sa.create_engine(url, **engine_options(url))
    install(engine)
    return engine


@pytest.fixture(scope="session")
def postgres_engine(postgres_url: str) -> Iterator[Engine]:
    engine = make_engine(postgres_url)
    metadata.drop_all(engine, tables=TABLES)
    metadata.create_all(engine, tables=TABLES)
    yield engine
    metadata.drop_all(engine, tables=TABLES)
    engine.dispose()


@pytest.fixture
def postgres_log(postgres_engine: Engine) -> Oplog:
    names = ", ".join(table.name for table in TABLES)
    with postgres_engine.begin() as connection:
        connection.exec_driver_sql(f"TRUNCATE {names}")
    return Oplog(postgres_engine, SECRET)


@pytest.fixture
def sqlite_log(tmp_path: Path) -> Iterator[Oplog]:
    engine = make_engine(f"sqlite:///{tmp_path / 'jiban.db'}")
    metadata.create_all(engine, tables=TABLES)
    yield Oplog(engine, SECRET)
    engine.dispose()


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def log(request: pytest.FixtureRequest) -> Log:
    if request.param == "memory":
        return MemoryLog(SECRET)
    found: Log = request.getfixturevalue(f"{request.param}_log")
    return found


@pytest.fixture
def world(log: Log) -> World:
    return World(log)
