"""Sends what the outbox holds: claim, send on the lane of the other side, note the answers together.

The database row is the truth. A round takes only as many rows as its lanes have room for, so little lies claimed and
idle; answers are written together while others are still on their way.
"""

import math
import queue
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog
from prometheus_client import Counter, Histogram
from sqlalchemy.engine import Connection, Engine

from server.alerts.journal import Journal, Left, left_behind, let_go
from server.alerts.lanes import Lanes
from server.alerts.outcome import Outcome, next_try_ms
from server.store import channels, deliveries, subscriptions
from server.store.deliveries import Claimed, Result
from server.store.engine import reading, writing

STALE_MS = 45_000  # a claim so old belongs to a worker whose machine is gone
RENEW_MS = 10_000
RECEIPT_MS = 3_000  # a send that nobody saw end waits so long for the phone's receipt before it is repeated
ANSWERS_MAX = 200
WAIT_S = 1.0  # so long for the first answer, while there is nothing to take
GATHER_S = 0.03  # answers that come within this time of each other share a commit

SENDS = Counter("jiban_deliveries_total", "Attempts to send, by channel and outcome", ["channel", "outcome"])
WAITED = Histogram(
    "jiban_delivery_seconds",
    "From being due to being taken by the other side",
    ["channel"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)

logger = structlog.get_logger(__name__)
Courier = Callable[[Claimed, int], Outcome]  # (what, now in ms) → what became of it; never raises


class Outbox:
    """One worker's hands. `flush` is called by one thread only."""

    def __init__(
        self, engine: Engine, folder: Path, courier: Courier, threads: int, clock: Callable[[], int]
    ) -> None:
        self._engine = engine
        self._folder = folder
        self._courier = courier
        self._clock = clock
        self.journal = Journal(folder)
        self._lanes = Lanes(threads)
        self._answers: queue.SimpleQueue[tuple[Claimed, Result] | None] = queue.SimpleQueue()
        self._nudged = False
        self._renewed_ms = clock()
        self._stop = threading.Event()

    def flush(self, for_s: float = math.inf) -> int:
        """Send all that is due → how many rows got their answer.

        After `for_s` what is still on its way is left to the next call: a push service that hangs (FCM is blocked
        in mainland China) must not keep the worker from its ladders.
        """
        done, until = 0, time.monotonic() + for_s
        while not self._stop.is_set() and time.monotonic() < until:
            taken = self._take()
            if not taken and not self.busy:
                break
            done += self._write_answers(wait=not taken)
            self._hold_on()
        if done and not self.busy:
            self.journal.settle()
        return done

    def nudge(self) -> None:
        """There is something new to send: do not wait for the answer to what is on its way. From any thread."""
        if not self._nudged:  # one is enough, however often it rings
            self._nudged = True
            self._answers.put(None)

    @property
    def busy(self) -> bool:
        """Whether something is claimed and not yet written back."""
        return self._lanes.flying > 0

    def recover(self) -> int:
        """Take over what workers left that were killed → how many rows are due again."""
        again = 0
        for path, handle, left in left_behind(self._folder):
            done = False
            try:
                again += self._take_over(left)
                done = True
            finally:
                let_go(path, handle, done=done)
        now = self._clock()
        with writing(self._engine) as connection:
            again += deliveries.put_back_stale(connection, now - STALE_MS, now)
            deliveries.expire(connection, now)
        return again

    def close(self) -> None:
        """Let what is on its way come to its end, and note it."""
        self._stop.set()
        self._lanes.close()
        while self.busy:
            if not self._write_answers(wait=False):
                break
        if not self.busy:
            self.journal.close()

    def _take(self) -> list[Claimed]:
        full = self._lanes.full()
        now = self._clock()
        with reading(self._engine) as connection:
            due = deliveries.next_at(connection, full)
        if due is None or due > now:
            return []
        with writing(self._engine) as connection:
            deliveries.expire(connection, now)
            taken = deliveries.claim(connection, self.journal.claim, now, self._lanes.batch, full)
        for each in taken:
            self._lanes.give(each, self._send)
        return taken

    def _send(self, row: Claimed) -> None:
        """On a thread of its lane."""
        now = self._clock()
        if row.acked or row.ended:
            outcome = Outcome("failed", "acked" if row.acked else "ended")
        elif now - row.claimed_at_ms > STALE_MS - RENEW_MS:
            outcome = Outcome("retry", "held_too_long")  # this machine stood still: another may have the row
        else:
            self.journal.begin(row.id)
            began = time.perf_counter()
            outcome = self._courier(row, now)
            now += int((time.perf_counter() - began) * 1000)
        result = self._result(row, outcome, now)
        self.journal.answer(result)
        self._answers.put((row, result))
        SENDS.labels(row.channel, outcome.state).inc()

    @staticmethod
    def _result(row: Claimed, outcome: Outcome, now: int) -> Result:
        if row.acked:
            return Result(row.id, "acked", None, now)
        if outcome.state != "retry":
            return Result(row.id, outcome.state, outcome.error, now)
        again = next_try_ms(outcome, row.attempts, now, row.expires_at_ms, random.random())  # noqa: S311
        if again is None:
            return Result(row.id, "failed", outcome.error, now)
        return Result(row.id, "queued", outcome.error, now, next_at_ms=again)

    def _write_answers(self, *, wait: bool) -> int:
        told = self._gather(wait=wait)
        if not told:
            return 0
        try:
            with writing(self._engine) as connection:
                note(connection, self.journal.claim, told, self._clock())
        except Exception:
            for each in told:  # the database is away: they are tried again, and the journal has them as well
                self._answers.put(each)
            raise
        for row, result in told:
            self._lanes.back(row)
            if result.state == "sent":
                WAITED.labels(row.channel).observe(max(0, result.at_ms - row.due_ms) / 1000)
        _log(told)
        return len(told)

    def _gather(self, *, wait: bool) -> list[tuple[Claimed, Result]]:
        """The answers of this moment; a nudge ends the waiting."""
        told: list[tuple[Claimed, Result]] = []
        until = time.monotonic() + (WAIT_S if wait else GATHER_S)
        try:
            while len(told) < ANSWERS_MAX:
                found = self._answers.get(timeout=max(0.0, until - time.monotonic()))
                if not told:
                    until = time.monotonic() + GATHER_S
                if found is not None:
                    told.append(found)
                    continue
                self._nudged = False
                if wait:
                    break
        except queue.Empty:
            pass
        return told

    def _hold_on(self) -> None:
        now = self._clock()
        if self.busy and now - self._renewed_ms > RENEW_MS:
            with writing(self._engine) as connection:
                deliveries.hold_on(connection, self.journal.claim, now)
            self._renewed_ms = now

    def _take_over(self, left: Left) -> int:
        now = self._clock()
        with writing(self._engine) as connection:
            held = set(deliveries.held_by(connection, left.claim))
            known = [result for id_, result in left.results.items() if id_ in held]
            deliveries.write(connection, left.claim, known)
            due = {id_: now + (RECEIPT_MS if id_ in left.begun else 0) for id_ in held - left.results.keys()}
            deliveries.put_back(connection, left.claim, due)
        if held:
            logger.warning(
                "worker_taken_over", answers=len(known), again=len(due), unsure=len(held & left.begun)
            )
        return len(due)


def note(connection: Connection, claim: str, told: list[tuple[Claimed, Result]], now: int) -> None:
    """Results, and what they say of subscriptions and channels."""
    deliveries.write(connection, claim, [result for _, result in told])
    pushed = [(row, result) for row, result in told if row.channel == deliveries.PUSH and row.endpoint]
    for row, result in pushed:
        if result.state == "gone":
            subscriptions.note_gone(connection, row.target, str(row.endpoint), now)
    subscriptions.note_answers(
        connection,
        [row.target for row, result in pushed if result.state == "sent"],
        [row.target for row, result in pushed if result.state in {"queued", "failed"}],
        now,
    )
    last = {row.channel_row: result for row, result in told if row.channel_row}
    for channel_id, result in sorted(last.items()):
        state = "sent" if result.state == "sent" else "failed"
        channels.note(connection, str(channel_id), state, result.error, now)


def _log(told: list[tuple[Claimed, Result]]) -> None:
    """Ids and codes alone: no address, no text, no name."""
    for row, result in told:
        level = logger.debug if result.state == "sent" else logger.info
        level(
            "delivery",
            id=row.id,
            channel=row.channel,
            state=result.state,
            error=result.error,
            attempts=row.attempts,
        )
