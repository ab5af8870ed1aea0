"""The rapid channel of an incident (快办群): its members by template, seats that nobody holds shown (DOMAIN P13)."""

from collections.abc import Sequence
from typing import Any

from server.domain.decision import Refused
from server.domain.incident import Incident, Json, people_of
from server.domain.incident_step import IncidentContext, IncidentStep, Removal
from server.domain.roles import ROLES
from server.domain.rota import TOWN_POSTS, UNIT_POSTS

TEMPLATES_MAX = 20
SEATS_MAX = 40
MEMBERS_MAX = 100
DEFAULT_TEMPLATES: tuple[Json, ...] = (
    {
        "code": "town",
        "name": "镇快速响应群",
        "seats": [
            {"seat": "指挥部领导", "post": "leader"},
            {"seat": "工作组联络员", "role": "kb_liaison"},
            {"seat": "值班室", "post": "duty_room"},
            {"seat": "镇领导", "role": "town_leader"},
            {"seat": "12345热线", "role": "office_lead"},
        ],
    },
)
"""After S2 (四): one leader of the headquarters, a liaison of each working group, duty room, leaders, hotline."""


class BadTemplates(ValueError):
    """Templates that cannot be used: where and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def check_templates(templates: Sequence[Json], units: Any, people: Any) -> None:
    """Each seat names a post (of a unit, if it is a unit's), a role, a unit or a person. Raises BadTemplates."""
    codes = [each["code"] for each in templates]
    if len(set(codes)) != len(codes):
        raise BadTemplates("items", "duplicate")
    for i, template in enumerate(templates):
        for j, seat in enumerate(template["seats"]):
            reason = _fault_of(seat, units, people)
            if reason is not None:
                raise BadTemplates(f"items[{i}].seats[{j}]", reason)


def _fault_of(seat: Json, units: Any, people: Any) -> str | None:
    post, unit, role, person = (seat.get(name) for name in ("post", "unit", "role", "person"))
    if unit is not None and unit not in units:
        return "unknown"
    if post is not None:
        fits = post in TOWN_POSTS or (post in UNIT_POSTS and unit is not None)
        return None if fits and role is None and person is None else "choice"
    if role is not None:
        return None if role in ROLES and person is None else "choice"
    if person is not None:
        return None if person in people and unit is None else "unknown"
    return None if unit is not None else "missing"


def seated(seat: Json, ctx: IncidentContext) -> list[str]:
    """Who holds a seat now, by id; [] if nobody does. A unit alone means its head."""
    if seat.get("person") is not None:
        found = [seat["person"]]
    elif seat.get("role") is not None:
        found = sorted(
            each.id
            for each in ctx.people.values()
            if each.role == seat["role"] and seat.get("unit") in {None, each.unit_id}
        )
    else:
        found = list(ctx.who(seat.get("post") or "unit_head", seat.get("unit")))
    return [each for each in found if each in ctx.people and ctx.people[each].revoked_at_ms is None]


def open_channel(incident: Incident, step: IncidentStep) -> Incident:
    """Seat the members of the template; whoever is in already keeps his acknowledgement."""
    template = next((each for each in step.ctx.templates if each["code"] == step.args["template"]), None)
    if template is None:
        raise Refused("invalid_args", field="template", reason="unknown")
    rows: list[Json] = []
    for seat in template["seats"]:
        holders = [each for each in seated(seat, step.ctx) if _clear(each, incident, step.ctx)]
        rows += [_row(incident, each, seat["seat"]) for each in holders]
        if not holders:
            rows.append({"person": None, "seat": seat["seat"], "acked_ms": None})
    missing = [each["seat"] for each in rows if each["person"] is None]
    kept = [each for each in incident.members if each["person"] is not None and not _among(each, rows)]
    members = [*kept, *_distinct(rows)][:MEMBERS_MAX]
    name = step.args.get("name") or template["name"]
    step.entry["text"] = name
    step.entry["details"] = {"template": template["code"], "missing": missing, "members": _told(rows, step)}
    changed = incident.evolve(
        members=members,
        channel={"name": name, "template": template["code"], "at_ms": step.at_ms},
    )
    return _tell_new(changed, incident, step)


def _clear(person_id: str, incident: Incident, ctx: IncidentContext) -> bool:
    return ctx.people[person_id].unit_id not in incident.barred and person_id not in incident.removed


def _row(incident: Incident, person: str, seat: str) -> Json:
    acked = [each["acked_ms"] for each in (*incident.members, *incident.called) if each["person"] == person]
    return {"person": person, "seat": seat, "acked_ms": min((each for each in acked if each), default=None)}


def _among(row: Json, rows: Sequence[Json]) -> bool:
    return any(each["person"] == row["person"] for each in rows)


def _distinct(rows: Sequence[Json]) -> list[Json]:
    """A person sits once in each seat; a leader may hold two seats."""
    return list({(each["person"], each["seat"]): each for each in rows}.values())


def _told(rows: Sequence[Json], step: IncidentStep) -> list[Json]:
    return [
        {
            "seat": each["seat"],
            "person": None if each["person"] is None else step.name_of(each["person"]),
        }
        for each in rows
    ]


def _tell_new(changed: Incident, before: Incident, step: IncidentStep) -> Incident:
    """Alarm members whom no alarm of this incident has called yet; who was only told of it is called now."""
    asked = {each["person"] for each in before.called if not each.get("informed")}
    reached = asked | {step.actor.id, before.reporter}
    new = [each["person"] for each in changed.members if each["person"] not in {None, *reached}]
    if not new:
        return changed
    people = tuple(dict.fromkeys(new))
    return step.call(changed, "muster", f"channel/{step.command.op_id}", people=people)


def add_member(incident: Incident, step: IncidentStep) -> Incident:
    """One more in the channel, under a seat or none."""
    person = step.person(step.args["person"], "person", incident)
    if len(incident.members) >= MEMBERS_MAX:
        raise Refused("invalid_args", field="person", reason="length")
    seat = step.args.get("seat")
    step.entry["details"] = {"person": step.name_of(person.id), "seat": seat}
    others = [
        each
        for each in incident.members
        if each["person"] != person.id and not (each["person"] is None and each["seat"] == seat)
    ]
    removed = [each for each in incident.removed if each != person.id]
    changed = incident.evolve(members=[*others, _row(incident, person.id, seat or "")], removed=removed)
    return _tell_new(changed, incident, step)


def remove_member(incident: Incident, step: IncidentStep) -> Incident:
    """Out of the channel, and out of sight of the incident unless he reported it, has a task of it or watches all.

    No alarm of it, running or later, calls him for his unit again; at a post of the town he is on duty for all.
    """
    person = step.args["person"]
    if person not in people_of(incident):
        raise Refused("invalid_args", field="person", reason="unknown")
    step.entry["text"] = step.args["reason"]
    step.entry["details"] = {"person": step.name_of(person)}
    step.removals += [Removal(each, person) for each in (incident.id, *(m["id"] for m in incident.merged))]
    return incident.evolve(
        members=[each for each in incident.members if each["person"] != person],
        called=[each for each in incident.called if each["person"] != person],
        informed=[each for each in incident.informed if each != person],
        merged=[_without(each, person) for each in incident.merged],
        removed=sorted({*incident.removed, person}),
    )


def _without(child: Json, person: str) -> Json:
    """A merged report's people without him, if he did not report it himself."""
    if person == child["reporter"]:
        return child
    return {**child, "people": [each for each in child["people"] if each != person]}
