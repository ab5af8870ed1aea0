"""One demo ticket as a story: what the city sent, and what people then did, each at its moment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from server.domain.ticket import Ticket

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

ITS_HEAD = "its head"  # who signs for the unit that leads the ticket, whoever dispatched it there

# Arguments that only the ticket knows when the step comes, such as the hash of the reply to approve; `find` gives
# another story's ticket id by its number.
Args = Mapping[str, Any] | Callable[[Ticket, Callable[[str], str]], Mapping[str, Any]]


@dataclass(frozen=True)
class Step:
    """One operation. `by`: a user name, `ITS_HEAD`, `city` or `system`; `lag_ms`: how much later the server hears."""

    at_ms: int
    by: str
    name: str
    args: Args = field(default_factory=dict)
    trust: str = "proven"
    lag_ms: int = 0
    photos: int = 0


@dataclass
class Story:
    """A ticket of the demo town; `form` as the intake's request names it, but for number and time."""

    received_at_ms: int
    form: dict[str, Any]
    steps: list[Step] = field(default_factory=list)
    external_no: str = ""

    def then(self, at_ms: int, by: str, name: str, args: Args | None = None, **more: Any) -> int:
        """Add a step; answers its moment."""
        self.steps.append(Step(at_ms, by, name, args or {}, **more))
        return at_ms
