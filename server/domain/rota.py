"""Who is on duty at a post and when (DOMAIN P10, §B). Turns are [from, to) in ms UTC; nobody reads a clock here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from server.domain.roles import Actor

UNIT_POSTS = ("worker", "backup", "unit_head")
TOWN_POSTS = ("duty_room", "leader", "office")
ROTA_POSTS = (*UNIT_POSTS, *TOWN_POSTS)
TURN_KINDS = ("regular", "stand_in", "swap")
_FIT = {
    "worker": frozenset({"grid_worker", "unit_clerk"}),
    "backup": frozenset({"grid_worker", "unit_clerk"}),
    "unit_head": frozenset({"unit_head", "unit_clerk"}),
    "duty_room": frozenset({"duty_room", "office_lead", "dispatcher"}),
    "leader": frozenset({"town_leader"}),
    "office": frozenset({"office_lead", "dispatcher"}),
}
_FIELD_PAIR = frozenset({"worker", "backup"})


@dataclass(frozen=True, slots=True)
class Turn:
    """One entry of the rota. `replaces`: the person whose turn it takes over while it lasts."""

    id: str
    post: str
    unit_id: str | None
    person_id: str
    from_ms: int
    to_ms: int
    kind: str = "regular"
    replaces: str | None = None
    note: str = ""

    def covers(self, at_ms: int) -> bool:
        return self.from_ms <= at_ms < self.to_ms

    def overlaps(self, from_ms: int, to_ms: int) -> bool:
        return self.from_ms < to_ms and from_ms < self.to_ms


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which the rota names nobody for a post."""

    post: str
    unit_id: str | None
    from_ms: int
    to_ms: int


def on_duty(turns: Iterable[Turn], post: str, unit_id: str | None, at_ms: int) -> list[str]:
    """The persons whom the rota names for a post at a moment, in the order of the turns; [] if nobody."""
    here = [each for each in turns if each.post == post and each.unit_id == unit_id and each.covers(at_ms)]
    present = [turn for turn in here if not _taken_over(turn, here)] or here
    return list(dict.fromkeys(turn.person_id for turn in present))


def stood_in_for(turns: Iterable[Turn], at_ms: int) -> set[str]:
    """Persons whose turn somebody else has taken over at that moment: they are off."""
    return {each.replaces for each in turns if each.replaces is not None and each.covers(at_ms)}


def _taken_over(turn: Turn, here: Sequence[Turn]) -> bool:
    """Whether a later entry takes this turn's place: a stand-in may himself be stood in for."""
    return any(
        other.replaces == turn.person_id and other.id != turn.id and not _answers(turn, other)
        for other in here
    )


def _answers(turn: Turn, other: Turn) -> bool:
    """Two that name each other would leave nobody: then the one who stands in for a regular turn stays."""
    return turn.replaces == other.person_id and turn.kind != "regular"


def gaps(
    turns: Sequence[Turn], posts: Iterable[tuple[str, str | None]], from_ms: int, to_ms: int
) -> list[Gap]:
    """Where in [from, to) nobody is on duty, for each (post, unit) asked, in order of time."""
    return [gap for post, unit_id in posts for gap in _gaps(turns, post, unit_id, from_ms, to_ms)]


def _gaps(turns: Sequence[Turn], post: str, unit_id: str | None, from_ms: int, to_ms: int) -> list[Gap]:
    spans = sorted(
        (each.from_ms, each.to_ms)
        for each in turns
        if each.post == post and each.unit_id == unit_id and each.overlaps(from_ms, to_ms)
    )
    found, reached = [], from_ms
    for start, end in spans:
        if start > reached:
            found.append(Gap(post, unit_id, reached, start))
        reached = max(reached, end)
    if reached < to_ms:
        found.append(Gap(post, unit_id, reached, to_ms))
    return found


def fits(person: Actor, post: str, unit_id: str | None) -> bool:
    """Whether a person may stand at the post: of the right role, and of the unit where the post is a unit's."""
    of_unit = post not in UNIT_POSTS or (unit_id is not None and person.unit_id == unit_id)
    return person.revoked_at_ms is None and of_unit and person.role in _FIT[post]


def clashes(turns: Iterable[Turn], new: Turn) -> list[Turn]:
    """Turns of the same person that the new one cannot stand beside: the same post, or worker and backup at once."""
    return [
        each
        for each in turns
        if each.id != new.id
        and each.person_id == new.person_id
        and each.unit_id == new.unit_id
        and (each.post == new.post or {each.post, new.post} == _FIELD_PAIR)
        and each.overlaps(new.from_ms, new.to_ms)
    ]
