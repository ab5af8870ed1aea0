"""Start everything: `python -m server.run`. Prepares the data, then keeps gunicorn and the workers running."""

import ctypes
import fcntl
import gc
import json
import os
import runpy
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from server.config import SettingError, Settings, settings_from_environment

STOP_S = 6.0  # gunicorn gives its requests 3 s; what still runs then is killed
READY_S = 60.0
LOOK_S = 0.1
WORKERS = {
    "server.workers.sweeper": 5.0,
    "server.workers.alarms": 0.5,
}  # module → seconds until it is started again
PR_SET_PDEATHSIG = 1


def main() -> int:
    """Returns 0 after an orderly stop, 2 when a setting stops the start, else what went wrong with gunicorn."""
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell started us with them ignored
        signal.signal(number, signal.default_int_handler)
    metrics = tempfile.mkdtemp(prefix="jiban-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics  # read by prometheus_client as it is imported
    try:
        settings = settings_from_environment()
        if code := _prepare(settings):
            return code
        with (settings.data / "running.lock").open("w") as running:
            fcntl.flock(running, fcntl.LOCK_SH)  # `flask restore` sees it and refuses
            return _Server(settings).run()
    except SettingError as error:
        return _cannot_start(error)
    except KeyboardInterrupt:
        return 0
    finally:
        shutil.rmtree(metrics, ignore_errors=True)


def _cannot_start(error: SettingError) -> int:
    print(f"\nJiban cannot start:\n\n{error}\n", file=sys.stderr, flush=True)
    return 2


def _prepare(settings: Settings) -> int:
    """Keys, tables and demo town → 0, or the code to end with.

    Done by a process of its own: Alembic and the demo's pictures go with it instead of lying in every process that
    is forked from this one, and no connection to the database is opened here that they would share.
    """
    from server import start
    from server.app import create_app

    app = create_app(settings)

    def prepare() -> None:
        try:
            start.prepare(app)
        except SettingError as error:
            sys.exit(_cannot_start(error))

    child = _Child(prepare)
    try:
        while not child.ended():
            time.sleep(0.01)
    finally:
        _end([child])
    gc.collect()
    gc.freeze()  # a collection writes into every object it looks at: pages that are shared would be copied
    return child.code or 0


class _Child:
    """A forked process: everything is imported already, so it starts at once."""

    def __init__(self, body: Callable[[], None]) -> None:
        self.code: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            self._become(body)

    @staticmethod
    def _become(body: Callable[[], None]) -> None:
        code = 1
        try:
            os.setsid()  # Ctrl-C comes to the parent alone, which stops us in order
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            if sys.platform == "linux":
                # Should the parent be killed outright, its children must not go on holding the port.
                ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            body()
            code = 0
        except SystemExit as leave:
            code = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
        except Exception:  # noqa: BLE001 - this is the end of the process; whoever started it is to see why
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def ended(self) -> bool:
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None

    def signal(self, number: int) -> None:
        if not self.ended():
            os.kill(self.pid, number)


class _Worker:
    """A worker process that is started again whenever it ends, after a pause."""

    def __init__(self, module: str, pause_s: float) -> None:
        self._module = module
        self._pause_s = pause_s
        self._again: float | None = None
        self.child = self._start()

    def look(self) -> None:
        if not self.child.ended():
            return
        now = time.monotonic()
        if self._again is None:
            self._again = now + self._pause_s
        elif now >= self._again:
            self._again = None
            self.child = self._start()

    def _start(self) -> _Child:
        return _Child(lambda: _work(self._module))


class _Server:
    """gunicorn and the workers as children of this process, stopped together."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = False  # no Event: its lock may be held by the very wait that a signal interrupts

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        web = _Child(_gunicorn)
        workers = [_Worker(module, pause_s) for module, pause_s in WORKERS.items()]
        threading.Thread(target=self._greet, daemon=True).start()
        try:
            while not web.ended() and not self._pause(LOOK_S):
                for worker in workers:
                    worker.look()
        finally:
            _end([web, *(worker.child for worker in workers)])
        return 0 if self._stop else web.code or 1

    def _ask_to_stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stop = True

    def _pause(self, seconds: float) -> bool:
        """Wait a while → whether it is time to stop."""
        until = time.monotonic() + seconds
        while not self._stop and time.monotonic() < until:
            time.sleep(LOOK_S)
        return self._stop

    def _greet(self) -> None:
        """Once the server answers, say where it is and, in the demo town, who can sign in."""
        host = self._settings.host if self._settings.host != "0.0.0.0" else "127.0.0.1"  # noqa: S104
        address = f"http://{host}:{self._settings.port}"
        deadline = time.monotonic() + READY_S
        while not _answers(address):
            if self._pause(LOOK_S) or time.monotonic() > deadline:
                return
        print(f"\n即办 Jiban: {address}", flush=True)
        if self._settings.demo:
            _print_cast(address)


def _work(module: str) -> None:
    runpy.run_module(module, run_name="__main__")


def _gunicorn() -> None:
    from gunicorn.app.wsgiapp import WSGIApplication  # type: ignore[import-untyped]  # has no stubs of its own

    sys.argv = [
        "gunicorn",
        "--config",
        str(Path(__file__).with_name("gunicorn_conf.py")),
        "server.app:create_app()",
    ]
    WSGIApplication().run()


def _end(children: list[_Child]) -> None:
    for child in children:
        child.signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_S
    while any([not child.ended() for child in children]):  # noqa: C419 - each has to be reaped
        if time.monotonic() > deadline:
            for child in children:
                child.signal(signal.SIGKILL)
        time.sleep(0.02)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=2):  # noqa: S310 - our own address
            return True
    except (OSError, urllib.error.URLError):
        return False


def _print_cast(address: str) -> None:
    with urllib.request.urlopen(f"{address}/api/v1/demo/cast", timeout=5) as answer:  # noqa: S310
        cast = json.load(answer)
    print(f"The demo town. Everybody's password: {cast['password']}")
    for each in cast["items"]:
        print(f"  {each['username']:<10}{each['role']:<16}{each['name']}  {each['unit'] or ''}")
    print("Ctrl-C stops it.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
