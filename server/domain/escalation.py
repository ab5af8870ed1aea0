"""The ladder alone: which rung of an alarm is due when, and whom it calls (DOMAIN §B emergency flow, D10, D20).

Nothing here reads a clock or a table. A rung is dated at its deadline, whenever somebody gets to look; after an
outage the ladder goes on from the facts. Instants and spans are ms, `after_min` minutes since the alarm.
"""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from server.domain.instants import DAY_MS, MINUTE_MS

RUNGS_MAX = 8
AFTER_MIN_MAX = DAY_MS // MINUTE_MS
_CHANNEL = re.compile(r"[a-z][a-z0-9_]{0,19}")
_RUNG_FIELDS = {"after_min", "posts", "informs", "channels"}

Who = Callable[[str], tuple[str, ...]]
"""The persons whom a post means now, none if nobody stands there."""


@dataclass(frozen=True, slots=True)
class Rung:
    """Whom to alarm `after_min` minutes after the alarm was raised, whom only to tell, by which channels.

    `channels` None: by all of them.
    """

    after_min: float
    posts: tuple[str, ...]
    informs: tuple[str, ...] = ()
    channels: tuple[str, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The rung as settings and alarms keep it."""
        return {
            "after_min": self.after_min,
            "posts": list(self.posts),
            "informs": list(self.informs),
            "channels": None if self.channels is None else list(self.channels),
        }


@dataclass(frozen=True, slots=True)
class Ladder:
    rungs: tuple[Rung, ...]

    def to_list(self) -> list[dict[str, Any]]:
        return [rung.to_dict() for rung in self.rungs]


@dataclass(frozen=True, slots=True)
class Run:
    """How far a ladder has got. `climbed`: (rung, at) in order; `empty`: rungs among them that called nobody;
    `stopped_at_ms`: when an acknowledgement was received or the alarm ended."""

    raised_at_ms: int
    climbed: tuple[tuple[int, int], ...] = ()
    stopped_at_ms: int | None = None
    empty: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Climb:
    """One rung taken, dated at its deadline. `posts`: for which posts each of `people` and `informed` is meant."""

    rung: int
    at_ms: int
    people: tuple[str, ...]
    informed: tuple[str, ...] = ()
    posts: dict[str, tuple[str, ...]] = field(default_factory=dict)


class BadLadder(ValueError):
    """A ladder that cannot be used: where and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def due(ladder: Ladder, run: Run, who: Who, now_ms: int, scale: float = 1.0) -> list[Climb]:
    """The rungs to climb by `now_ms`, in order and each at its own deadline; [] once stopped or at the top."""
    climbs: list[Climb] = []
    at = next_at(ladder, run, scale)
    while at is not None and at <= now_ms:
        climb = _climb(ladder, _next_rung(run), at, who)
        climbs.append(climb)
        run = Run(
            run.raised_at_ms,
            (*run.climbed, (climb.rung, at)),
            None,
            run.empty if climb.people else run.empty | {climb.rung},
        )
        at = next_at(ladder, run, scale)
    return climbs


def next_at(ladder: Ladder, run: Run, scale: float = 1.0) -> int | None:
    """When the next rung is due; None once stopped or at the top. After an empty rung it is due at once."""
    rung = _next_rung(run)
    if run.stopped_at_ms is not None or rung >= len(ladder.rungs):
        return None
    planned = planned_at(ladder, run.raised_at_ms, rung, scale)
    if not run.climbed:
        return planned
    last_rung, last_at = run.climbed[-1]
    return last_at if last_rung in run.empty else max(planned, last_at)


def planned_at(ladder: Ladder, raised_at_ms: int, rung: int, scale: float = 1.0) -> int:
    """When a rung is due if none before it is empty."""
    return raised_at_ms + round(ladder.rungs[rung].after_min * MINUTE_MS * scale)


def _next_rung(run: Run) -> int:
    return 1 + max((rung for rung, _ in run.climbed), default=-1)


def _climb(ladder: Ladder, number: int, at_ms: int, who: Who) -> Climb:
    rung = ladder.rungs[number]
    called = _by_person(rung.posts, who)
    told = {person: posts for person, posts in _by_person(rung.informs, who).items() if person not in called}
    return Climb(number, at_ms, tuple(called), tuple(told), called | told)


def _by_person(posts: tuple[str, ...], who: Who) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for post in posts:
        for person in who(post):
            if post not in found.get(person, ()):
                found[person] = (*found.get(person, ()), post)
    return found


def parse_ladder(raw: object) -> Ladder:
    """A ladder from a settings form or a stored one: a list of rungs. Raises BadLadder."""
    if not isinstance(raw, list) or not raw:
        raise BadLadder("rungs", "missing")
    if len(raw) > RUNGS_MAX:
        raise BadLadder("rungs", "length")
    rungs = tuple(_rung(f"rungs.{i}", each) for i, each in enumerate(raw))
    if rungs[0].after_min != 0:  # an alarm that rings nobody at first is none
        raise BadLadder("rungs.0.after_min", "first_not_zero")
    for i in range(1, len(rungs)):
        if rungs[i].after_min <= rungs[i - 1].after_min:
            raise BadLadder(f"rungs.{i}.after_min", "not_rising")
    return Ladder(rungs)


def _rung(name: str, raw: object) -> Rung:
    if not isinstance(raw, dict):
        raise BadLadder(name, "type")
    if raw.keys() - _RUNG_FIELDS:
        raise BadLadder(f"{name}.{min(map(str, raw.keys() - _RUNG_FIELDS))}", "unknown")
    posts = _words(f"{name}.posts", raw.get("posts"), _known_post)
    if not posts:
        raise BadLadder(f"{name}.posts", "missing")
    informs = _words(f"{name}.informs", raw.get("informs", []), _known_post)
    channels = raw.get("channels")
    named = None if channels is None else _words(f"{name}.channels", channels, _channel_name)
    if named == ():
        raise BadLadder(f"{name}.channels", "missing")
    return Rung(_minutes(f"{name}.after_min", raw.get("after_min")), posts, informs, named)


def _minutes(name: str, raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise BadLadder(name, "missing" if raw is None else "type")
    if not math.isfinite(raw) or not 0 <= raw <= AFTER_MIN_MAX:
        raise BadLadder(name, "range")
    return raw


def _words(name: str, raw: object, known: Callable[[str], bool]) -> tuple[str, ...]:
    if not isinstance(raw, list | tuple) or not all(isinstance(each, str) for each in raw):
        raise BadLadder(name, "missing" if raw is None else "type")
    if len(set(raw)) < len(raw):
        raise BadLadder(name, "duplicate")
    if not all(known(each) for each in raw):
        raise BadLadder(name, "choice")
    return tuple(raw)


def _known_post(word: str) -> bool:
    return word in POSTS


def _channel_name(word: str) -> bool:
    return _CHANNEL.fullmatch(word) is not None


_TABLE: dict[str, Any] = json.loads(Path(__file__).with_name("ladders.json").read_text("utf-8"))
POSTS: tuple[str, ...] = tuple(_TABLE["posts"])
DEFAULTS: dict[str, Ladder] = {kind: parse_ladder(raw) for kind, raw in _TABLE["ladders"].items()}
LADDERS: tuple[str, ...] = tuple(DEFAULTS)
"""One for each kind of alarm; an urgent ticket that nobody has yet, or that is confidential, climbs its own."""
