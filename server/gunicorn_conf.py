"""How gunicorn runs: few processes, many threads.

An open event stream holds a thread for as long as a screen is open, so threads are plentiful:
200 in each worker cost 34 MB in all and keep requests answered beside 250 open streams.
"""

import ctypes
import gc
import signal
import sys
from types import FrameType
from typing import Any

from prometheus_client import multiprocess

from server.config import SettingError, settings_from_environment

GC_OBJECTS = 10_000  # a batch of 50 operations makes thousands of objects and hardly a cycle
SWITCH_S = (
    0.001  # the writer, whom all wait for, asks the database often, and is not to wait 5 ms after each answer
)
M_ARENA_MAX = -8
M_MMAP_THRESHOLD = -3
M_TRIM_THRESHOLD = -1
MMAP_BYTES = 1 << 20

_settings = settings_from_environment()

bind = f"{_settings.host}:{_settings.port}"
worker_class = "gthread"
workers = _settings.workers
threads = _settings.threads
worker_connections = max(1000, 4 * _settings.threads)
keepalive = 75
timeout = 60
graceful_timeout = 3
preload_app = True
control_socket_disable = True  # by default it would be one shared file in the home folder
# Whose word counts for the scheme and the client's address is settled in one place: ProxyFix in server.app.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
loglevel = "warning"
limit_request_line = 8190


def when_ready(server: Any) -> None:
    """Before the workers are forked. Started by hand, without `server.run`, the same conditions hold."""
    from server import start

    parts = server.app.wsgi().extensions["jiban"]
    try:
        start.check(parts.settings, parts.engine)
    except SettingError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(3)
    gc.collect()
    gc.freeze()  # what is loaded by now stays shared memory, and no worker's collector walks through it again


def post_fork(server: Any, _worker: Any) -> None:
    """A connection opened before the fork belongs to the parent."""
    server.app.wsgi().extensions["jiban"].engine.dispose(close=False)
    gc.set_threshold(GC_OBJECTS, 20, 20)
    sys.setswitchinterval(SWITCH_S)
    _keep_little()


def _keep_little() -> None:
    """glibc gives every few of 200 threads a heap of its own and hands back to the system only what lies at a
    heap's end; two heaps are enough for threads that take turns, and large blocks go back at once."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # another C library has other habits
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 2)
        mallopt(M_MMAP_THRESHOLD, MMAP_BYTES)
        mallopt(M_TRIM_THRESHOLD, 4 * MMAP_BYTES)  # not after each answer, either


def post_worker_init(worker: Any) -> None:
    """Open event streams end as soon as the worker is told to stop, not when their five minutes are over."""
    parts = worker.wsgi.extensions["jiban"]
    before = signal.getsignal(signal.SIGTERM)

    def stop(signum: int, frame: FrameType | None) -> None:
        if "streams" in vars(parts):
            parts.streams.stop()
        if callable(before):
            before(signum, frame)

    signal.signal(signal.SIGTERM, stop)


def child_exit(_server: Any, worker: Any) -> None:
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
