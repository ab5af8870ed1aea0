"""Incidents of the small town of `town.py`, and a clock that moves a minute with every step."""

from collections.abc import Mapping
from typing import Any

from server.domain.call import Call
from server.domain.decision import At, Command
from server.domain.incident import Incident
from server.domain.incident_alarms import reached
from server.domain.incident_channel import DEFAULT_TEMPLATES
from server.domain.incident_decide import decide_incident
from server.domain.incident_step import IncidentContext, IncidentDecision
from server.domain.instants import MINUTE_MS
from server.domain.posts import Register, at_post
from server.domain.roles import SYSTEM, Actor
from server.domain.rules import Rules
from server.domain.ticket import Ticket
from tests.domain.town import NOON, PEOPLE, UNITS

REPORT: dict[str, Any] = {
    "matter": "gas_leak",
    "text": "楼道燃气味很浓，住户电话13812345678",
    "place": {"village": "闸口村", "address": "祠堂路口", "lat": 23.01, "lng": 113.68, "crs": "WGS84"},
}


class Event:
    """Incidents by subject, `i1` reported by `worker3` of 南城村 at a place in 闸口村."""

    def __init__(self, who: str = "worker3", **report: Any) -> None:
        self.now = NOON
        self.count = 0
        self.incidents: dict[str, Incident] = {}
        self.people: dict[str, Actor] = dict(PEOPLE)
        self.ticket: Ticket | None = None
        self.templates: tuple[Any, ...] = DEFAULT_TEMPLATES
        self.calls: list[Call] = []
        self.ends: list[str] = []
        self.last: IncidentDecision | None = None
        self.report("i1", who, **report)

    @property
    def incident(self) -> Incident:
        return self.incidents["i1"]

    def report(self, subject: str, who: str = "worker3", **changed: Any) -> Incident:
        self.apply(who, "incident.report", {**REPORT, **changed}, subject=subject)
        return self.incidents[subject]

    def on_duty(self, post: str, unit: str | None) -> list[str]:
        return [each.id for each in at_post(post, unit, Register(self.people, (), self.now))[0]]

    def try_(self, who: str, name: str, args: Any = None, **how: Any) -> IncidentDecision:
        """Send an operation; keep what it changed. `at`: minutes after noon; `base`, `held`, `device`, `trust`."""
        self.count += 1
        at = NOON + round(how["at"] * MINUTE_MS) if "at" in how else self.now
        subject = how.get("subject", "i1")
        incident = self.incidents.get(subject)
        actor = SYSTEM if who == "system" else self.people[who]
        command = Command(
            how.get("id", f"op-{self.count:04}"),
            name,
            subject,
            how.get("base"),
            {} if args is None else args,
            actor,
            how.get("device", f"phone-of-{who}"),
            At(at, at, at, how.get("trust", "proven")),
            max(self.now, at),
        )
        self.last = decide_incident(incident, command, self.context(incident, args, how))
        self.incidents.update({each.id: each for each in self.last.incidents})
        for call in self.last.calls:  # what the alarms tell back
            subject_id = call.subject_id
            told = [*call.people, *call.informs]
            self.incidents[subject_id] = reached(self.incidents[subject_id], told, call.informs)
        self.calls += self.last.calls
        self.ends += self.last.ends
        self.now += MINUTE_MS
        return self.last

    def context(self, incident: Incident | None, args: Any, how: Mapping[str, Any]) -> IncidentContext:
        into = args.get("into") if isinstance(args, dict) else None
        wanted = {into, incident.merged_into if incident is not None else None} - {None}
        return IncidentContext(
            rules=Rules(),
            now_ms=how.get("now_ms", self.now),
            units=UNITS,
            people=self.people,
            who=self.on_duty,
            templates=self.templates,
            ever_held=how.get("held", False),
            related={i: self.incidents[i] for i in wanted if i in self.incidents},
            ticket=self.ticket,
            taken=how.get("taken", False),
            running_drill=how.get("drill"),
            photos=how.get("photos", {}),
        )

    def apply(self, who: str, name: str, args: Any = None, **how: Any) -> "Event":
        """An operation that has to be taken."""
        done = self.try_(who, name, args, **how)
        assert done.outcome == "applied", (name, done.outcome, done.code, done.details)
        return self

    def refused(self, code: str, who: str, name: str, args: Any = None, **how: Any) -> dict[str, Any]:
        """An operation that has to be refused with this code; its details."""
        done = self.try_(who, name, args, **how)
        assert (done.outcome, done.code) == ("refused", code), (done.outcome, done.code, done.details)
        assert (done.incidents, done.calls, done.ends) == ([], [], [])
        return done.details

    def kept(self, who: str, name: str, args: Any = None, **how: Any) -> dict[str, Any]:
        """A fact that has to be kept; its details."""
        done = self.try_(who, name, args, **how)
        assert (done.outcome, done.code) == ("kept", "kept"), (done.outcome, done.code, done.details)
        return done.details
