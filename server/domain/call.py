"""The call for an alarm: what a ticket or an incident says of it, before anybody knows whom it reaches.

Pure. The alarm keeps its call, so that every later rung asks for the same.
"""

from dataclasses import dataclass, fields
from typing import Any

Json = dict[str, Any]
CONFIDENTIAL_TITLE = "保密单"
CONFIDENTIAL_TITLE_EN = "Confidential ticket"


@dataclass(frozen=True, slots=True)
class Call:
    """What a ticket or an incident asks for: raise an alarm. The same `key` is the same alarm, for ever.

    - title_en: the same for readers of English, where it begins with a name of ours; None: `title` is all there is.
    - people: called by name with the first rung; `informs`: told by name, not asked. knows: whoever caused it; the
      first rung only tells him, so that his own step does not answer for the others.
    - barred: units that must not learn of it (the accused). removed: persons taken off its subject by name, who are
      called again at a post of the town only. handlers: set for a confidential ticket, else None.
    - ladder: the name of the ladder it climbs; None: the one of its kind. drill: id of the drill it
      belongs to. task: the incident's task that wants an acknowledgement.
    """

    key: str
    kind: str
    subject_type: str
    subject_id: str
    title: str
    village: str | None
    title_en: str | None = None
    units: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    drill: str | None = None
    ladder: str | None = None
    informs: tuple[str, ...] = ()
    knows: tuple[str, ...] = ()
    assignee: str | None = None
    grid: str | None = None
    barred: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    handlers: tuple[str, ...] | None = None
    life_at_risk: bool = False
    numbers: tuple[str, ...] = ()
    drill_title: str | None = None
    task: str | None = None
    task_text: str | None = None

    def to_dict(self) -> Json:
        """A JSON-able dict."""
        made = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in made.items()}

    @classmethod
    def from_dict(cls, body: Json) -> "Call":
        known = {f.name for f in fields(cls)}
        told: Json = {k: tuple(v) if isinstance(v, list) else v for k, v in body.items() if k in known}
        return cls(**told)
