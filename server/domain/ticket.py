"""The ticket as plain data. Nothing here decides; `server.domain.decide` does."""

from dataclasses import dataclass, field, fields
from typing import Any

Json = dict[str, Any]


@dataclass
class Ticket:
    """One hotline ticket (DOMAIN §G). Instants are ms UTC, units and persons are ids.

    `content`, `contact` are masked; the full text lives in the contact table. Lists and dicts are never changed
    in place once the ticket is handed out: `evolve` copies the ticket, and a rule replaces what it touches.

    - timeline: entries in wire form (API: timeline) plus `cycle`, in order of arrival.
    - clocks: {kind, cycle, start, due, met, provisional, why, …} in ms, all cycles (see `clocks.py`).
    - changes: [rev, person, device, [aspects]] per decision, newest last, for the stale check.
    - cycles: [first rev, start ms] per cycle; an operation belongs to the cycle at its `base`.
    - stints: {unit, assignee, from_ms, to_ms, cycle}: who had it when, for views by unit and worker.
    """

    id: str
    external_no: str
    category: str
    received_at: int
    rev: int = 1
    state: str = "received"
    cycle: int = 1
    urgent: bool = False
    confidential: bool = False
    title: str = ""
    content: str = ""
    place: Json = field(default_factory=dict)
    contact: Json | None = None
    source: str = "12345"
    channel: str = "city"
    respondent_unit: str | None = None
    barred_units: list[str] = field(default_factory=list)
    lead_unit: str | None = None
    joint_units: list[str] = field(default_factory=list)
    assignee: str | None = None
    assistants: list[str] = field(default_factory=list)
    handlers: list[str] = field(default_factory=list)
    grid: str | None = None
    first_received_at: int | None = None
    assigned_at: int | None = None
    external_due_at: int | None = None
    urgent_flagged_at: int | None = None
    confidential_rev: int | None = None
    clocks: list[Json] = field(default_factory=list)
    clock_history: list[Json] = field(default_factory=list)
    timeline: list[Json] = field(default_factory=list)
    reply: Json | None = None
    replies: list[Json] = field(default_factory=list)
    return_request: Json | None = None
    returns: int = 0
    improper_returns: int = 0
    dispatches: int = 0
    merged: list[Json] = field(default_factory=list)
    merged_into: str | None = None
    before_merge: str | None = None
    evaluation: Json | None = None
    evaluations: list[Json] = field(default_factory=list)
    supplements: list[Json] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    suggestion: Json | None = None
    replied_at: int | None = None
    closed_at: int | None = None
    left_phones: bool = False
    changes: list[list[Any]] = field(default_factory=list)
    cycles: list[list[int]] = field(default_factory=list)
    stints: list[Json] = field(default_factory=list)

    def to_dict(self) -> Json:
        """A JSON-able dict for the `body` column; it shares lists with the ticket."""
        return dict(self.__dict__)

    @classmethod
    def from_dict(cls, body: Json) -> "Ticket":
        """The ticket of a stored `body`; fields that an older version did not write take their defaults."""
        if body.keys() == _FIELDS:
            made = cls.__new__(cls)
            made.__dict__.update(body)
            return made
        return cls(**{k: v for k, v in body.items() if k in _FIELDS})

    def evolve(self, **changed: Any) -> "Ticket":
        """A copy with some fields replaced; the untouched lists are shared."""
        made = Ticket.__new__(Ticket)
        made.__dict__.update(self.__dict__)
        made.__dict__.update(changed)
        return made

    def entry(self, op_id: str) -> Json | None:
        """The timeline entry of an operation."""
        for entry in self.timeline:
            if entry["id"] == op_id:
                return entry
        return None

    def cycle_at(self, base: int | None) -> int:
        """The cycle that an operation made on revision `base` belongs to; without one, the present."""
        if base is None or len(self.cycles) < 2:
            return self.cycle
        return max(1, sum(1 for first_rev, _ in self.cycles if first_rev <= base))

    def cycle_started_at(self, cycle: int) -> int:
        """When a cycle began: receipt of the ticket, or the city's order to do it again."""
        return self.cycles[cycle - 1][1] if cycle <= len(self.cycles) else self.received_at


_FIELDS = {f.name for f in fields(Ticket)}
