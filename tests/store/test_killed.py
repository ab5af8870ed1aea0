"""Real processes killed with SIGKILL: acknowledged means stored, exactly once (I1), and nothing by halves."""

import json
import random
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import pytest
import sqlalchemy as sa

from server.store.oplog import Oplog
from server.store.tables_sync import device, operation, published
from tests.processes import context, ended, started
from tests.store import pushing
from tests.store.pushing import BATCH, Order, op_of
from tests.sync.world import Phone, World, outcomes


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def log(request: pytest.FixtureRequest) -> Oplog:
    return request.getfixturevalue(f"{request.param}_log")


@dataclass
class Pusher:
    """A phone whose server process can be killed."""

    world: World
    phone: Phone
    thing: str
    acknowledged: list[str] = field(default_factory=list)
    process: BaseProcess = field(init=False)
    ear: Connection = field(init=False)

    def start(self, *, batches: int, from_n: int, die: tuple[int, str] | None = None) -> None:
        order = Order(
            url=self.world.log.engine.url.render_as_string(hide_password=False),
            user=self.phone.user,
            device=self.phone.device,
            thing=self.thing,
            batches=batches,
            from_n=from_n,
            die=die,
        )
        self.ear, mouth = context.Pipe(duplex=False)
        self.process = started(pushing.main, order, mouth)
        mouth.close()  # the process has the only one: when it ends there is no more to hear

    def hear_once(self) -> None:
        """Wait for the next batch that is acknowledged."""
        self.acknowledged += json.loads(self.ear.recv_bytes())

    def hear(self) -> int:
        """Take in what it acknowledged until it ended; its exit code."""
        with suppress(EOFError, OSError):  # at the end, and in the middle of a word
            while True:
                self.hear_once()
        self.ear.close()
        return ended(self.process)

    def assert_nothing_by_halves(self) -> int:
        """I1, and that log, document, device and digest agree; the last number."""
        with self.world.log.engine.connect() as connection:
            stored = dict(
                connection.execute(
                    sa.select(operation.c.id, operation.c.n).where(operation.c.device == self.phone.device)
                ).all()
            )
            last_n = connection.execute(
                sa.select(device.c.last_n).where(device.c.id == self.phone.device)
            ).scalar()
            doc = connection.execute(
                sa.select(published.c.doc).where(published.c.id == self.thing)
            ).scalar_one()
        assert set(self.acknowledged) <= set(stored)
        assert sorted(stored.values()) == list(range(1, (last_n or 0) + 1))
        noted = [note[1] for note in json.loads(doc).get("notes", []) if note[1] in stored]
        assert sorted(noted) == sorted(stored)
        reader = self.world.phone("mei")
        reader.assert_whole()
        return last_n or 0

    def send_again(self, up_to: int) -> list[str]:
        """The phone never heard; it sends everything once more."""
        self.phone.n = up_to
        told = []
        for first in range(1, up_to + 1, BATCH):
            ops = [op_of(self.phone.device, self.thing, n) for n in range(first, first + BATCH)]
            told += outcomes(self.phone.push(*ops))
        return told


@pytest.fixture
def pusher(log: Oplog) -> Pusher:
    world = World(log)
    world.person("mei", "town")
    return Pusher(world, world.phone("mei"), world.thing("town"))


@pytest.mark.process
@pytest.mark.parametrize(("side", "stored"), [("before", 1), ("after", 2)])
def test_killed_around_commit_the_batch_is_there_whole_or_not_at_all(
    pusher: Pusher, side: str, stored: int
) -> None:
    pusher.start(batches=4, from_n=1, die=(2, side))
    assert pusher.hear() == -signal.SIGKILL
    assert len(pusher.acknowledged) == BATCH
    assert pusher.assert_nothing_by_halves() == stored * BATCH
    told = pusher.send_again(2 * BATCH)
    assert told == ["duplicate/applied"] * stored * BATCH + ["applied"] * (2 - stored) * BATCH
    assert pusher.assert_nothing_by_halves() == 2 * BATCH


@pytest.mark.process
def test_killed_at_any_moment_nothing_acknowledged_is_lost(pusher: Pusher) -> None:
    dice = random.Random(1)
    for _ in range(4):
        last_n = pusher.assert_nothing_by_halves()
        pusher.start(batches=10_000, from_n=last_n + 1)
        pusher.hear_once()
        time.sleep(dice.uniform(0.0, 0.15))
        pusher.process.kill()
        assert pusher.hear() == -signal.SIGKILL
    last_n = pusher.assert_nothing_by_halves()
    assert last_n >= len(pusher.acknowledged) > 0
    assert set(pusher.send_again(last_n)) == {"duplicate/applied"}


@pytest.mark.process
def test_processes_write_side_by_side_and_one_that_is_killed_holds_up_nobody(log: Oplog) -> None:
    world = World(log)
    world.person("mei", "town")
    pushers = [Pusher(world, world.phone("mei"), world.thing("town")) for _ in range(3)]
    victim, *others = pushers
    victim.start(batches=10_000, from_n=1)
    for other in others:
        other.start(batches=12, from_n=1)
    victim.hear_once()
    victim.process.kill()
    assert victim.hear() == -signal.SIGKILL
    for other in others:
        assert other.hear() == 0
        assert len(other.acknowledged) == 12 * BATCH
    for each in pushers:
        each.assert_nothing_by_halves()
