"""The ticket as a phone holds it (API: `type: "ticket"`)."""

from collections.abc import Mapping

from server.domain.callbacks import effective
from server.domain.instants import rfc3339
from server.domain.replies import is_outdated
from server.domain.roles import Actor, Unit
from server.domain.rules import Rules
from server.domain.ticket import Json, Ticket

STUB_TITLE = "保密单"
_DEFAULTS = Rules()
_KINDS = {"acceptance": 0, "arrival": 1, "handling": 2, "result": 3}
_PRIVATE_REPLY = frozenset({"supplements", "packet"})
_NOBODY = ("system", "city")


def render(
    ticket: Ticket,
    units: Mapping[str, Unit],
    people: Mapping[str, Actor],
    *,
    now_ms: int | None = None,
    whole: bool = False,
    rules: Rules = _DEFAULTS,
) -> Json:
    """The wire document. A confidential ticket gives its stub unless `whole`, which gives the full timeline too.

    `deadlines[].state` is as of `now_ms` (without it nothing open is missed); `as_of` patches it in an answer.
    """
    stub = ticket.confidential and not whole
    doc: Json = {
        "id": ticket.id,
        "external_no": ticket.external_no,
        "rev": ticket.rev,
        "state": ticket.state,
        "cycle": ticket.cycle,
        "category": ticket.category,
        "urgent": ticket.urgent,
        "confidential": ticket.confidential,
        "lead_unit": _unit(ticket.lead_unit, units),
        "received_at": rfc3339(ticket.received_at),
        "assigned_at": _at(ticket.assigned_at),
        "external_due_at": _at(ticket.external_due_at),
        "deadlines": _deadlines(ticket, now_ms),
        "urgent_flagged_at": _at(ticket.urgent_flagged_at),
        "replied_at": _at(ticket.replied_at),
        "closed_at": _at(ticket.closed_at),
        "merged_into": ticket.merged_into,
    }
    doc.update(_EMPTY if stub else _content(ticket, units, people, rules))
    if not stub:
        timeline = ticket.timeline if whole else _cut(ticket.timeline, rules)
        doc["timeline"] = timeline
        if len(timeline) < len(ticket.timeline):
            doc["timeline_cut"] = True
    return doc


_EMPTY: Json = {
    "title": STUB_TITLE,
    "content": None,
    "place": None,
    "contact": None,
    "joint_units": [],
    "assignee": None,
    "assistants": [],
    "grid": None,
    "reply": None,
    "callbacks": [],
    "timeline": [],
    "suggestion": None,
    "merged": [],
    "return_request": None,
    "evaluation": None,
    "flags": [],
    "tags": [],
    "supplements": [],
}


def _content(ticket: Ticket, units: Mapping[str, Unit], people: Mapping[str, Actor], rules: Rules) -> Json:
    return {
        "title": ticket.title,
        "content": ticket.content,
        "place": ticket.place,
        "contact": ticket.contact,
        "joint_units": [_unit(u, units) for u in ticket.joint_units],
        "assignee": _person(ticket.assignee, people),
        "assistants": [_person(p, people) for p in ticket.assistants],
        "grid": ticket.grid,
        "reply": _reply(ticket),
        "callbacks": _callbacks(ticket, rules),
        "suggestion": _suggestion(ticket, units, people),
        "merged": [
            {
                "id": m["id"],
                "external_no": m["external_no"],
                "contact": m["contact"],
                "callback": m["effective"] is not None,
            }
            for m in ticket.merged
        ],
        "return_request": _return_request(ticket, units),
        "evaluation": ticket.evaluation,
        "flags": ticket.flags,
        "tags": ticket.tags,
        "supplements": ticket.supplements,
    }


def for_office(ticket: Ticket, units: Mapping[str, Unit]) -> Json:
    """What the desk sees besides: who is complained about, and which units must not get the ticket."""
    return {
        "respondent_unit": _unit(ticket.respondent_unit, units),
        "barred_units": [_unit(u, units) for u in ticket.barred_units],
        "channel": ticket.channel,
        "clock_history": ticket.clock_history,
    }


def deadline_state(due_ms: int, met_ms: int | None, now_ms: int | None) -> str:
    """`met` iff met by its due; met late or run out is `missed`; else `open` (DOMAIN §C 5)."""
    if met_ms is not None:
        return "met" if met_ms <= due_ms else "missed"
    return "missed" if now_ms is not None and due_ms < now_ms else "open"


def as_of(doc: Json, now_ms: int) -> Json:
    """The document with the state of its deadlines as of this answer; the stored one is left alone."""
    now = rfc3339(now_ms)
    deadlines = [
        {**d, "state": "missed"} if d["state"] == "open" and d["due_at"] < now else d
        for d in doc["deadlines"]
    ]
    return {**doc, "deadlines": deadlines}


def _deadlines(ticket: Ticket, now_ms: int | None) -> list[Json]:
    found = []
    for clock in ticket.clocks:
        if clock["cycle"] != ticket.cycle or "stopped" in clock:
            continue
        one: Json = {
            "kind": clock["kind"],
            "start_at": rfc3339(clock["start"]),
            "due_at": rfc3339(clock["due"]),
            "met_at": _at(clock["met"]),
            "provisional": clock["provisional"],
            "state": deadline_state(clock["due"], clock["met"], now_ms),
            "why": clock["why"],
        }
        if clock.get("unverified"):
            one["unverified"] = True
        if clock.get("external") is not None:
            one["internal_due_at"] = rfc3339(clock["internal"])
            one["external_due_at"] = rfc3339(clock["external"])
        found.append(one)
    found.sort(key=lambda d: _KINDS[d["kind"]])
    return found


def _cut(timeline: list[Json], rules: Rules) -> list[Json]:
    """The last entries and what people (not machines) did before: everybody finds his own (SYNC: pull)."""
    if len(timeline) <= rules.doc_timeline_max:
        return timeline
    split = len(timeline) - rules.doc_timeline_max
    own = [e for e in timeline[:split] if e["actor"]["id"] not in _NOBODY]
    return [*own[-rules.doc_own_max :], *timeline[split:]]


def _callbacks(ticket: Ticket, rules: Rules) -> list[Json]:
    calls = [e for e in ticket.timeline if e["name"] == "ticket.callback"]
    if not calls:
        return []
    chosen = effective(ticket.timeline, ticket.cycle, rules)
    return [
        {
            "id": e["id"],
            "actor": e["actor"],
            "occurred_at": e["occurred_at"],
            **e["callback"],
            "summary": e["text"],
            "cycle": e["cycle"],
            "effective": e is chosen,
            "retracted": "retracted_by" in e,
        }
        for e in calls
    ]


def _reply(ticket: Ticket) -> Json | None:
    reply = ticket.reply
    if reply is None:
        return None
    shown = {k: v for k, v in reply.items() if k not in _PRIVATE_REPLY}
    shown["outdated"] = ticket.state == "reply_review" and is_outdated(ticket)
    return shown


def _suggestion(ticket: Ticket, units: Mapping[str, Unit], people: Mapping[str, Actor]) -> Json | None:
    found = ticket.suggestion
    if found is None or ticket.state != "received":
        return None
    return {
        "unit": _unit(found["unit"], units),
        "assignee": _person(found["assignee"], people),
        "joint_units": [_unit(u, units) for u in found["joint_units"]],
        "rule": found["rule"],
        "matter": found["matter"],
        "alternatives": [_unit(u, units) for u in found["alternatives"]],
    }


def _return_request(ticket: Ticket, units: Mapping[str, Unit]) -> Json | None:
    request = ticket.return_request
    if request is None:
        return None
    return {**request, "suggested_unit": _unit(request["suggested_unit"], units)}


def _at(at_ms: int | None) -> str | None:
    return None if at_ms is None else rfc3339(at_ms)


def _unit(unit_id: str | None, units: Mapping[str, Unit]) -> Json | None:
    if unit_id is None:
        return None
    unit = units.get(unit_id)
    return {"id": unit_id, "name": unit.name if unit is not None else unit_id}


def _person(person_id: str | None, people: Mapping[str, Actor]) -> Json | None:
    if person_id is None:
        return None
    person = people.get(person_id)
    return {"id": person_id, "name": person.name if person is not None else person_id}
