"""The faults of SYNC.md between a phone and the server, and around the server's COMMIT; all from one dice."""

import json
import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy.engine import Engine

from tests.device import Answer, Lost, Transport

LINE = (
    "lost",
    "answer lost",
    "twice",
    "late",
    "cut request",
    "cut answer",
    "portal",
    "portal json",
    "session ended",
    "csrf",
    "413",
    "429",
    "502",
)
COMMIT = ("locked", "deadlock", "full", "gone", "died after")


class Trouble:
    """How often things go wrong in this seed; `on` false: never."""

    def __init__(self, dice: random.Random, note: Callable[[str], None]) -> None:
        self.dice = dice
        self.note = note
        self.on = True
        self.line = dice.choice((0.0, 0.15, 0.3, 0.5))
        self.commit = dice.choice((0.0, 0.0, 0.03, 0.08))
        self.local = dice.choice((0.0, 0.05, 0.15))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing goes wrong inside."""
        was, self.on = self.on, False
        try:
            yield
        finally:
            self.on = was

    def draw(self, chance: float, *kinds: str) -> str | None:
        """One of the kinds, or nothing."""
        if not self.on or self.dice.random() >= chance:
            return None
        kind = self.dice.choice(kinds)
        self.note(f"  ! {kind}")
        return kind


class BadLine(Transport):
    """A line that loses, repeats, delays and spoils what goes over `/sync` and `/session`."""

    def __init__(self, client: FlaskClient, true_ms: Callable[[], int], trouble: Trouble) -> None:
        super().__init__(client, true_ms)
        self.trouble = trouble
        self.held: list[tuple[str, str, Any, dict[str, str]]] = []

    def send(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        told = dict(headers or {})
        if self.held and self.trouble.dice.random() < 0.3:
            self.deliver()
        kind = self.trouble.draw(self.trouble.line, *LINE)
        if kind is None:
            return super().send(method, path, body, told)
        if kind in {"portal", "portal json", "429", "502", "413"}:
            return self._from_a_stranger(kind, method, path, body, told)
        return self._spoiled(kind, method, path, body, told)

    def deliver(self) -> None:
        """What was held up on the way arrives; nobody waits for the answers any more."""
        held, self.held = self.held, []
        for each in held:
            super().send(*each)

    def _spoiled(self, kind: str, method: str, path: str, body: Any, told: dict[str, str]) -> Answer:
        if kind == "lost":
            raise Lost(kind)
        if kind == "late":
            self.held.append((method, path, json.loads(json.dumps(body)), told))
            raise Lost(kind)
        if kind == "cut request" and body is not None:
            self._cut(method, path, body, told)
        if kind == "session ended":
            super().send("DELETE", "/session", None, told)
        if kind == "csrf":
            told["X-CSRF-Token"] = "of another time"
        answer = super().send(method, path, body, told)
        if kind == "twice":
            again = super().send(method, path, body, told)
            return self.trouble.dice.choice((answer, again))
        if kind == "answer lost":
            raise Lost(kind)
        return Answer(answer.status, None, answer.headers) if kind == "cut answer" else answer

    def _cut(self, method: str, path: str, body: Any, told: dict[str, str]) -> None:
        text = json.dumps(body)
        part = text[: self.trouble.dice.randrange(len(text))]
        told = told | {"Content-Type": "application/json"}
        answer = self.client.open("/api/v1" + path, method=method, data=part, headers=told)
        if answer.status_code < 400:
            raise AssertionError(f"half a request was answered {answer.status_code}")
        raise Lost("cut request")

    def _from_a_stranger(self, kind: str, method: str, path: str, body: Any, told: dict[str, str]) -> Answer:
        """Answers of a portal or proxy, which never reach us; a small request passes the 413."""
        if kind == "413" and len((body or {}).get("ops", ())) < 3:
            return super().send(method, path, body, told)
        if kind == "portal json":
            return Answer(200, {"ok": True, "last_n": 1, "results": []}, {"Content-Type": "application/json"})
        return Answer({"portal": 200}.get(kind) or int(kind), None, {"Content-Type": "text/html"})


class CommitTrouble:
    """COMMIT fails, or the answer to it is lost: raised from the driver, as SQLite and PostgreSQL do."""

    def __init__(self, engine: Engine) -> None:
        self.trouble: Trouble | None = None
        self.linger_s = 0.0  # transactions stay open for up to this long
        self._commit = engine.dialect.do_commit
        self._errors = _sqlite_errors() if engine.dialect.name == "sqlite" else _postgres_errors()
        engine.dialect.do_commit = self._do_commit  # type: ignore[method-assign]

    def _do_commit(self, connection: Any) -> None:
        kind = self.trouble.draw(self.trouble.commit, *COMMIT) if self.trouble else None
        if kind is not None and kind != "died after":
            raise self._errors[kind]
        if self.linger_s:
            time.sleep(random.uniform(0, self.linger_s))
        self._commit(connection)
        if kind == "died after":
            raise self._errors["gone"]


def _sqlite_errors() -> dict[str, Exception]:
    return {
        "locked": sqlite3.OperationalError("database is locked"),
        "deadlock": sqlite3.OperationalError("database table is locked: database is locked"),
        "full": sqlite3.OperationalError("database or disk is full"),
        "gone": sqlite3.OperationalError("disk I/O error"),
    }


def _postgres_errors() -> dict[str, Exception]:
    from psycopg import errors

    return {
        "locked": errors.LockNotAvailable("canceling statement due to lock timeout"),
        "deadlock": errors.DeadlockDetected("deadlock detected"),
        "full": errors.DiskFull("could not extend file"),
        "gone": errors.AdminShutdown("terminating connection due to administrator command"),
    }
