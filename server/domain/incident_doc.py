"""The incident as a phone holds it (`type: "incident"`)."""

from collections.abc import Mapping

from server.domain.alarm import alarm_id
from server.domain.incident import Incident, Json
from server.domain.instants import rfc3339
from server.domain.matters import matter_of
from server.domain.roles import Actor, Unit

TIMELINE_MAX = 100  # entries that a phone holds; the whole history is a GET away


def render_incident(
    incident: Incident,
    units: Mapping[str, Unit],
    people: Mapping[str, Actor],
    *,
    whole: bool = False,
) -> Json:
    """The wire document; `whole` gives the full timeline."""
    matter = matter_of(incident.matter)
    timeline = incident.timeline if whole else incident.timeline[-TIMELINE_MAX:]
    doc: Json = {
        "id": incident.id,
        "rev": incident.rev,
        "state": incident.state,
        "level": incident.level,
        "matter": {"code": matter.code, "name": matter.zh, "zh": matter.zh, "en": matter.en},
        "drill": incident.drill is not None,
        "drill_id": incident.drill,
        "text": incident.text,
        "place": {
            k: incident.place.get(k) for k in ("village", "address", "lat", "lng", "crs", "accuracy_m")
        },
        "village": incident.place.get("village"),
        "reporter": _person(incident.reporter, people),
        "reported_at": rfc3339(incident.reported_at),
        "received_at": rfc3339(incident.received_at),
        "closed_at": _at(incident.closed_at),
        "merged_into": incident.merged_into,
        "merged": [_merged(each, people) for each in incident.merged],
        "ticket": None if incident.concealed else incident.ticket,
        "units": [
            {**_unit(each["id"], units), "mustered_at": rfc3339(each["at_ms"])} for each in incident.units
        ],
        "channel": _channel(incident.channel),
        "members": [
            {
                "person": None if each["person"] is None else _person(each["person"], people),
                "seat": each["seat"],
                "acked_at": _at(each["acked_ms"]),
            }
            for each in incident.members
        ],
        "called": [
            {
                "person": _person(each["person"], people),
                "acked_at": _at(each["acked_ms"]),
                "informed": each.get("informed", False),
            }
            for each in incident.called
        ],
        "informed": [_person(each, people) for each in incident.informed],
        "tasks": [_task(each, units, people) for each in incident.tasks],
        "summary": incident.summary,
        "life_at_risk": matter.life_at_risk,
        "numbers": list(matter.numbers),
        "timeline": timeline,
    }
    if len(timeline) < len(incident.timeline):
        doc["timeline_cut"] = True
    return doc


def _task(task: Json, units: Mapping[str, Unit], people: Mapping[str, Actor]) -> Json:
    return {
        "id": task["id"],
        "kind": task["kind"],
        "text": task["text"],
        "person": None if task["person"] is None else _person(task["person"], people),
        "unit": None if task["unit"] is None else _unit(task["unit"], units),
        "due_at": _at(task["due_ms"]),
        "given_at": rfc3339(task["given_ms"]),
        "given_by": _person(task["given_by"], people),
        "acked_at": _at(task["acked_ms"]),
        "acked_by": None if task["acked_by"] is None else _person(task["acked_by"], people),
        "done_at": _at(task["done_ms"]),
        "done_by": None if task["done_by"] is None else _person(task["done_by"], people),
        "result": task["result"],
        "alarm": alarm_id(task["alarm_key"]),
    }


def _merged(child: Json, people: Mapping[str, Actor]) -> Json:
    matter = matter_of(child["matter"])
    return {
        "id": child["id"],
        "matter": {"code": matter.code, "name": matter.zh, "zh": matter.zh, "en": matter.en},
        "text": child["text"],
        "reporter": _person(child["reporter"], people),
        "merged_at": rfc3339(child["at_ms"]),
    }


def _channel(channel: Json | None) -> Json | None:
    if channel is None:
        return None
    return {"name": channel["name"], "template": channel["template"], "opened_at": rfc3339(channel["at_ms"])}


def _person(person_id: str, people: Mapping[str, Actor]) -> Json:
    person = people.get(person_id)
    if person is None:
        return {"id": person_id, "name": person_id, "role": "system"}
    return {"id": person_id, "name": person.name, "role": person.role}


def _unit(unit_id: str, units: Mapping[str, Unit]) -> Json:
    unit = units.get(unit_id)
    return {"id": unit_id, "name": unit.name if unit is not None else unit_id}


def _at(at_ms: int | None) -> str | None:
    return None if at_ms is None else rfc3339(at_ms)
