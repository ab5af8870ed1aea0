"""The doorbell between whoever puts something into the outbox and the worker that sends it.

A huey queue, which several processes and servers can share: SQLite beside the database, or PostgreSQL. It carries
nothing but “look now”; the outbox in the database is the truth, and the worker looks there by itself twice a
second, so a ring that is lost costs half a second and a ring too many nothing. huey itself (`bell_queue.py`) is
loaded with the first ring: it is 10 MB, and most processes of a quiet town never ring.
"""

import os
import threading
from collections.abc import Callable
from typing import Any

import structlog

from server.config import Settings

logger = structlog.get_logger(__name__)


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
        from server.alerts import bell_queue

        queue: Any = None
        while asked.wait():
            asked.clear()
            try:
                if queue is None:
                    queue, look = bell_queue.with_task(self._settings, lambda: None)
                if not queue.pending_count():  # a ring that waits already is heard for both
                    look()
            except Exception as error:  # noqa: BLE001 - the worker looks by itself; nobody waits for us
                logger.warning("bell_broken", error=type(error).__name__)
                queue = None

    def listen(self, heard: Callable[[], None]) -> Any:
        """Call `heard` on a thread of its own at each ring, until the consumer is stopped."""
        from server.alerts import bell_queue

        return bell_queue.listen(self._settings, heard)
