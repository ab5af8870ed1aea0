"""The real server as its command starts it, on a free port; it can be killed and started again."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

READY_S = 120
STOP_S = 20
ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Server:
    """`python -m server.run` with this environment."""

    environment: Mapping[str, str]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    root: Path = ROOT  # a copy of the product, for whoever means to change it

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        if self.process is None:
            raise RuntimeError("the server does not run")
        return self.process.pid

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "server.run"],
            cwd=self.root,
            env={**os.environ, **self.environment, "PORT": str(self.port)},
            stdout=subprocess.DEVNULL,
        )
        self._wait()

    def stop(self) -> None:
        """As Ctrl-C does."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """As a power cut does: the process and all that it started."""
        for pid in [*descendants(self.pid), self.pid]:
            os.kill(pid, signal.SIGKILL)
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(STOP_S)
        self.process = None

    def _wait(self) -> None:
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline and self.process is not None and self.process.poll() is None:
            with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)) as connection:
                try:
                    connection.request("GET", "/health")
                    connection.getresponse().read()
                except OSError:
                    time.sleep(0.1)
                else:
                    return
        raise RuntimeError("the server did not start")


@contextmanager
def running(environment: Mapping[str, str]) -> Iterator[Server]:
    """A server until the end of the block."""
    server = Server(environment)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def children(pid: int) -> list[int]:
    """Processes that this one started, whichever of its threads did."""
    found = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(each) for text in found for each in text.split()]


def descendants(pid: int) -> list[int]:
    return [found for child in children(pid) for found in (child, *descendants(child))]
