"""What follows from an operation: operations too, each with an entry of its own in the log, none with an `n`."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from sync.clock import proven
from sync.log import Entry, Follow, Verdict, Writing

DEPTH_MAX = 4  # a consequence of a consequence of …
NUMBER_MAX = 50  # of one operation, all told

FAULT = Verdict("refused", "invalid_args", {"fault": True})


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to carry out. `too_far`: beyond the bounds, so it is only logged, refused."""

    follow: Follow
    depth: int
    too_far: bool


@dataclass
class Following:
    """The consequences of a batch: what waits, and what was done. `ids`: what is being carried out already."""

    tx: Writing
    ids: set[str]
    done: list[tuple[Follow, Verdict]] = field(default_factory=list)
    _waiting: deque[tuple[Follow, int]] = field(default_factory=deque)
    _number: int = 0

    def ask(self, cause: Verdict) -> None:
        """Begin with what follows from one operation of the batch."""
        self._number = 0
        self._add(cause, 1)

    def next(self) -> Step | None:
        """What comes next, or None when nothing follows any more."""
        if not self._waiting:
            return None
        follow, depth = self._waiting.popleft()
        self._number += 1
        return Step(follow, depth, depth > DEPTH_MAX or self._number > NUMBER_MAX)

    def settle(self, step: Step, verdict: Verdict) -> None:
        """It came to this; what follows from it waits. From what went too far nothing follows."""
        self.done.append((step.follow, verdict))
        self._add(verdict, step.depth + 1)

    def _add(self, cause: Verdict, depth: int) -> None:
        fresh = {each.op.id: each for each in cause.then if each.op.id not in self.ids}
        if not fresh:
            return
        known = self.tx.known(list(fresh))
        self.ids.update(fresh)
        self._waiting.extend((each, depth) for id_, each in fresh.items() if id_ not in known)


def without(following: Following) -> Following:
    """The same, come to nothing: saving them failed, and their cause was carried out alone."""
    return Following(following.tx, following.ids, [(each, FAULT) for each, _ in following.done])


def entries(done: Iterable[tuple[Follow, Verdict]], received_ms: int) -> list[Entry]:
    """Their entries in the log: of no device, proven at the moment of receipt."""
    return [_entry(follow, verdict, received_ms) for follow, verdict in done]


def _entry(follow: Follow, verdict: Verdict, received_ms: int) -> Entry:
    op = follow.op
    return Entry(
        op_id=op.id,
        person=follow.author.person,
        device=None,
        n=None,
        name=op.name,
        v=op.v,
        subject=op.subject,
        base=op.base,
        at_raw=op.at_raw,
        args_text=op.args_text,
        clock_text=None,
        fingerprint=op.fingerprint,
        verdict=Verdict(verdict.outcome, verdict.code, verdict.details, verdict.rev),
        moment=proven(received_ms),
        received_at_ms=received_ms,
    )
