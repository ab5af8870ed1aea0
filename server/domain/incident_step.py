"""One operation on an incident on its way: what a rule may read, the entry it leaves, and what it asks of alarms."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from server.domain import instants, mask
from server.domain.call import Call
from server.domain.decision import Command, Moment, Refused
from server.domain.emergency import EmergencyRule
from server.domain.incident import Incident, Json
from server.domain.matters import matter_of
from server.domain.roles import Actor, Unit
from server.domain.rules import Rules
from server.domain.ticket import Ticket

_CHANGES_MAX = 40
_TITLE_MAX = 40
_ASPECTS = ("state", "level")

Who = Callable[[str, str | None], Sequence[str]]
"""The persons on duty at a post (of a unit) now."""


@dataclass(frozen=True, slots=True)
class IncidentContext:
    """What the rules need to know beside the incident.

    `related`: by id, the survivor of a merged subject, its merged reports, the incident of `into`. `taken`: the
    subject's id is another thing's. `ticket`: that of `incident.open`. `running_drill`: id of the drill under way.
    `photos`: sha256 by photo id of bytes that are already complete.
    """

    rules: Rules
    now_ms: int
    units: Mapping[str, Unit]
    people: Mapping[str, Actor]
    who: Who
    templates: Sequence[Json] = ()
    ever_held: bool = False
    related: Mapping[str, Incident] = field(default_factory=dict)
    ticket: Ticket | None = None
    taken: bool = False
    running_drill: str | None = None
    photos: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ack:
    """Whoever acts on an incident has heard of it: his open alerts of it are acknowledged by that operation.

    `key`: of a task's alarm; None for every alarm of the incident that is no task's.
    """

    incident: str
    key: str | None
    person: str
    moment: Moment
    via: str


@dataclass(frozen=True, slots=True)
class Removal:
    """A person taken off an incident: its alarms call him for no unit any more."""

    incident: str
    person: str


@dataclass(frozen=True, slots=True)
class IncidentDecision:
    """`applied`, `kept` or `refused` with a code; the changed incidents, the subject's host first.

    `calls`: alarms to raise; `ends`: keys of alarms that end; `acks`: acknowledgements that the operation implies;
    `removals`: persons taken off.
    """

    outcome: str
    code: str | None = None
    details: Json = field(default_factory=dict)
    incidents: list[Incident] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    acks: list[Ack] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)

    @property
    def rev(self) -> int | None:
        """Revision of the first changed incident."""
        return self.incidents[0].rev if self.incidents else None


@dataclass
class IncidentStep:
    """The operation, its context, the entry it will leave, and what it wants of alarms and other incidents."""

    command: Command
    ctx: IncidentContext
    rule: EmergencyRule
    entry: Json = field(default_factory=dict)
    outcome: str = "applied"
    others: list[Incident] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    acks: list[Ack] = field(default_factory=list)
    removals: list[Removal] = field(default_factory=list)

    @property
    def args(self) -> Json:
        """The operation's arguments, already checked."""
        return self.command.args

    @property
    def actor(self) -> Actor:
        """Who did it."""
        return self.command.actor

    @property
    def at_ms(self) -> int:
        """When it happened."""
        return self.command.moment.occurred_at_ms

    def unit(self, unit_id: str, where: str, incident: Incident) -> Unit:
        """The unit of an argument; refused if unknown, or accused in the ticket it came from."""
        found = self.ctx.units.get(unit_id)
        if found is None:
            raise Refused("invalid_args", field=where, reason="unknown")
        if unit_id in incident.barred:
            raise Refused("respondent_unit", unit=self.named(unit_id))
        return found

    def person(self, person_id: str, where: str, incident: Incident) -> Actor:
        """The active person of an argument; refused like a unit."""
        found = self.ctx.people.get(person_id)
        if found is None or found.revoked_at_ms is not None:
            raise Refused("invalid_args", field=where, reason="unknown")
        if found.unit_id is not None and found.unit_id in incident.barred:
            raise Refused("respondent_unit", unit=self.named(found.unit_id))
        return found

    def named(self, unit_id: str | None) -> Json | None:
        """{id, name} of a unit."""
        if unit_id is None:
            return None
        unit = self.ctx.units.get(unit_id)
        return {"id": unit_id, "name": unit.name if unit is not None else unit_id}

    def name_of(self, person_id: str) -> Json:
        """{id, name} of a person."""
        person = self.ctx.people.get(person_id)
        return {"id": person_id, "name": person.name if person is not None else person_id}

    def call(
        self, incident: Incident, kind: str, cause: str, people: tuple[str, ...] = (), **more: object
    ) -> Incident:
        """Raise an alarm of the incident, named by its cause; the incident remembers its key.

        Whom it names is on the incident again, though he was taken off before.
        """
        key = alarm_key(incident.id, cause)
        removed = [each for each in incident.removed if each not in people]
        matter = matter_of(incident.matter)
        self.calls.append(
            Call(
                key=key,
                kind=kind,
                subject_type="incident",
                subject_id=incident.id,
                title=title_of(incident),
                title_en=title_of(incident, "en"),
                village=incident.place.get("village"),
                drill=incident.drill,
                people=people,
                barred=tuple(incident.barred),
                removed=tuple(removed),
                life_at_risk=matter.life_at_risk,
                numbers=matter.numbers,
                **more,  # type: ignore[arg-type]
            )
        )
        return incident.evolve(alarms=[*incident.alarms, key], removed=removed)


def alarm_key(incident_id: str, cause: str) -> str:
    """The key of an alarm: the same cause, the same alarm, for ever."""
    return f"incident/{incident_id}/{cause}"


def title_of(incident: Incident, language: str = "zh-CN") -> str:
    """What an alarm of it is called: the matter in that language and the first words of the report, numbers masked."""
    name = matter_of(incident.matter).name(language)
    if incident.concealed:
        return name
    words = mask.content(" ".join(incident.text.split()))
    short = words if len(words) <= _TITLE_MAX else words[: _TITLE_MAX - 1] + "…"
    return f"{name}: {short}" if language == "en" else f"{name}：{short}"


def begin(command: Command, ctx: IncidentContext, rule: EmergencyRule) -> IncidentStep:
    """A step with its timeline entry begun, in wire form."""
    moment = command.moment
    entry: Json = {
        "id": command.op_id,
        "name": command.name,
        "actor": {"id": command.actor.id, "name": command.actor.name},
        "role": command.actor.role,
        "occurred_at": instants.rfc3339(moment.occurred_at_ms),
        "trust": moment.trust,
        "outcome": "applied",
        "received_at": instants.rfc3339(command.received_at_ms),
        "text": None,
        "photos": [],
        "details": {},
    }
    if moment.trust == "unverified":
        entry["bounds"] = [instants.rfc3339(moment.from_ms), instants.rfc3339(moment.to_ms)]
    if command.imported_by is not None:
        entry["imported_by"] = {"id": command.imported_by.id, "name": command.imported_by.name}
    return IncidentStep(command, ctx, rule, entry)


def finish(old: Incident, new: Incident, step: IncidentStep) -> Incident:
    """The incident after the step: entry added, stale marks, who has been heard of, next revision."""
    step.entry["outcome"] = step.outcome
    changed = [a for a in _ASPECTS if a in step.rule.touches and getattr(old, a) != getattr(new, a)]
    rev = old.rev + 1
    marks = new.changes
    if changed:
        marks = [*marks[1 - _CHANGES_MAX :], [rev, step.actor.id, step.command.device, changed]]
    heard = heard_of(new, step.actor.id, step.at_ms)
    return heard.evolve(rev=rev, changes=marks, timeline=[*new.timeline, step.entry])


def heard_of(incident: Incident, person: str, at_ms: int) -> Incident:
    """The person acknowledged: the earliest moment counts, whatever the order of arrival."""
    return incident.evolve(
        called=[_acked(each, person, at_ms) for each in incident.called],
        members=[_acked(each, person, at_ms) for each in incident.members],
    )


def _acked(row: Json, person: str, at_ms: int) -> Json:
    if row["person"] != person or (row["acked_ms"] is not None and row["acked_ms"] <= at_ms):
        return row
    return {**row, "acked_ms": at_ms}


def decided(incident: Incident, step: IncidentStep, code: str | None = None) -> IncidentDecision:
    """The decision of a finished step."""
    return IncidentDecision(
        step.outcome, code, {}, [incident, *step.others], step.calls, step.ends, step.acks, step.removals
    )
