"""The queue behind the doorbell: huey on SQLite or PostgreSQL. See `bell.py`, which alone uses it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from huey import PostgresHuey, SqliteHuey
from huey.consumer import Consumer
from huey.registry import Message
from huey.serializer import Serializer

from server.config import SettingError, Settings

NAME = "jiban"
TASK = "look"
FILE = "queue.db"
WAIT_S = 0.5  # how long a ring may hold up the thread that rings
POLL_S = 0.05
POLL_S_MAX = 0.15


class _PlainSerializer(Serializer):  # type: ignore[misc]  # huey has no types
    """huey pickles its tasks, so that whoever writes to the queue could run code here. Ours are an id and a name."""

    def _serialize(self, data: Any) -> bytes:
        return orjson.dumps([data.id, data.name])

    def _deserialize(self, data: Any) -> Any:
        id_, name = orjson.loads(bytes(data))
        return Message(str(id_), str(name), args=(), kwargs={}, retries=0, retry_delay=0)


class _Listener(Consumer):  # type: ignore[misc]  # huey has no types
    def _set_signal_handlers(self) -> None:
        """Signals are the worker's own business."""


def listen(settings: Settings, heard: Callable[[], None]) -> Consumer:
    """A consumer, started; `heard` is called on a thread of its own at each ring."""
    queue, _ = with_task(settings, heard)
    consumer = _Listener(
        queue, workers=1, periodic=False, initial_delay=POLL_S, backoff=1.1, max_delay=POLL_S_MAX
    )
    consumer.start()
    return consumer


def with_task(settings: Settings, heard: Callable[[], None]) -> tuple[Any, Callable[[], Any]]:
    """The queue, and what puts a ring into it; `heard` is called by the consumer for each."""
    queue = _open(settings)

    def look() -> None:
        heard()

    return queue, queue.task(name=TASK)(look)


def _open(settings: Settings) -> Any:
    kind = settings.queue or ("postgres" if settings.database_url.startswith("postgresql") else "sqlite")
    common: dict[str, Any] = {"results": False, "store_none": False, "serializer": _PlainSerializer()}
    if kind == "postgres":
        dsn = settings.database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        return PostgresHuey(NAME, dsn=dsn, table_prefix="jiban_bell", connect_timeout=5, **common)
    if kind != "sqlite":
        raise SettingError(f"JIBAN_QUEUE={settings.queue!r}: sqlite or postgres, or leave it empty.")
    path = settings.data / FILE
    _make_private(path)
    # Not forced to the disk: what a power cut loses here, the outbox still holds.
    return SqliteHuey(NAME, filename=str(path), fsync=False, timeout=WAIT_S, cache_mb=1, **common)


def _make_private(path: Path) -> None:
    """Readable by its owner only, like the database; what SQLite puts beside it takes over the same mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)
