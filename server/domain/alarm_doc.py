"""An alarm as documents: one person's alert for his phone, the whole for the duty room. Times are RFC 3339."""

from collections.abc import Mapping
from typing import Any

from server.domain.alarm import Alarm, ladder_of, next_at
from server.domain.call import CONFIDENTIAL_TITLE, CONFIDENTIAL_TITLE_EN
from server.domain.escalation import planned_at
from server.domain.instants import rfc3339
from server.domain.roles import Actor, Unit

Json = dict[str, Any]
_TIMES = frozenset({"at", "acked_at", "due_at"})


def render_alert(alarm: Alarm, person: str, people: Mapping[str, Actor]) -> Json:
    """What the person's phone holds (type "alert"); `acked_by`: who has it in hand, perhaps somebody else."""
    call, mine = alarm.call, alarm.people[person]
    made = {
        "id": mine["alert"],
        "rev": alarm.rev,
        "alarm": alarm.id,
        "kind": alarm.kind,
        **_about(alarm),
        "raised_at": rfc3339(mine["raised_at"]),
        "acked_at": _instant(mine["acked_at"]),
        "ack_received_at": _instant(mine["ack_received_at"]),
        "rung": mine["rung"],
        "rung_at": rfc3339(mine["rung_at"]),
        "informed": mine["informed"],
        "posts": mine["posts"],
        "acked_by": _acked_by(alarm.acked_by, people),
        "life_at_risk": call["life_at_risk"],
        "numbers": call["numbers"],
        "state": "open" if alarm.state == "unanswered" else alarm.state,
        "ended_at": _instant(alarm.ended_at),
        "end_why": alarm.end_why,
        "climbed_meanwhile": any(
            each["code"] == "climbed_while_unsent" and each["person"] == person for each in alarm.explained
        ),
    }
    if call["task"] is not None:
        made |= {"task": call["task"], "task_text": call["task_text"]}
    return made


def render_alarm(
    alarm: Alarm, people: Mapping[str, Actor], units: Mapping[str, Unit], phones: Mapping[str, str]
) -> Json:
    """What the duty room holds (type "alarm"): everybody called, with a number to phone, and the whole ladder."""
    due_at = next_at(alarm)
    return {
        "id": alarm.id,
        "rev": alarm.rev,
        "kind": alarm.kind,
        **_about(alarm),
        "drill_id": alarm.drill,
        "raised_at": rfc3339(alarm.raised_at),
        "state": alarm.state,
        "acked_at": _instant(alarm.acked_at),
        "ack_received_at": _instant(alarm.ack_received_at),
        "acked_by": _named(alarm.acked_by, people),
        "ended_at": _instant(alarm.ended_at),
        "end_why": alarm.end_why,
        "next_at": _instant(due_at),
        "task": alarm.call["task"],
        "task_text": alarm.call["task_text"],
        "ladder": _ladder(alarm, due_at),
        "explained": [_explained(each, people) for each in alarm.explained],
        "people": [_person(person, entry, people, units, phones) for person, entry in alarm.people.items()],
    }


def _acked_by(person: str | None, people: Mapping[str, Actor]) -> Json | None:
    """With his role: of a direct report the leaders read that the duty room has it."""
    named = _named(person, people)
    known = people.get(person) if person is not None else None
    return named if named is None else named | {"role": known.role if known is not None else None}


def _about(alarm: Alarm) -> Json:
    """A confidential ticket is named by nothing but its kind (DOMAIN §E)."""
    call = alarm.call
    hidden = call["handlers"] is not None
    return {
        "drill": alarm.drill is not None,
        "drill_title": call["drill_title"],
        "subject": {"type": call["subject_type"], "id": call["subject_id"]},
        "title": CONFIDENTIAL_TITLE if hidden else call["title"],
        "title_en": CONFIDENTIAL_TITLE_EN if hidden else call.get("title_en"),
        "village": None if hidden else call["village"],
    }


def _ladder(alarm: Alarm, due_at: int | None) -> list[Json]:
    ladder, taken = ladder_of(alarm), {each["rung"]: each for each in alarm.climbs}
    told = []
    for number, rung in enumerate(ladder.rungs):
        climb = taken.get(number)
        planned = planned_at(ladder, alarm.raised_at, number, alarm.scale)
        if climb is None and number == len(taken) and due_at is not None:
            planned = due_at
        told.append(
            {
                "rung": number,
                "due_at": rfc3339(climb["at"] if climb else planned),
                "climbed_at": rfc3339(climb["at"]) if climb else None,
                "posts": list(rung.posts),
                "informs": list(rung.informs),
                "empty": climb is not None and not climb["people"],
            }
        )
    return told


def _explained(entry: Json, people: Mapping[str, Actor]) -> Json:
    told = {name: rfc3339(value) if name in _TIMES else value for name, value in entry.items()}
    for name in ("person", "before"):
        if name in told:
            told[name] = _named(told[name], people)
    return told


def render_person(
    person: str, people: Mapping[str, Actor], units: Mapping[str, Unit], phones: Mapping[str, str]
) -> Json:
    """Who was called, with a number to phone."""
    actor = people.get(person)
    unit = units.get(actor.unit_id or "") if actor else None
    return {
        "id": person,
        "name": actor.name if actor else "",
        "role": actor.role if actor else "",
        "unit": {"id": unit.id, "name": unit.name} if unit else None,
        "phone": phones.get(person),
    }


def _person(
    person: str,
    entry: Json,
    people: Mapping[str, Actor],
    units: Mapping[str, Unit],
    phones: Mapping[str, str],
) -> Json:
    return {
        "person": render_person(person, people, units, phones),
        "alert": entry["alert"],
        "rung": entry["rung"],
        "informed": entry["informed"],
        "removed": entry.get("removed", False),
        "posts": entry["posts"],
        "raised_at": rfc3339(entry["raised_at"]),
        "acked_at": _instant(entry["acked_at"]),
        "ack_received_at": _instant(entry["ack_received_at"]),
        "ack_via": entry["ack_via"],
    }


def _named(person: str | None, people: Mapping[str, Actor]) -> Json | None:
    if person is None:
        return None
    found = people.get(person)
    return {"id": person, "name": found.name if found else ""}


def _instant(at_ms: int | None) -> str | None:
    return None if at_ms is None else rfc3339(at_ms)
