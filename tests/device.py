"""A simulated phone over the real app: an outbox that only receipts empty, base rows, a cursor, a clock of its own.

It keeps the rules of SYNC.md “Client rules” in their plainest form; faults are put into its `Transport`.
"""

import hashlib
import json
import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient

from sync.clock import parse_rfc3339, rfc3339
from sync.op import uuid7

MASK_64 = (1 << 64) - 1


class Lost(Exception):
    """The request or its answer was lost; raised by transports with faults."""


@dataclass
class Answer:
    status: int
    json: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> str | None:
        """The error's code, None if there is none."""
        return self.json["error"]["code"] if isinstance(self.json, dict) and "error" in self.json else None


class Transport:
    """How a browser reaches the app. Subclasses lose, repeat or spoil requests."""

    def __init__(self, client: FlaskClient, true_ms: Callable[[], int]) -> None:
        self.client = client
        self.true_ms = true_ms

    def send(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        told = {**(headers or {}), "Content-Type": "application/json"}
        text = (
            None if body is None else json.dumps(body)
        )  # as JSON.stringify: half a surrogate pair is escaped
        response = self.client.open("/api/v1" + path, method=method, data=text, headers=told)
        return Answer(response.status_code, response.get_json(silent=True), dict(response.headers))


@dataclass
class Pending:
    """An operation of the outbox, as it goes over the wire but for what is stamped per attempt."""

    raw: dict[str, Any]
    outcome: str | None = None  # what the last push said; only a receipt removes it


@dataclass
class Base:
    """What a pull filled: rows by (type, id), and the cursor that goes with them."""

    rows: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    buckets: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    cursor: str | None = None


class Phone:
    """One browser of one person."""

    def __init__(self, transport: Transport, username: str, password: str, device: str | None = None) -> None:
        self.transport = transport
        self.username = username
        self.password = password
        self.device = device or str(uuid.uuid4())
        self.skew_ms = 0  # how far this phone's wall clock is ahead of the truth
        self.origin = uuid.uuid4().hex[:8]
        self.origin_true_ms = transport.true_ms()
        self.epoch: str | None = None
        self.last_n = 0
        self.outbox: list[Pending] = []
        self.receipts: dict[str, dict[str, Any]] = {}
        self.problems: list[dict[str, Any]] = []
        self.gone: dict[str, dict[str, Any]] = {}
        self.base = Base()
        self.anchor: dict[str, Any] | None = None
        self.offset: tuple[float, float] | None = None
        self.user: dict[str, Any] = {}
        self.csrf = ""
        self.digest: dict[str, Any] = {}
        self.sign_in()

    # Signing in and plain requests

    def sign_in(self) -> Answer:
        answer = self.transport.send(
            "POST", "/session", {"username": self.username, "password": self.password}
        )
        if answer.status == 200:
            self.user, self.csrf = answer.json["user"], answer.json["csrf"]
        return answer

    def request(self, method: str, path: str, body: Any = None) -> Answer:
        """A call with this session and its CSRF token."""
        return self.transport.send(method, path, body, {"X-CSRF-Token": self.csrf})

    def get(self, path: str) -> Answer:
        return self.request("GET", path)

    def post(self, path: str, body: Any = None) -> Answer:
        return self.request("POST", path, body)

    # The phone's clocks

    def wall_ms(self) -> int:
        return self.transport.true_ms() + self.skew_ms

    def mono_ms(self) -> float:
        return float(self.transport.true_ms() - self.origin_true_ms)

    def restart(self) -> None:
        """The app was killed and opened again: another page life, everything durable kept."""
        self.origin = uuid.uuid4().hex[:8]
        self.origin_true_ms = self.transport.true_ms()
        self.offset = None

    def _clock(self) -> dict[str, Any] | None:
        if self.anchor is None:
            return None
        same_life = self.anchor["origin"] == self.origin
        return {
            "anchor": self.anchor["anchor"],
            "anchor_device_at": rfc3339(self.anchor["device_ms"]),
            "anchor_mono_ms": self.anchor["mono_ms"] if same_life else None,
            "origin": self.origin,
            "mono_ms": self.mono_ms(),
            "uncertainty_ms": 20.0,
        }

    def _sample(self, time: Mapping[str, str]) -> None:
        server_ms = parse_rfc3339(time["server_at"])
        self.anchor = {
            "anchor": time["anchor"],
            "device_ms": self.wall_ms(),
            "mono_ms": self.mono_ms(),
            "origin": self.origin,
        }
        self.offset = (float(server_ms - self.wall_ms()), 20.0)

    # Work

    def act(
        self,
        name: str,
        subject: str,
        args: Mapping[str, Any] | None = None,
        *,
        base: int | str | None = "seen",
    ) -> str:
        """A tap: the operation is in the outbox, durable; its id. `base` "seen": the row's revision here."""
        if base == "seen":
            base = self.base.rows.get(("ticket", subject), {}).get("rev")
        self.last_n += 1
        op = {
            "id": uuid7(self.wall_ms()),
            "n": self.last_n,
            "name": name,
            "v": 1,
            "subject": subject,
            "base": base,
            "at": rfc3339(self.wall_ms()),
            "clock": self._clock(),
            "args": dict(args or {}),
        }
        self.outbox.append(Pending(op))
        return str(op["id"])

    def envelope(self, pending: list[Pending] | None = None) -> dict[str, Any]:
        ops = self.outbox[:100] if pending is None else pending
        offset, uncertainty = self.offset or (None, None)
        return {
            "user": self.user["id"],
            "device": self.device,
            "epoch": self.epoch,
            "schema": 1,
            "sent_at": rfc3339(self.wall_ms()),
            "offset_ms": offset,
            "offset_uncertainty_ms": uncertainty,
            "ops": [each.raw for each in ops],
        }

    def push(self) -> Answer:
        """One push of the outbox; nothing leaves it before its receipt comes with a pull."""
        answer = self.post("/sync/push", self.envelope())
        if answer.status == 200:
            self._sample(answer.json["time"])
            outcomes = {result["id"]: result for result in answer.json["results"]}
            for pending in self.outbox:
                told = outcomes.get(pending.raw["id"])
                pending.outcome = told["outcome"] if told else pending.outcome
        elif answer.code == "epoch":
            self.epoch = answer.json["error"]["details"]["epoch"]
            self.base = Base()
        return answer

    def pull(self, *, limit: int = 500, digest: bool = False, refill: list[str] | None = None) -> Answer:
        """Pull until there is no more; pages are stored one by one, a reset sweeps at its end."""
        seen: set[tuple[str, str]] | None = None
        while True:
            body = {
                "user": self.user["id"],
                "device": self.device,
                "epoch": self.epoch,
                "schema": 1,
                "cursor": self.base.cursor,
                "limit": limit,
                "digest": digest,
            }
            if refill:
                body["refill"] = refill
            answer = self.post("/sync/pull", body)
            refill = None
            if answer.status != 200:
                return answer
            page = answer.json
            self._sample(page["time"])
            self.epoch = page["epoch"]
            if page["reset"] and seen is None:
                seen = set()
                swept = page["reset"]
            self._store(page, seen)
            if not page["more"]:
                break
        if seen is not None:
            self._sweep(seen, swept)
        self.digest = page.get("digest") or {}
        return answer

    def _store(self, page: Mapping[str, Any], seen: set[tuple[str, str]] | None) -> None:
        for change in page["changes"]:
            key = (change["type"], change["id"])
            if "gone" in change:
                self.base.rows.pop(key, None)
                self.base.buckets.pop(key, None)
                self.gone[change["id"]] = change
            else:
                self.base.rows[key] = change["doc"]
                self.base.buckets[key] = change["buckets"]
                if seen is not None:
                    seen.add(key)
        for receipt in page.get("receipts") or []:
            self.receipts[receipt["id"]] = receipt
            if receipt["outcome"] == "refused":
                self.problems.append(receipt)
        self.outbox = [each for each in self.outbox if each.raw["id"] not in self.receipts]
        self.base.cursor = page["cursor"]

    def _sweep(self, seen: set[tuple[str, str]], reset: Any) -> None:
        for key in list(self.base.rows):
            in_reset = reset == "all" or set(self.base.buckets.get(key, [])) & set(reset)
            if in_reset and key not in seen:
                del self.base.rows[key]
                self.base.buckets.pop(key, None)

    def sync(self) -> None:
        """Push what waits, then pull; what the signal's return does."""
        while any(each.outcome is None for each in self.outbox):
            answer = self.push()
            assert answer.status == 200, answer.json
        answer = self.pull()
        assert answer.status == 200, answer.json

    def do(
        self, name: str, subject: str, args: Mapping[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """Tap and sync at once; the receipt."""
        if ("ticket", subject) not in self.base.rows:
            self.sync()
        id_ = self.act(name, subject, args, **more)
        self.sync()
        return self.receipts[id_]

    # What the screen shows

    @property
    def tickets(self) -> dict[str, dict[str, Any]]:
        return {id_: doc for (type_, id_), doc in self.base.rows.items() if type_ == "ticket"}

    def ticket(self, id_: str) -> dict[str, Any]:
        return self.base.rows["ticket", id_]

    def own_digest(self) -> dict[str, dict[str, Any]]:
        """Count and checksum per bucket of what this phone holds, to compare with the server's."""
        sums: dict[str, list[int]] = {}
        for (type_, id_), doc in self.base.rows.items():
            mark = hashlib.sha256(f"{type_}|{id_}|{doc['rev']}".encode()).digest()[:8]
            for bucket in self.base.buckets[type_, id_]:
                count_sum = sums.setdefault(bucket, [0, 0])
                count_sum[0] += 1
                count_sum[1] = count_sum[1] + int.from_bytes(mark, "big") & MASK_64
        return {
            bucket: {"count": count, "checksum": f"{total:016x}"} for bucket, (count, total) in sums.items()
        }


def photo(at: str, data: bytes | None = None) -> dict[str, Any]:
    """A photo as an operation names it; its bytes are anything."""
    data = data or os.urandom(64)
    return {
        "id": str(uuid.uuid4()),
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "width": 1280,
        "height": 960,
        "taken_at": at,
    }
