"""How the store's connections behave: one durable writer at a time on SQLite, snapshots for readers.

SQLite: WAL with `synchronous=FULL`; writers queue on a file lock before `BEGIN IMMEDIATE` (without the queue
nine writers starved each other: p99 over 2 s). PostgreSQL: writers READ COMMITTED with explicit row locks,
readers REPEATABLE READ, read-only. Authentication's reads end before a writing transaction begins.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url

from sync.log import Retry, Unavailable, Unfit

BUSY_TIMEOUT_MS = 5_000  # for whoever writes past our queue, e.g. a backup tool
QUEUE_TIMEOUT_S = 20
CHECKPOINT_PAGES = (
    4_000  # 16 MB: a checkpoint holds up the writers, and writes a page once that changed often
)
_WRITES = "jiban_writes"


def engine_options(url: str | URL) -> dict[str, Any]:
    """What `create_engine` needs for this address."""
    if make_url(url).get_backend_name() == "sqlite":
        return {
            "connect_args": {
                "check_same_thread": False,
                "timeout": BUSY_TIMEOUT_MS / 1000,
                "cached_statements": 512,
            },
            "pool_size": 8,
            "pool_use_lifo": True,  # the last one used has the most in its cache
            "max_overflow": 64,
            "pool_timeout": QUEUE_TIMEOUT_S,
        }
    return {
        "pool_size": 8,
        "pool_use_lifo": True,
        "max_overflow": 16,
        "pool_timeout": QUEUE_TIMEOUT_S,
        "pool_pre_ping": True,  # a restarted database leaves dead connections in the pool
        "connect_args": {"connect_timeout": 5},
    }


def install(engine: Engine) -> None:
    """Give the engine its pragmas and its way to begin a transaction. Harmless when repeated."""
    if engine.dialect.name == "sqlite" and not event.contains(engine, "connect", _sqlite_connect):
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One writing transaction, committed at the end. Raises Retry, Unfit or Unavailable for the store's errors.

    Never open one inside another, nor while this thread's session has read something it did not end.
    """
    with _queue(engine):
        try:
            with engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
                yield connection
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise sort_error(error) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One snapshot: every statement inside sees the same moment."""
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection
    except (sa.exc.SQLAlchemyError, OSError) as error:
        raise sort_error(error) from error


@contextmanager
def glancing(engine: Engine) -> Iterator[Connection]:
    """For one statement that reads, by itself: without the two trips to PostgreSQL that a transaction costs."""
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection
    except (sa.exc.SQLAlchemyError, OSError) as error:
        raise sort_error(error) from error


def sort_error(error: Exception) -> Exception:
    """Retry (lost against another), Unfit (a value the database does not take), Unavailable (gone, full,
    read-only), or the error itself if it is none of the store's."""
    if not isinstance(error, sa.exc.SQLAlchemyError):
        return error
    if isinstance(error, sa.exc.TimeoutError):
        return Unavailable("no free connection")
    if not isinstance(error, sa.exc.DBAPIError):
        return Unfit(str(error)) if isinstance(error, sa.exc.StatementError) else error
    origin = error.orig
    state = getattr(origin, "sqlstate", None)
    text = str(origin)
    if state in {"40001", "40P01", "55P03"} or "database is locked" in text:
        return Retry(text)
    if isinstance(error, sa.exc.DataError | sa.exc.IntegrityError):
        return Unfit(text)
    if isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError):
        return Unavailable(text)
    return Unfit(text)


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by _sqlite_begin, never behind our back
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "cache_size=-16000",
        f"wal_autocheckpoint={CHECKPOINT_PAGES}",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    except sqlite3.Error as error:
        raise sa.exc.DBAPIError.instance(
            "BEGIN", None, error, sqlite3.Error, dialect=connection.dialect
        ) from error


class _FileQueue:
    """Writers of all threads and processes, one after the other. The file is opened anew in each process,
    for a lock belongs to the open file and would be shared across a fork."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._thread = threading.Lock()
        self._file: int | None = None
        self._pid = 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        if not self._thread.acquire(timeout=QUEUE_TIMEOUT_S):
            raise Unavailable("the writers' queue is too long")
        try:
            fcntl.flock(self._descriptor(), fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._descriptor(), fcntl.LOCK_UN)
        finally:
            self._thread.release()

    def _descriptor(self) -> int:
        if self._file is None or self._pid != os.getpid():
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._pid = os.getpid()
        return self._file


_queues: dict[str, _FileQueue] = {}
_queues_lock = threading.Lock()


@contextmanager
def _queue(engine: Engine) -> Iterator[None]:
    path = engine.url.database if engine.dialect.name == "sqlite" else None
    if not path or path == ":memory:":
        yield
        return
    key = str(Path(path).resolve())
    with _queues_lock:
        queue = _queues.setdefault(key, _FileQueue(f"{key}.lock"))
    with queue.turn():
        yield
