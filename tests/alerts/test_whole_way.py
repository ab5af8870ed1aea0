"""From the city line's call to the decrypted message on the phones, over the real server and its worker."""

import json
import os
import signal
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import pytest

from sync.clock import rfc3339
from tests.alerts.receivers import Receiver
from tests.serving import Server, children

KEY = "jiban-demo-intake"
PASSWORD = "jiban-demo"
NEVER_S = 120


class Caller:
    """A browser, as far as this needs one."""

    def __init__(self, url: str, username: str | None = None) -> None:
        self.url, self.cookie, self.csrf = url, "", ""
        if username:
            self.csrf = self.ask("POST", "/session", {"username": username, "password": PASSWORD})["csrf"]

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json", "Cookie": self.cookie, "X-CSRF-Token": self.csrf, **headers},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            for each in answer.headers.get_all("Set-Cookie") or []:
                self.cookie = f"{self.cookie}; {each.split(';')[0]}".lstrip("; ")
            text = answer.read()
        return json.loads(text) if text else None

    def subscribed(self, receiver: Receiver) -> dict[str, Any]:
        told = receiver.subscribe(self.ask("GET", "/push/key")["public_key"])
        subscription = {"endpoint": told["endpoint"], "keys": told["keys"]}
        self.ask("POST", "/push/subscriptions", {"device": str(uuid.uuid4()), "subscription": subscription})
        return told


def call(url: str) -> float:
    """An emergency over the city line; when its answer was there."""
    body = {
        "external_no": uuid.uuid4().hex[:20], "category": "complaint", "urgent": True, "confidential": False,
        "title": "主干道井盖缺失", "content": "井盖不见了", "place": {"village": "闸口村"},
        "received_at": rfc3339(time.time_ns() // 1_000_000),
    }  # fmt: skip
    Caller(url).ask("POST", "/intake/tickets", body, Authorization=f"Bearer {KEY}")
    return time.monotonic()


def until(count, wanted: int) -> None:
    deadline = time.monotonic() + NEVER_S
    while count() < wanted:
        assert time.monotonic() < deadline, f"{count()} of {wanted}"
        time.sleep(0.02)


def alarm_workers(server: Server) -> list[int]:
    """The worker holds its journal open, which nobody else does."""
    return [
        pid
        for pid in children(server.pid)
        if any(link.readlink().name.endswith(".journal") for link in Path(f"/proc/{pid}/fd").glob("*"))
    ]


@pytest.mark.process
def test_an_emergency_reaches_the_phones_climbs_and_survives_the_workers_death(tmp_path, receiver: Receiver):
    environment = {
        "JIBAN_DATA": str(tmp_path / "data"),
        "JIBAN_DEMO": "1",
        "JIBAN_PUSH_HOSTS": receiver.host,
        "JIBAN_LADDER_SCALE": "0.005",  # a minute is 0.3 s
        "JIBAN_LOG_LEVEL": "error",
    }
    server = Server(environment)
    server.start()
    try:
        phones = {name: Caller(server.url, name).subscribed(receiver) for name in ("head", "duty", "leader")}

        def came(name: str) -> list[dict[str, Any]]:
            return [json.loads(each) for each in receiver.messages(phones[name])]

        said = call(server.url)
        until(lambda: len(came("head")), 1)
        print(f"at the push service after {time.monotonic() - said:.2f} s")
        (first,) = came("head")[:1]
        assert set(first) == {"v", "alert", "kind"}
        assert (first["v"], first["kind"]) == (1, "urgent_ticket")
        until(lambda: len(came("duty")), 1)  # nobody answers: 10 minutes, 3 s here
        until(lambda: len(came("leader")), 1)
        assert Caller(server.url).ask("GET", "/health")["workers"]["alarms"] == "ok"
        until(lambda: int(Caller(server.url).ask("GET", "/health")["outbox"]["waiting"] == 0), 1)

        before = len(came("head"))
        (worker,) = alarm_workers(server)
        os.kill(worker, signal.SIGKILL)
        call(server.url)
        until(lambda: len(came("head")), before + 1)  # the next one is started and sends it
        assert alarm_workers(server) != [worker]
        assert receiver.messages(phones["head"]).count(json.dumps(first, separators=(",", ":"))) <= 2
    finally:
        server.stop()
    assert list((tmp_path / "data" / "outbox").glob("*")) == []
