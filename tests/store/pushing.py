"""A process of its own (tests/processes.py) that pushes notes, tells what was acknowledged, and may be killed
around a COMMIT."""

import json
import os
import signal
import uuid
from multiprocessing.connection import Connection
from typing import TypedDict

import sqlalchemy as sa

from server.store.engine import engine_options
from server.store.oplog import Oplog
from sync.log import Author
from sync.push import push
from tests.sync.toy import ToyHandler
from tests.sync.world import START_MS

BATCH = 5


def op_of(device: str, thing: str, n: int) -> dict:
    """The operation with this number: always the same, as out of an outbox."""
    return {
        "id": str(uuid.uuid5(uuid.UUID(device), str(n))),
        "n": n,
        "name": "thing.note",
        "v": 1,
        "subject": thing,
        "base": None,
        "at": "2026-11-22T04:00:00.000Z",
        "args": {"text": f"note {n}"},
    }


class Order(TypedDict):
    """What to push; `die`: at the nth COMMIT, "before" or "after" it."""

    url: str
    user: str
    device: str
    thing: str
    batches: int
    from_n: int
    die: tuple[int, str] | None


def main(order: Order, acknowledged: Connection) -> None:
    """Push batch after batch; the ids of each, once they are acknowledged, go back as JSON."""
    engine = sa.create_engine(order["url"], **engine_options(order["url"]))
    log = Oplog(engine, b"a secret of the tests")
    if order["die"]:
        _die_at(engine, *order["die"])
    first = order["from_n"]
    for batch in range(order["batches"]):
        numbers = range(first + batch * BATCH, first + (batch + 1) * BATCH)
        envelope = {
            "user": order["user"],
            "device": order["device"],
            "epoch": None,
            "ops": [op_of(order["device"], order["thing"], n) for n in numbers],
        }
        author = Author(order["user"], actor=frozenset({"town"}))
        answer = push(log, ToyHandler(), envelope, author, START_MS)
        acknowledged.send_bytes(json.dumps([result["id"] for result in answer["results"]]).encode())


def _die_at(engine: sa.Engine, nth: int, side: str) -> None:
    """SIGKILL this process right before, or right after, its nth COMMIT reaches the database."""
    commits = 0
    real = engine.dialect.do_commit

    def do_commit(connection: object) -> None:
        nonlocal commits
        commits += 1
        if commits == nth and side == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        real(connection)  # type: ignore[arg-type]
        if commits == nth and side == "after":
            os.kill(os.getpid(), signal.SIGKILL)

    engine.dialect.do_commit = do_commit  # type: ignore[method-assign]
