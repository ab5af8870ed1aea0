"""An incident (突发事件) as plain data, and who sees it. `incident_decide.py` decides (DOMAIN D20, P13)."""

from dataclasses import dataclass, field, fields
from typing import Any

from server.domain.roles import EMERGENCIES, EMERGENCY_ROLES, Actor

Json = dict[str, Any]
LOWEST_LEVEL = 4
ALARMING_LEVEL = 2
"""At this level (重大) and above the leaders are alarmed again."""


@dataclass
class Incident:
    """One event in the duty room's hands. Instants are ms UTC, units and persons are ids.

    Lists and dicts are never changed in place once the incident is handed out: `evolve` copies, a rule replaces.

    - place: {village (its name), village_unit, address, lat, lng, crs, accuracy_m}.
    - units: {id, at_ms} mustered; members: {person | None, seat, acked_ms} of the rapid channel.
    - called: {person, acked_ms, informed}: everybody whom an alarm of it has reached, with his first 收到;
      informed: he was told only, nobody waits for his answer.
    - tasks: {id, kind, text, person, unit, due_ms, given_ms, acked_ms, acked_by, done_ms, done_by, alarm, origin}.
    - concealed: the ticket it came from has turned confidential, and its words are gone from here.
    - removed: persons taken off by name; no alarm of it calls them for a unit again, unless somebody names them.
    - merged: {id, reporter, people, at_ms}: reports of the same event; their people see this one.
    - alarms: keys of the alarms it raised. changes: [rev, person, device, [aspects]] for the stale check.
    """

    id: str
    matter: str
    text: str
    reporter: str
    reported_at: int
    received_at: int
    rev: int = 1
    state: str = "open"
    level: int = LOWEST_LEVEL
    drill: str | None = None
    place: Json = field(default_factory=dict)
    ticket: Json | None = None
    concealed: bool = False
    barred: list[str] = field(default_factory=list)
    closed_at: int | None = None
    summary: str | None = None
    left_phones: bool = False
    merged_into: str | None = None
    merged: list[Json] = field(default_factory=list)
    channel: Json | None = None
    units: list[Json] = field(default_factory=list)
    members: list[Json] = field(default_factory=list)
    tasks: list[Json] = field(default_factory=list)
    informed: list[str] = field(default_factory=list)
    called: list[Json] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    timeline: list[Json] = field(default_factory=list)
    changes: list[list[Any]] = field(default_factory=list)

    def to_dict(self) -> Json:
        """A JSON-able dict for the `body` column; it shares lists with the incident."""
        return dict(self.__dict__)

    @classmethod
    def from_dict(cls, body: Json) -> "Incident":
        """The incident of a stored `body`; fields that an older version did not write take their defaults."""
        return cls(**{k: v for k, v in body.items() if k in _FIELDS})

    def evolve(self, **changed: Any) -> "Incident":
        """A copy with some fields replaced; the untouched lists are shared."""
        return Incident(**{**self.__dict__, **changed})

    def task(self, task_id: str) -> Json | None:
        """The task of this id."""
        return next((each for each in self.tasks if each["id"] == task_id), None)


_FIELDS = {f.name for f in fields(Incident)}


def own_people(incident: Incident) -> set[str]:
    """The persons by name on it: reporter, informed heads, members, whoever was alarmed or has a task."""
    found = {incident.reporter, *incident.informed}
    found.update(each["person"] for each in incident.called)
    found.update(each["person"] for each in incident.members if each["person"] is not None)
    found.update(each["person"] for each in incident.tasks if each["person"] is not None)
    return found


def people_of(incident: Incident) -> set[str]:
    """The same, with the people of reports that were merged into it."""
    return own_people(incident).union(*(each["people"] for each in incident.merged))


def may_see_incident(actor: Actor, incident: Incident, survivor: Incident | None = None) -> bool:
    """Whether the person may read it: those who watch all emergencies, and the persons by name on it."""
    if actor.revoked_at_ms is not None:
        return False
    if actor.role in EMERGENCY_ROLES or actor.role == "system" or actor.id in people_of(incident):
        return True
    return incident.state == "merged" and survivor is not None and actor.id in people_of(survivor)


def buckets_of_incident(incident: Incident) -> set[str]:
    """Names of the buckets that hold it; empty once merged, or when it has left the phones."""
    if incident.state == "merged" or incident.left_phones:
        return set()
    return {EMERGENCIES, *(f"person:{each}" for each in people_of(incident))}
