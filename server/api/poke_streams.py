"""Who listens for pokes in this process, and the one thread that looks for changes while anybody does.

A stream holds a thread while it is open but no database connection. The poller reads the head every quarter of
a second; only when it moved does it ask which buckets did, and wakes only the readers who have one of them.
"""

import itertools
import threading
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

import structlog
from sqlalchemy.exc import SQLAlchemyError

from server.store.oplog import Oplog
from sync.log import Retry, Unavailable

POLL_S = 0.25
TROUBLE_S = 2.0  # between looks while the database is away

logger = structlog.get_logger(__name__)


@dataclass(eq=False)
class Listener:
    """One open stream. `buckets` is whom it listens for; the queue brings True for a poke, False for the end."""

    buckets: frozenset[str]
    _calls: SimpleQueue[bool] = field(default_factory=SimpleQueue)

    def poke(self) -> None:
        self._calls.put(True)

    def end(self) -> None:
        self._calls.put(False)  # safe in a signal handler: SimpleQueue may be entered again

    def wait(self, timeout_s: float) -> bool | None:
        """True: something changed. False: the server stops. None: nothing until the time was up."""
        try:
            call = self._calls.get(timeout=max(0.0, timeout_s))
            while call and not self._calls.empty():  # many pokes at once are one
                call = self._calls.get_nowait()
        except Empty:
            return None
        return call


class Streams:
    """All open streams of this process."""

    def __init__(self, log: Oplog, limit: int) -> None:
        self._log = log
        self._limit = limit
        self._listeners: dict[int, Listener] = {}
        self._ids = itertools.count()
        self._lock = threading.Lock()
        self._stopping = False
        self._poller: threading.Thread | None = None

    def open(self, buckets: frozenset[str]) -> tuple[int, Listener] | None:
        """Take a place; None when they are all taken or the server is stopping."""
        with self._lock:
            if self._stopping or len(self._listeners) >= self._limit:
                return None
            key, listener = next(self._ids), Listener(buckets)
            self._listeners[key] = listener
            if self._poller is None:
                self._poller = threading.Thread(target=self._poll, name="pokes", daemon=True)
                self._poller.start()
        return key, listener

    def close(self, key: int) -> None:
        with self._lock:
            self._listeners.pop(key, None)

    def stop(self) -> None:
        """End every stream now. Takes no lock: it is called from a signal handler."""
        self._stopping = True
        for listener in list(self._listeners.values()):
            listener.end()

    def _poll(self) -> None:
        seen: int | None = None
        pause = threading.Event()
        while True:
            with self._lock:
                if self._stopping or not self._listeners:
                    self._poller = None
                    return
            try:
                seen = self._look(seen)
            except (SQLAlchemyError, Unavailable, Retry) as error:
                logger.warning("pokes_cannot_look", error=type(error).__name__)
                pause.wait(TROUBLE_S)
            pause.wait(POLL_S)

    def _look(self, seen: int | None) -> int:
        """Wake whom the changes since `seen` concern → the head now. The first look only finds where we are."""
        head = self._log.head()
        if seen is None or head == seen:
            return head
        # A head that fell back is a restored database: everybody looks again.
        changed = self._log.changed_buckets(seen) if head > seen else None
        for listener in list(self._listeners.values()):
            if changed is None or not listener.buckets.isdisjoint(changed):
                listener.poke()
        return head
