"""The real server as its command starts it, and clients that cost little of the same two cores."""

import gzip
import http.client
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from server.demo.people import PASSWORD

READY_S = 60
ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Server:
    port: int
    process: subprocess.Popen[bytes]

    def resident_mb(self) -> list[float]:
        """Resident memory of each gunicorn worker, in MB."""
        arbiter = next(pid for pid in _children(self.process.pid) if _children(pid))  # the sweeper has none
        return [_resident_mb(pid) for pid in _children(arbiter)]


@contextmanager
def running(environment: dict[str, str]) -> Iterator[Server]:
    """`python -m server.run` on a free port, until the end of the block."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "server.run"],
        cwd=ROOT,
        env={**os.environ, **environment, "PORT": str(port)},
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait(port, process)
        yield Server(port, process)
    finally:
        process.terminate()
        process.wait(20)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/health")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not start")


def _children(pid: int) -> list[int]:
    found = [
        path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")
    ]  # whichever thread started them
    return [int(each) for text in found for each in text.split()]


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


@dataclass
class Phone:
    """A signed-in client with a device of its own and a kept-alive connection."""

    port: int
    username: str
    device: str = field(default_factory=lambda: str(uuid.uuid4()))
    cursor: str | None = None

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        self._headers = {"Content-Type": "application/json"}
        told, response = self._send("POST", "/session", {"username": self.username, "password": PASSWORD})
        cookies = [value for name, value in response.getheaders() if name.lower() == "set-cookie"]
        self._headers["Cookie"] = "; ".join(cookie.split(";")[0] for cookie in cookies)
        answer = json.loads(told)
        self._headers["X-CSRF-Token"] = answer["csrf"]
        self.user: str = answer["user"]["id"]

    def _send(self, method: str, path: str, body: Any) -> tuple[bytes, http.client.HTTPResponse]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._connection.request(method, f"/api/v1{path}", data, self._headers)
        response = self._connection.getresponse()
        told = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{path}: {response.status} {told[:300]!r}")
        return told, response

    def push_body(self, ops: list[dict[str, Any]]) -> bytes:
        envelope = {
            "user": self.user,
            "device": self.device,
            "epoch": None,
            "schema": 1,
            "sent_at": "2026-01-01T00:00:00.000Z",
            "offset_ms": 0,
            "offset_uncertainty_ms": 50,
            "ops": ops,
        }
        return json.dumps(envelope, ensure_ascii=False).encode()

    def push(self, body: bytes) -> bytes:
        return self._send("POST", "/sync/push", body)[0]

    def pull_page(self, limit: int = 500) -> tuple[bytes, dict[str, Any], float]:
        """One page: its bytes as they came, what they say, and the seconds until they were here."""
        body = {"user": self.user, "device": self.device, "epoch": None, "schema": 1}
        data = json.dumps({**body, "cursor": self.cursor, "limit": limit}).encode()
        begun = time.perf_counter()
        told, _ = self._send("POST", "/sync/pull", data)
        seconds = time.perf_counter() - begun
        page = json.loads(told)
        self.cursor = page["cursor"]
        return told, page, seconds

    def pull_all(self, limit: int = 500) -> tuple[float, int, int, int]:
        """Everything: seconds of the server's answers, rows, bytes, bytes when gzipped."""
        seconds, rows, size, packed = 0.0, 0, 0, 0
        while True:
            told, page, took = self.pull_page(limit)
            seconds += took
            rows += len(page["changes"])
            size += len(told)
            packed += len(gzip.compress(told, 5))
            if not page["more"]:
                return seconds, rows, size, packed

    def get(self, path: str) -> float:
        """Seconds that a GET took."""
        begun = time.perf_counter()
        self._send("GET", path, b"")
        return time.perf_counter() - begun
