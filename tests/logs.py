"""The log of operations by itself, with its own tables only, on SQLite and PostgreSQL."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from server.store import tables_sync
from server.store.base import metadata
from server.store.engine import engine_options, install
from server.store.oplog import Oplog
from tests import postgres

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
def log_url(postgres_server: str) -> Iterator[str]:
    """A PostgreSQL database of this worker's own that holds nothing but the log."""
    with postgres.database(postgres_server, f"log_{os.getpid()}") as url:
        yield url


@pytest.fixture(scope="session")
def postgres_engine(log_url: str) -> Iterator[Engine]:
    engine = make_engine(log_url)
    metadata.create_all(engine, tables=TABLES)
    yield engine
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
