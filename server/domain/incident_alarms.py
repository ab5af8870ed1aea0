"""What alarms tell an incident: whom they have reached, and who pressed 收到."""

from collections.abc import Container, Iterable

from server.domain import instants
from server.domain.decision import Moment
from server.domain.incident import Incident, Json
from server.domain.incident_facts import heard_task
from server.domain.incident_step import heard_of
from server.domain.roles import Actor


def reached(incident: Incident, people: Iterable[str], informed: Container[str] = ()) -> Incident:
    """These persons were alarmed, or only told (`informed`), so they may see the incident; the same object back if
    nothing is new. Whoever was told first and is called later is called."""
    wanted = {person: person in informed for person in people}
    known = {each["person"] for each in incident.called}
    rows = [
        {**each, "informed": False} if each.get("informed") and wanted.get(each["person"]) is False else each
        for each in incident.called
    ]
    rows += [
        {"person": person, "acked_ms": None, "informed": told}
        for person, told in wanted.items()
        if person not in known
    ]
    return incident if rows == incident.called else incident.evolve(rev=incident.rev + 1, called=rows)


def acknowledged(
    incident: Incident,
    actor: Actor,
    op_id: str,
    moment: Moment,
    received_at_ms: int,
    task_id: str | None = None,
) -> Incident:
    """收到 from an alarm of the incident: an entry on its timeline; of a task's alarm the task is heard too."""
    if any(each["id"] == op_id for each in incident.timeline):
        return incident
    entry: Json = {
        "id": op_id,
        "name": "alert.ack",
        "actor": {"id": actor.id, "name": actor.name},
        "role": actor.role,
        "occurred_at": instants.rfc3339(moment.occurred_at_ms),
        "trust": moment.trust,
        "outcome": "applied" if incident.state == "open" else "kept",
        "received_at": instants.rfc3339(received_at_ms),
        "text": None,
        "photos": [],
        "details": {} if task_id is None else {"task": task_id},
    }
    heard = heard_of(incident, actor.id, moment.occurred_at_ms)
    if task_id is not None:
        heard = heard_task(heard, task_id, actor.id, moment.occurred_at_ms)
    return heard.evolve(rev=incident.rev + 1, timeline=[*incident.timeline, entry])
