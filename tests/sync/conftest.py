"""The contract is run against every store: memory, SQLite and PostgreSQL."""

import pytest

from sync.log import Log
from sync.memory import MemoryLog
from tests.logs import SECRET, log_url, postgres_engine, postgres_log, sqlite_log  # noqa: F401 - fixtures
from tests.sync.world import World


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def log(request: pytest.FixtureRequest) -> Log:
    if request.param == "memory":
        return MemoryLog(SECRET)
    found: Log = request.getfixturevalue(f"{request.param}_log")
    return found


@pytest.fixture
def world(log: Log) -> World:
    return World(log)
