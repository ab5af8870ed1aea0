"""Several reports of one event become one incident; nobody who reported loses sight of it (D20)."""

from server.domain.decision import Refused
from server.domain.incident import Incident, Json, own_people
from server.domain.incident_step import IncidentStep


def merge(incident: Incident, step: IncidentStep) -> Incident:
    """open → merged into another open one, which gets its people and its tasks; its own alarms end, tasks' do not."""
    survivor = _survivor(incident, step)
    open_tasks = [each for each in incident.tasks if each["done_ms"] is None]
    going_on = {each["alarm_key"] for each in open_tasks}
    step.ends.extend(each for each in incident.alarms if each not in going_on)
    step.entry["text"] = step.args["reason"]
    step.entry["details"] = {"into": survivor.id}
    child: Json = {
        "id": incident.id,
        "matter": incident.matter,
        "text": incident.text,
        "reporter": incident.reporter,
        "people": sorted(own_people(incident)),
        "at_ms": step.at_ms,
    }
    moved = [{**each, "origin": each["origin"] or incident.id} for each in incident.tasks]
    joined = survivor.evolve(
        merged=[*survivor.merged, child],
        tasks=[*survivor.tasks, *moved],
        barred=sorted({*survivor.barred, *incident.barred}),
    )
    _record(survivor, joined, incident, step)
    return incident.evolve(state="merged", merged_into=survivor.id, tasks=[])


def _survivor(incident: Incident, step: IncidentStep) -> Incident:
    into = step.args["into"]
    survivor = step.ctx.related.get(into)
    if survivor is None or into == incident.id:
        raise Refused("invalid_args", field="into", reason="unknown")
    if survivor.state != "open":
        raise Refused("wrong_state", state=survivor.state, reason="into_closed")
    if incident.merged:
        raise Refused("wrong_state", state=incident.state, reason="has_merged")
    if (survivor.drill is None) is not (incident.drill is None):
        raise Refused("wrong_state", state=incident.state, reason="drill_differs")
    return survivor


def unmerge(incident: Incident, step: IncidentStep) -> Incident:
    """merged → open again, with its own tasks; whoever came by it alone loses sight of the other."""
    survivor = step.ctx.related.get(incident.merged_into or "")
    if survivor is None:
        raise Refused("wrong_state", state=incident.state)
    own = [each for each in survivor.tasks if each["origin"] == incident.id]
    step.entry["text"] = step.args["reason"]
    step.entry["details"] = {"from": survivor.id}
    parted = survivor.evolve(
        merged=[each for each in survivor.merged if each["id"] != incident.id],
        tasks=[each for each in survivor.tasks if each["origin"] != incident.id],
    )
    _record(survivor, parted, incident, step)
    back = [{**each, "origin": None} for each in own]
    return incident.evolve(state="open", merged_into=None, tasks=back)


def _record(survivor: Incident, changed: Incident, child: Incident, step: IncidentStep) -> None:
    """The same step on the survivor's own timeline."""
    entry = {**step.entry, "via": child.id, "details": {"incident": child.id, "matter": child.matter}}
    step.others.append(changed.evolve(rev=survivor.rev + 1, timeline=[*changed.timeline, entry]))
