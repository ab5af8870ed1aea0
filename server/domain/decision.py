"""What goes into a decision and what comes out of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from server.domain.roles import Actor, Unit
from server.domain.rules import Rules
from server.domain.ticket import Json, Ticket
from server.domain.workdays import Calendar


class Moment(Protocol):
    """When it happened, as `sync.clock.judge` says: ms UTC, bounds, and `proven | probable | unverified`."""

    @property
    def occurred_at_ms(self) -> int: ...
    @property
    def from_ms(self) -> int: ...
    @property
    def to_ms(self) -> int: ...
    @property
    def trust(self) -> str: ...


@dataclass(frozen=True, slots=True)
class At:
    """A plain `Moment`, for operations born on the server and for tests."""

    occurred_at_ms: int
    from_ms: int
    to_ms: int
    trust: str

    @classmethod
    def proven(cls, at_ms: int) -> "At":
        """A moment known exactly."""
        return cls(at_ms, at_ms, at_ms, "proven")


def _nobody(_unit: str) -> str | None:
    return None


def _unknown(_at_ms: int) -> Actor | None:
    return None


@dataclass(frozen=True, slots=True)
class Command:
    """One operation with its author and its honest time. `args` as on the wire; `decide` checks them."""

    op_id: str
    name: str
    subject: str
    base: int | None
    args: Json
    actor: Actor
    device: str | None
    moment: Moment
    received_at_ms: int
    imported_by: Actor | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What the rules need to know beside the ticket.

    `ever_held`: whether the author's entitlements ever held the ticket (SYNC: held). `related`, by id: for a
    merged subject its survivor; for `ticket.merge` and `ticket.unmerge` the ticket of `into`. `photos`: sha256 by
    photo id of bytes that are already complete. `on_duty`: the worker whom the rota names for a unit now.
    `formerly`: the author with the role and unit that he had at a moment (ms UTC), where that is known.
    """

    rules: Rules
    calendar: Calendar
    now_ms: int
    units: Mapping[str, Unit]
    people: Mapping[str, Actor]
    ever_held: bool = False
    related: Mapping[str, Ticket] = field(default_factory=dict)
    photos: Mapping[str, str] = field(default_factory=dict)
    on_duty: Callable[[str], str | None] = _nobody
    formerly: Callable[[int], Actor | None] = _unknown


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell: to a supervisor, or to `person`. Kinds stand in `server.domain.refusal.NOTICES`."""

    kind: str
    ticket: str
    op: str
    person: str | None = None
    details: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome: `applied`, `kept` (code `kept`) or `refused` with a code of `refusal.CODES`.

    `tickets` are the changed ones, also with a refusal (the second to accept becomes an assistant), the subject
    first; `events` the timeline entries that were added, each with `ticket`.
    """

    outcome: str
    code: str | None = None
    details: Json = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    @property
    def rev(self) -> int | None:
        """Revision of the first changed ticket."""
        return self.tickets[0].rev if self.tickets else None


class Refused(Exception):
    """A rule says no; `decide` turns it into a Decision."""

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details: Json = details
