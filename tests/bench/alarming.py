"""How fast an alert is out: at the push service, at an open app, at a thousand devices; and that kills lose none.

Everything is real but the push service, which takes messages at once and writes down when (`push_service`).
"""

import base64
import http.client
import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.alerts import webpush
from server.clock import now_ms
from server.demo.ids import demo_id
from server.demo.people import INTAKE_KEY
from server.store import subscriptions
from server.store.engine import writing
from server.store.subscriptions import Subscribed
from sync.clock import rfc3339
from tests.bench import push_service
from tests.bench.budget import Measured
from tests.bench.push_service import Message
from tests.bench.serving import Phone
from tests.bench.town import VILLAGE, Town
from tests.serving import Server, children

ALARMED = ("worker", "worker2", "head")  # whom an urgent ticket of this village calls at once
SERVED = 200
CROWD = 1_000
KILLS = 20
KILL_STEP_S = 0.02  # each kill comes that much later in what the worker is at
PATIENCE_S = 60.0
_numbers = itertools.count(1)


@dataclass
class PushService:
    """The receiver, seen from here."""

    port: int
    log: Path

    def messages(self) -> list[Message]:
        return push_service.read(self.log)

    def forget(self) -> None:
        """What came so far is not counted again; the receiver appends, so its file may be cut."""
        os.truncate(self.log, 0)


@contextmanager
def receiver(folder: Path) -> Iterator[PushService]:
    """A push service in a process of its own, until the end of the block."""
    log = folder / "pushed.log"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.push_service", str(log)], stdout=subprocess.PIPE, text=True
    )
    try:
        yield PushService(int(process.stdout.readline() if process.stdout else 0), log)
    finally:
        process.kill()
        process.wait()


@dataclass
class CityLine:
    """The city's connection, kept open."""

    port: int
    told: dict[str, int] = field(default_factory=dict)  # ticket → ns at which its answer was here

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def urgent(self) -> str:
        """An urgent ticket at the village; its id."""
        body = {
            "external_no": f"ALARM{next(_numbers):06}",
            "category": "complaint",
            "urgent": True,
            "confidential": False,
            "title": "主干道井盖缺失",
            "content": "井盖不见了。",
            "place": {"village": VILLAGE, "address": "祠堂路口"},
            "received_at": rfc3339(now_ms()),
        }
        headers = {"Authorization": f"Bearer {INTAKE_KEY}", "Content-Type": "application/json"}
        self._connection.request("POST", "/api/v1/intake/tickets", json.dumps(body), headers)
        response = self._connection.getresponse()
        answer = json.loads(response.read())
        if response.status != 201:
            raise RuntimeError(answer)
        self.told[answer["id"]] = time.time_ns()
        return str(answer["id"])


def measure(town: Town, server: Server, push: PushService, kind: str, quick: bool) -> list[Measured]:
    """All of it on one running town."""
    rounds = 10 if quick else 40
    rows = [*_pushed(town, server, push, kind, rounds), *_opened(server, kind, rounds)]
    rows += _crowd(town, server, push, kind)
    return rows + _killed(town, server, push, kind, 200 if quick else 1_000)


def _subscribe(town: Town, push: PushService, of: dict[str, int], phones: Sequence[Phone] = ()) -> None:
    """Exactly so many devices of each person, these phones first, and no other in the town."""
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    raw = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    p256dh = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    auth = base64.urlsafe_b64encode(os.urandom(16)).rstrip(b"=").decode()
    with writing(town.parts.engine) as connection:
        connection.execute(subscriptions.push_subscription.delete())
        for username, count in of.items():
            own = [phone.device for phone in phones if phone.username == username]
            for device in [*own, *(str(uuid.uuid4()) for _ in range(count - len(own)))]:
                endpoint = f"http://localhost:{push.port}/push/{username}.{device}"
                new = Subscribed(device, demo_id("person", username), endpoint, p256dh, auth)
                subscriptions.register(connection, new, now_ms())


def _wait_for(push: PushService, count: int) -> list[Message]:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = push.messages()
        if len(found) >= count:
            return found
        time.sleep(0.02)
    raise RuntimeError(f"{len(push.messages())} of {count} messages came")


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def _one_by_one(server: Server, push: PushService, each: int, rounds: int) -> list[float]:
    """Seconds from the intake's answer to each message, one urgent ticket after the other."""
    line, waits = CityLine(server.port), []
    for _ in range(rounds):
        push.forget()
        answered = line.told[line.urgent()]
        waits += [(message.at_ns - answered) / 1e9 for message in _wait_for(push, each)]
    return waits


def _pushed(town: Town, server: Server, push: PushService, kind: str, rounds: int) -> list[Measured]:
    others = {"worker3": (SERVED - len(ALARMED)) // 2, "head3": SERVED - len(ALARMED) - (SERVED - 3) // 2}
    _subscribe(town, push, dict.fromkeys(ALARMED, 1) | others)
    few = _one_by_one(server, push, len(ALARMED), rounds)
    _subscribe(town, push, {"worker": 67, "worker2": 67, "head": SERVED - 134})
    many = _one_by_one(server, push, SERVED, max(3, rounds // 4))
    return [
        Measured(
            f"intake's answer → push service, 3 of {SERVED} subscriptions, p95, {kind}", _p95(few), "s", 1
        ),
        Measured(f"… all {SERVED} subscriptions alarmed, p95 of the messages", _p95(many), "s", 1),
    ]


def _crowd(town: Town, server: Server, push: PushService, kind: str) -> list[Measured]:
    _subscribe(town, push, {"worker": 334, "worker2": 333, "head": CROWD - 667})
    push.forget()
    line = CityLine(server.port)
    answered = line.told[line.urgent()]
    last = max(message.at_ns for message in _wait_for(push, CROWD))
    return [
        Measured(f"an alert to {CROWD:,} devices, until the last, {kind}", (last - answered) / 1e9, "s", 10)
    ]


def _opened(server: Server, kind: str, rounds: int) -> list[Measured]:
    """An open app: woken by the stream, it pulls, and holds the alert."""
    phone, line = Phone(server.port, "worker"), CityLine(server.port)
    phone.pull_all()
    stream = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    stream.request("GET", "/api/v1/sync/pokes", headers=phone.cookies)
    lines = stream.getresponse()
    poked = threading.Semaphore(0)

    def listen() -> None:
        while text := lines.readline():
            if text.startswith(b"event: poke"):
                poked.release()

    threading.Thread(target=listen, daemon=True).start()
    waits = []
    for _ in range(rounds):
        ticket = line.urgent()
        waits.append((_alarmed_at(phone, poked, ticket) - line.told[ticket]) / 1e9)
    return [Measured(f"intake's answer → alert in an open app, p95, {kind}", max(0.0, _p95(waits)), "s", 1)]


def _alarmed_at(phone: Phone, poked: threading.Semaphore, ticket: str) -> int:
    while poked.acquire(timeout=PATIENCE_S):
        more = True
        while more:
            _, page, _ = phone.pull_page()
            more = page["more"]
            for change in page["changes"]:
                if change["type"] == "alert" and change.get("doc", {}).get("subject", {}).get("id") == ticket:
                    return time.time_ns()
    raise RuntimeError("no alert came")


def _killed(town: Town, server: Server, push: PushService, kind: str, alerts: int) -> list[Measured]:
    """The worker is killed again and again while alerts go out; each must reach the push service, once.

    The phones tell what came to them, as the app does: what was under way at a kill is sent again without that.
    """
    phones = [Phone(server.port, username) for username in ALARMED]
    _subscribe(town, push, dict.fromkeys(ALARMED, 1), phones)
    push.forget()
    over = threading.Event()
    for phone in phones:
        threading.Thread(target=_tell_what_came, args=(phone, push, over), daemon=True).start()
    tickets = -(-alerts // len(ALARMED))
    every = max(1, tickets // KILLS)
    line, kills = CityLine(server.port), 0
    for i in range(tickets):
        line.urgent()
        if i % every == every // 2 and kills < KILLS:
            _kill_worker(server, after_s=KILL_STEP_S * kills)
            kills += 1
    wanted = tickets * len(ALARMED)
    deadline = time.monotonic() + 2 * PATIENCE_S
    while time.monotonic() < deadline and len(_counted(push)) < wanted:
        time.sleep(0.1)
    time.sleep(5)  # whatever is still to come twice
    over.set()
    counts = _counted(push)
    doubles = sum(counts.values()) - len(counts)
    return [
        Measured(f"alerts skipped, of {wanted:,} with the worker killed {kills} times, {kind}",
                 wanted - len(counts), "", 0),
        Measured("… requests sent twice (same topic, so the push service replaces the first)", doubles, "", 0),
    ]  # fmt: skip


def _tell_what_came(phone: Phone, push: PushService, over: threading.Event) -> None:
    """Receipts for whatever was pushed to this phone, until it is over. It knows an alert by its topic."""
    alerts: dict[str, str] = {}
    told: set[str] = set()
    while not over.wait(0.05):
        came = {each.topic for each in push.messages() if each.subscription.endswith(phone.device)} - told
        if came - alerts.keys():
            alerts |= {webpush.topic(id_): id_ for id_ in phone.pull_alerts()}
        known = came & alerts.keys()
        if known:
            receipts = [
                {"alert": alerts[each], "channel": "push", "state": "delivered", "age_ms": 0}
                for each in known
            ]
            phone.post("/alerts/receipts", {"device": phone.device, "receipts": receipts})
            told |= known


def _counted(push: PushService) -> Counter[tuple[str, str]]:
    return Counter((message.subscription, message.topic) for message in push.messages())


def _kill_worker(server: Server, after_s: float) -> None:
    """SIGKILL the alarm worker, `after_s` after it is there: the one before may just have been killed."""
    deadline = time.monotonic() + PATIENCE_S
    while (pid := _worker(server)) is None:
        if time.monotonic() > deadline:
            raise RuntimeError("there is no alarm worker to kill")
        time.sleep(0.01)
    time.sleep(after_s)
    os.kill(pid, signal.SIGKILL)


def _worker(server: Server) -> int | None:
    """The alarm worker, found by the journal that it holds open."""
    for pid in children(server.pid):
        for link in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                if link.readlink().name.endswith(".journal"):
                    return pid
            except OSError:
                continue
    return None
