"""The simulation has to be able to fail: each rule of the protocol taken out turns some seed red, and says why."""

from collections.abc import Callable
from typing import Any

import pytest

from server.domain import callbacks, clocks
from server.store import oplog
from server.store.snapshot import Snapshot
from sync import digest, pull
from sync.bucket import Positions
from sync.log import Change, FeedRow, Standing
from tests.sim.ground import Ground
from tests.sim.phone import SturdyPhone
from tests.sim.world import run_seed

SEEDS_MAX = 60
Patch = pytest.MonkeyPatch


def receipts_before_their_rows(patch: Patch) -> None:
    real = pull._pull

    def early(snapshot: Any, reader: Any, wish: Any, secret: bytes, words: Any) -> dict[str, Any]:
        answer = real(snapshot, reader, wish, secret, words)
        found = snapshot.receipts(reader.device, reader.person, 0) if answer["more"] else []
        return answer | {"receipts": [*answer["receipts"], *(pull._receipt(each, words) for each in found)]}

    patch.setattr(pull, "_pull", early)


def duplicates_are_not_looked_for(patch: Patch) -> None:
    patch.setattr(oplog.Writing, "known", lambda self, op_ids: {})


def rows_come_whatever_their_bucket(patch: Patch) -> None:
    real = Snapshot.standing

    def standing(self: Snapshot, person: str, device: str) -> Standing:
        told = real(self, person, device)
        return Standing(told.head, told.owner, told.entitled | {"town"})

    patch.setattr(Snapshot, "standing", standing)


def departures_are_not_told(patch: Patch) -> None:
    real = pull._change

    def change(row: FeedRow, now: Any, survivors: Any, entitled: Any) -> dict[str, Any]:
        return real(row, now, survivors, now.buckets if now is not None else entitled)

    patch.setattr(pull, "_change", change)


def a_page_ends_too_far(patch: Patch) -> None:
    real = Positions.advance
    patch.setattr(Positions, "advance", lambda self, seq: real(self, seq + 1))


def a_restore_keeps_the_epoch(patch: Patch) -> None:
    patch.setattr(oplog.Oplog, "new_epoch", lambda self, tx: self.epoch())


def a_copy_asks_for_nothing_under_numbers_used_again(patch: Patch) -> None:
    """The phone sends again only what comes after the restored server's last_n."""
    patch.setattr(SturdyPhone, "_doubt", lambda self, last_n: None)


def the_digest_is_not_kept_up(patch: Patch) -> None:
    real = digest.deltas

    def deltas(changes: Any) -> dict[str, tuple[int, int]]:
        added = [(before, now) for before, now in changes if before is None or before.buckets == now.buckets]
        return real(added)

    patch.setattr(digest, "deltas", deltas)


def a_change_is_published_late(patch: Patch) -> None:
    """The row is written, the feed does not say so: as when a follower's cursor passed it before its commit."""
    real = oplog.publish

    def lossy(connection: Any, changes: list[Change], seq: int, now_ms: int) -> set[str]:
        return real(connection, changes, max(1, seq - 3), now_ms)

    patch.setattr(oplog, "publish", lossy)


def the_first_to_arrive_here_counts(patch: Patch) -> None:
    patch.setattr(clocks, "_when", lambda step: 0)


def the_last_callback_to_arrive_here_counts(patch: Patch) -> None:
    def valid(timeline: Any, cycle: int) -> list[Any]:
        calls = [e for e in timeline if e["name"] == "ticket.callback" and e["cycle"] == cycle]
        return [e for e in calls if "retracted_by" not in e]

    patch.setattr(callbacks, "valid_callbacks", valid)


def the_head_is_a_plain_sequence(patch: Patch) -> None:
    def take(self: oplog.Writing, by: int) -> int:
        with self.connection.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as aside:
            return int(oplog._FORWARD.row(aside, by=by)[0])

    patch.setattr(oplog.Writing, "_take_head", take)


# What is broken, the invariant that says so, and a seed shortly before the first that shows it: rare ones are
# found sooner, and when the simulation changes the search goes on from there.
MUTANTS: list[tuple[Callable[[Patch], None], str, int]] = [
    (receipts_before_their_rows, "I7", 0),
    (duplicates_are_not_looked_for, "", 0),
    (rows_come_whatever_their_bucket, "I4", 0),
    (departures_are_not_told, "I4", 0),
    (a_page_ends_too_far, "I3", 0),
    (a_restore_keeps_the_epoch, "I1", 47),
    (a_copy_asks_for_nothing_under_numbers_used_again, "I1", 13),
    (the_digest_is_not_kept_up, "I3", 0),
    (a_change_is_published_late, "I3", 0),
    (the_first_to_arrive_here_counts, "I10", 10),
    (the_last_callback_to_arrive_here_counts, "I10", 2),
]


@pytest.mark.sim
@pytest.mark.parametrize(
    ("break_it", "invariant", "first"), MUTANTS, ids=[one[0].__name__ for one in MUTANTS]
)
def test_a_protocol_without_its_rule_goes_red(
    ground: Ground, monkeypatch: Patch, break_it: Callable[[Patch], None], invariant: str, first: int
) -> None:
    break_it(monkeypatch)
    assert_goes_red(ground, invariant, first)


@pytest.mark.sim
@pytest.mark.postgres
def test_with_a_plain_sequence_for_a_head_writers_at_the_same_moment_lose_rows(
    postgres_ground: Ground, monkeypatch: Patch
) -> None:
    the_head_is_a_plain_sequence(monkeypatch)
    assert_goes_red(postgres_ground, "I", 1_000)


def assert_goes_red(ground: Ground, invariant: str, first: int) -> None:
    for seed in range(first, first + SEEDS_MAX):
        try:
            wrong = run_seed(ground, seed, [])
        except AssertionError as error:
            wrong = [str(error)]
        if any(line.startswith(invariant) for line in wrong):
            print(f"red at seed {seed}: {wrong[0][:200]}")
            return
    pytest.fail(f"{SEEDS_MAX} seeds saw nothing wrong with it")
