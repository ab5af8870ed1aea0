"""Whoever follows the head gets every row, whatever the writers do (SYNC.md: one commit-ordered counter)."""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

from server.store import oplog
from server.store.oplog import Oplog
from server.store.snapshot import Snapshot
from server.store.tables_sync import operation, sync_head
from sync.log import Standing
from tests.sync.world import Phone, World, outcomes

WRITERS, BATCHES = 6, 12


@pytest.mark.postgres
def test_a_reader_behind_concurrent_writers_gets_every_row(postgres_log: Oplog) -> None:
    world = World(postgres_log)
    world.person("lead", "town")
    shared = [world.thing("town", text="shared") for _ in range(3)]
    writers = [_writer(world, number) for number in range(WRITERS)]
    reader = world.phone("lead")
    errors = _at_once([lambda p=phone: _write(p, shared) for phone in writers], lambda: reader.pull(limit=7))
    assert errors == []
    reader.pull(limit=7)
    expected = {*shared, *(made for phone in writers for made in phone.rows)}
    assert set(reader.rows) == expected
    reader.assert_whole()
    noted = sum(len(reader.rows[thing]["doc"]["notes"]) for thing in shared)
    assert noted == WRITERS * BATCHES * len(shared)


@pytest.mark.postgres
def test_concurrent_writers_lose_and_double_no_operation(postgres_log: Oplog) -> None:
    world = World(postgres_log)
    shared = [world.thing("town") for _ in range(2)]
    writers = [_writer(world, number) for number in range(4)]
    assert _at_once([lambda p=phone: _write(p, shared) for phone in writers]) == []
    for phone in writers:
        phone.pull()
        assert sorted(receipt["n"] for receipt in phone.receipts.values()) == list(range(1, phone.n + 1))
        phone.assert_whole()


@pytest.mark.postgres
@pytest.mark.parametrize(("counter", "lost"), [("head", 0), ("plain sequence", 1)])
def test_a_slow_commit_is_waited_for_where_a_plain_sequence_would_be_overtaken(
    postgres_log: Oplog, monkeypatch: pytest.MonkeyPatch, counter: str, lost: int
) -> None:
    """The proof that the tests above can fail: with a plain sequence the very same reader loses the row.

    Two buckets, for in one bucket the writers would also wait for each other at its digest.
    """
    if counter == "plain sequence":
        _plain_sequence(postgres_log, monkeypatch)
    world = World(postgres_log)
    world.person("lead", "town", "grid:1")
    reader = world.phone("lead")
    stamped, go_on = threading.Event(), threading.Event()
    real = oplog.Writing.stamp

    def slow_stamp(tx: oplog.Writing) -> set[str]:
        touched = real(tx)
        if threading.current_thread().name == "slow":
            stamped.set()
            go_on.wait(10)
        return touched

    monkeypatch.setattr(oplog.Writing, "stamp", slow_stamp)
    slow = threading.Thread(target=lambda: world.thing("town", text="slow"), name="slow")
    quick = threading.Thread(target=lambda: world.thing("grid:1", text="quick"))
    slow.start()
    assert stamped.wait(10)
    quick.start()
    quick.join(0.5)
    reader.pull()
    go_on.set()
    slow.join()
    quick.join()
    reader.pull()
    assert 2 - len(reader.rows) == lost


def _plain_sequence(log: Oplog, monkeypatch: pytest.MonkeyPatch) -> None:
    with log.engine.begin() as connection:
        connection.exec_driver_sql("DROP SEQUENCE IF EXISTS plain")
        connection.exec_driver_sql("CREATE SEQUENCE plain START 1000")

    def take(tx: oplog.Writing, _by: int) -> int:
        return int(tx.connection.exec_driver_sql("SELECT nextval('plain')").scalar_one())

    real = Snapshot.standing

    def standing(snapshot: Snapshot, person: str, device: str) -> Standing:
        newest = snapshot.connection.exec_driver_sql("SELECT coalesce(max(seq), 0) FROM feed").scalar_one()
        stood = real(snapshot, person, device)
        return replace(stood, head=stood.head._replace(seq=int(newest)))

    monkeypatch.setattr(oplog.Writing, "_take_head", take)
    monkeypatch.setattr(Snapshot, "standing", standing)


def test_writers_of_many_threads_queue_on_sqlite(sqlite_log: Oplog) -> None:
    world = World(sqlite_log)
    shared = [world.thing("town") for _ in range(2)]
    writers = [_writer(world, number) for number in range(8)]
    assert _at_once([lambda p=phone: _write(p, shared, batches=5) for phone in writers]) == []
    with sqlite_log.engine.connect() as connection:
        stored = connection.execute(sa.select(sa.func.count()).select_from(operation)).scalar_one()
        seqs = connection.execute(sa.select(sync_head.c.seq)).scalar_one()
    made_and_noted = 8 * 5 * (1 + len(shared))
    assert stored == made_and_noted + len(shared)
    assert seqs >= stored / 4


@pytest.mark.postgres
def test_the_same_operation_pushed_by_two_phones_at_once_works_once(postgres_log: Oplog) -> None:
    """A cloned phone: both ask before either has written; the loser runs again and finds a duplicate."""
    world = World(postgres_log)
    world.person("mei", "town")
    things = [world.thing("town") for _ in range(10)]
    one, two = world.phone("mei"), world.phone("mei")
    ops = [one.note(thing) for thing in things]
    answers: list[list[str]] = []
    barrier = threading.Barrier(2)

    def send(phone: Phone) -> None:
        barrier.wait()
        answers.append(outcomes(phone.push(*ops)))

    assert _at_once([lambda: send(one), lambda: send(two)]) == []
    assert sorted(answers) == [["applied"] * 10, ["duplicate/applied"] * 10]
    one.pull()
    assert all(len(row["doc"]["notes"]) == 1 for row in one.rows.values())


@pytest.mark.postgres
def test_a_deadlock_is_run_again(postgres_log: Oplog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two writers that lock two rows in opposite order: one loses, runs again, and both are applied."""
    world = World(postgres_log)
    world.person("mei", "town")
    first, second = world.thing("town"), world.thing("town")
    barrier = threading.Barrier(2)
    real = world.handler.open

    def unsorted_open(tx: oplog.Writing, subjects: list[str], author: object) -> object:
        pair = [first, second] if threading.current_thread().name == "forward" else [second, first]
        tx.rows("thing", pair[:1])
        with contextlib.suppress(threading.BrokenBarrierError):
            barrier.wait(0.5)
        tx.rows("thing", pair[1:])
        return real(tx, subjects, author)  # type: ignore[arg-type]

    monkeypatch.setattr(world.handler, "open", unsorted_open)
    phones = [world.phone("mei"), world.phone("mei")]
    told: list[list[str]] = []

    def send(phone: Phone) -> None:
        told.append(outcomes(phone.push(phone.note(first), phone.note(second))))

    assert _at_once([lambda p=phone: send(p) for phone in phones], names=["forward", "backward"]) == []
    assert told == [["applied", "applied"]] * 2


def _writer(world: World, number: int) -> Phone:
    world.person(f"writer {number}", "town")
    return world.phone(f"writer {number}")


def _write(phone: Phone, shared: list[str], batches: int = BATCHES) -> None:
    """Each batch makes a thing of its own and notes on all shared ones, in no particular order."""
    for number in range(batches):
        id_ = f"{phone.device[:24]}{number:012x}"
        order = shared if number % 2 else shared[::-1]
        ops = [phone.op("thing.put", id_, v=2, text="own", buckets=["town"]), *(phone.note(t) for t in order)]
        assert set(outcomes(phone.push(*ops))) == {"applied"}
        phone.rows[id_] = {}


def _at_once(
    jobs: list[Callable[[], object]],
    meanwhile: Callable[[], object] | None = None,
    names: list[str] | None = None,
) -> list[BaseException]:
    """Run the jobs in threads, and `meanwhile` again and again until they end; their errors."""
    errors: list[BaseException] = []

    def guarded(job: Callable[[], object]) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - shown by the test
            errors.append(error)

    threads = [
        threading.Thread(target=guarded, args=(job,), name=names[i] if names else None)
        for i, job in enumerate(jobs)
    ]
    for thread in threads:
        thread.start()
    while meanwhile is not None and any(thread.is_alive() for thread in threads):
        meanwhile()
    for thread in threads:
        thread.join()
    return errors
