"""Start everything: `python -m server.run`. Prepares the data, then keeps gunicorn and the sweeper running."""

import ctypes
import fcntl
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType

from server import start
from server.app import create_app
from server.config import SettingError, Settings, settings_from_environment

STOP_S = 8.0  # gunicorn gives its requests 3 s; what still runs then is killed
READY_S = 60.0
RESTART_S = 5.0
SWEEPER = "server.workers.sweeper"
PR_SET_PDEATHSIG = 1


def main() -> int:
    """Returns gunicorn's exit code, 2 when a setting stops the start."""
    try:
        settings = settings_from_environment()
        start.prepare(create_app(settings))
    except SettingError as error:
        print(f"\nJiban cannot start:\n\n{error}\n", file=sys.stderr)
        return 2
    with (settings.data / "running.lock").open("w") as running:
        fcntl.flock(running, fcntl.LOCK_SH)  # `flask restore` waits for nobody, it refuses
        return _Server(settings).run()


class _Server:
    """gunicorn and the sweeper as children of this process, stopped together."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._metrics = tempfile.mkdtemp(prefix="jiban-metrics-")
        self._environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": self._metrics}

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        config = Path(__file__).with_name("gunicorn_conf.py")
        web = self._child("-m", "gunicorn", "--config", str(config), "wsgi:app")
        sweeper = self._sweeper()
        threading.Thread(target=self._greet, daemon=True).start()
        try:
            while web.poll() is None and not self._stop.wait(0.2):
                if sweeper is not None and sweeper.poll() is not None and not self._stop.wait(RESTART_S):
                    sweeper = self._sweeper()
        finally:
            self._end([web, *([sweeper] if sweeper else [])])
            shutil.rmtree(self._metrics, ignore_errors=True)
        return 0 if self._stop.is_set() else web.returncode or 1

    def _ask_to_stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stop.set()

    def _sweeper(self) -> subprocess.Popen[bytes] | None:
        return self._child("-m", SWEEPER) if importlib.util.find_spec(SWEEPER) else None

    def _child(self, *arguments: str) -> subprocess.Popen[bytes]:
        # In a session of its own, so that Ctrl-C comes to us alone and we stop it in order.
        return subprocess.Popen(  # noqa: S603 - our own interpreter and modules
            [sys.executable, *arguments],
            env=self._environment,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - no thread yet
        )

    def _end(self, children: list[subprocess.Popen[bytes]]) -> None:
        for child in children:
            child.terminate()
        deadline = time.monotonic() + STOP_S
        for child in children:
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def _greet(self) -> None:
        """Once the server answers, say where it is and, in the demo town, who can sign in."""
        host = self._settings.host if self._settings.host != "0.0.0.0" else "127.0.0.1"  # noqa: S104
        address = f"http://{host}:{self._settings.port}"
        deadline = time.monotonic() + READY_S
        while not self._stop.wait(0.2) and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{address}/health", timeout=2):  # noqa: S310 - our own address
                    break
            except (OSError, urllib.error.URLError):
                continue
        else:
            return
        print(f"\n即办 Jiban: {address}", flush=True)
        if self._settings.demo:
            _print_cast(address)


def _print_cast(address: str) -> None:
    with urllib.request.urlopen(f"{address}/api/v1/demo/cast", timeout=5) as answer:  # noqa: S310
        cast = json.load(answer)
    print(f"The demo town. Everybody's password: {cast['password']}")
    for each in cast["items"]:
        print(f"  {each['username']:<10}{each['role']:<16}{each['name']}  {each['unit'] or ''}")
    print("Ctrl-C stops it.", flush=True)


def _die_with_parent() -> None:
    """Should this process be killed outright, its children must not go on holding the port."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
