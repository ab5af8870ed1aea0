"""Where the duty catalogue would send a ticket: village by place, unit by duty (DOMAIN D03, D04, emergency flow)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from server.domain.roles import Actor, Unit
from server.domain.ticket import Json, Ticket


@dataclass(frozen=True, slots=True)
class Matter:
    """A line of the catalogue; `place_leads`: the village leads and the unit joins."""

    words: tuple[str, ...]
    unit: str
    joint: tuple[str, ...]
    place_leads: bool
    place_joins: bool
    numbers: tuple[str, ...] = ()  # to be phoned first, where life is at risk


def _matters() -> tuple[Matter, ...]:
    raw = json.loads(Path(__file__).with_name("duties.json").read_text("utf-8"))["matters"]
    return tuple(
        Matter(
            tuple(m["words"]),
            m["unit"],
            tuple(m["joint"]),
            m["lead"] == "place",
            m["place_joins"],
            tuple(m.get("numbers", ())),
        )
        for m in raw
    )


MATTERS = _matters()
_USUAL = ("综合行政执法", "公共服务办", "公用事业服务中心")
_ALTERNATIVES_MAX = 4


def suggest(
    ticket: Ticket,
    units: Mapping[str, Unit],
    people: Mapping[str, Actor],
    on_duty: Callable[[str], str | None] | None = None,
) -> Json | None:
    """{unit, assignee, joint_units, rule, matter} by ids, or None when neither duty nor place is known.

    `on_duty`: the worker whom the rota names for a unit now; he goes before the others. The accused unit and those
    of its village are never suggested; an urgent ticket's village always takes part.
    """
    usable = {u.id: u for u in units.values() if u.id not in ticket.barred_units}
    village = village_of(ticket, usable)
    matter, word = _matter(f"{ticket.title} {ticket.content}", usable)
    duty = _by_name(matter.unit, usable) if matter is not None else None
    if duty is None or (matter is not None and matter.place_leads and village is not None):
        lead, rule = village, "place"
        joints = [duty] if duty is not None else []
    else:
        lead, rule = duty, "duty"
        joins = village is not None and (ticket.urgent or (matter is not None and matter.place_joins))
        joints = [village] if joins and village is not None else []
    if lead is None:
        return None
    if matter is not None:
        joints += [u for u in (_by_name(name, usable) for name in matter.joint) if u is not None]
    worker = None
    if lead.village:
        worker = (on_duty(lead.id) if on_duty is not None else None) or only_worker(lead, people)
    return {
        "unit": lead.id,
        "assignee": worker,
        "joint_units": list(dict.fromkeys(u.id for u in joints if u.id != lead.id)),
        "rule": rule,
        "matter": word,
        "alternatives": _alternatives(lead, [*joints, duty, village], usable),
    }


def _alternatives(lead: Unit, likely: list[Unit | None], units: Mapping[str, Unit]) -> list[str]:
    """The next best units: the other one of place and duty, who would join, who enforces and who watches."""
    usual = [_by_name(name, units) for name in _USUAL]
    known = dict.fromkeys(u.id for u in [*likely, *usual] if u is not None and u.id != lead.id)
    return list(known)[:_ALTERNATIVES_MAX]


def village_of(ticket: Ticket, units: Mapping[str, Unit]) -> Unit | None:
    """The unit of the village where it happened, unless it is accused."""
    village = ticket.place.get("village")
    if not village:
        return None
    return next((u for u in units.values() if u.village == village and u.id not in ticket.barred_units), None)


def numbers_first(ticket: Ticket) -> tuple[str, ...]:
    """Whom to phone before anything else: 119, 110 … where the matter of the ticket puts life at risk."""
    text = f"{ticket.title} {ticket.content}"
    return next((m.numbers for m in MATTERS if m.numbers and any(w in text for w in m.words)), ())


def _matter(text: str, units: Mapping[str, Unit]) -> tuple[Matter | None, str | None]:
    """The first line of the catalogue whose word stands in the text, else the first own duty of a unit in it.

    Another unit that names the word, or a longer one around it, as its own duty takes the place of the line's unit
    unless that one claims the matter too; whether the village leads stays the catalogue's word.
    """
    for line in MATTERS:
        for word in line.words:
            if word in text:
                named = _by_name(line.unit, units)
                claimed = named is not None and any(own in text for own in named.duties)
                own = None if claimed else _owner(text, units, word)
                return (line if own is None else replace(line, unit=own.name)), word
    own_words = [(text.index(w), -len(w), w, u.name) for u in units.values() for w in u.duties if w in text]
    if not own_words:
        return None, None
    _, _, word, name = min(own_words)
    return Matter((word,), name, (), place_leads=False, place_joins=False), word


def _owner(text: str, units: Mapping[str, Unit], word: str) -> Unit | None:
    return next((u for u in units.values() if any(word in own and own in text for own in u.duties)), None)


def _by_name(name: str, units: Mapping[str, Unit]) -> Unit | None:
    exact = next((u for u in units.values() if u.name == name), None)
    return exact or next((u for u in units.values() if name in u.name and not u.village), None)


def only_worker(unit: Unit, people: Mapping[str, Actor]) -> str | None:
    """The village's grid worker, if it has one grid; in several nobody is named and whoever is near accepts.

    Within the grid the first by account, where no rota says who is on duty.
    """
    workers = [
        p
        for p in people.values()
        if p.unit_id == unit.id and p.role == "grid_worker" and p.revoked_at_ms is None
    ]
    if len({p.grid_id for p in workers}) != 1:
        return None
    return min(workers, key=lambda p: (p.username, p.id)).id
