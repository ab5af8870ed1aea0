"""Clients that cost little of the same two cores, and what the server costs."""

import gzip
import http.client
import json
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from server.demo.people import PASSWORD
from tests.serving import Server, children


def resident_mb(server: Server) -> list[float]:
    """Resident memory of each gunicorn worker, in MB."""
    arbiter = next(pid for pid in children(server.pid) if children(pid))  # the others have no children
    return [_resident_mb(pid) for pid in children(arbiter)]


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

    @property
    def cookies(self) -> dict[str, str]:
        """For another connection of the same browser."""
        return {"Cookie": self._headers["Cookie"]}

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

    def post(self, path: str, body: Any) -> None:
        self._send("POST", path, body)

    def pull_alerts(self) -> list[str]:
        """The ids of the alerts that came since the last pull."""
        found = []
        while True:
            _, page, _ = self.pull_page()
            found += [each["id"] for each in page["changes"] if each["type"] == "alert"]
            if not page["more"]:
                return found

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
