"""The doorbell between whoever puts something into the outbox and the worker that sends it.

A huey queue, which several processes and servers can share: SQLite beside the database, or PostgreSQL. It carries
nothing but “look now”; the outbox in the database is the truth, and the worker looks there by itself twice a
second, so a ring that is lost costs half a second and a ring too many nothing.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import structlog
from huey import PostgresHuey, SqliteHuey
from huey.consumer import Consumer
from huey.registry import Message
from huey.serializer import Serializer

from server.config import SettingError, Settings

NAME = "jiban"
TASK = "look"
FILE = "queue.db"
WAIT_S = 0.5  # how long a ring may hold up the request that rings
POLL_S = 0.05
POLL_S_MAX = 0.15

logger = structlog.get_logger(__name__)


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


class Bell:
    """One per process: `ring` where alarms are raised, `listen` where they are sent."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._pid = 0
        self._asked = threading.Event()

    def ring(self) -> None:
        """Wake the worker. Costs nothing and never fails: a thread of its own goes to the door.

        One thread, for each would keep a connection to the queue; made anew in each process that was forked.
        """
        with self._lock:
            if self._pid != os.getpid():
                self._pid, self._asked = os.getpid(), threading.Event()
                threading.Thread(target=self._ring, args=(self._asked,), name="bell", daemon=True).start()
        self._asked.set()

    def _ring(self, asked: threading.Event) -> None:
        queue: Any = None
        while asked.wait():
            asked.clear()
            try:
                if queue is None:
                    queue, look = _with_task(self._settings, lambda: None)
                if not queue.pending_count():  # a ring that waits already is heard for both
                    look()
            except Exception as error:  # noqa: BLE001 - the worker looks by itself; nobody waits for us
                logger.warning("bell_broken", error=type(error).__name__)
                queue = None

    def listen(self, heard: Callable[[], None]) -> Consumer:
        """Call `heard` on a thread of its own at each ring, until the consumer is stopped."""
        queue, _ = _with_task(self._settings, heard)
        consumer = _Listener(
            queue, workers=1, periodic=False, initial_delay=POLL_S, backoff=1.1, max_delay=POLL_S_MAX
        )
        consumer.start()
        return consumer


def _with_task(settings: Settings, heard: Callable[[], None]) -> tuple[Any, Callable[[], Any]]:
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
