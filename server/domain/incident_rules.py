"""What the duty room decides about an incident: muster, level, close and reopen (DOMAIN D20, P03)."""

from server.domain import instants
from server.domain.decision import Refused
from server.domain.incident import ALARMING_LEVEL, Incident
from server.domain.incident_step import IncidentStep, alarm_key


def muster(incident: Incident, step: IncidentStep) -> Incident:
    """吹哨: each unit and each person gets an alarm of its own, so that one's 收到 does not silence another's."""
    units = [
        step.unit(each, f"units[{i}]", incident).id for i, each in enumerate(step.args.get("units") or [])
    ]
    people = [
        step.person(each, f"people[{i}]", incident).id for i, each in enumerate(step.args.get("people") or [])
    ]
    if not units and not people:
        raise Refused("invalid_args", field="units", reason="missing")
    step.entry["text"] = step.args["reason"]
    step.entry["details"] = {
        "units": [step.named(each) for each in units],
        "people": [step.name_of(each) for each in people],
    }
    before = [each for each in incident.units if each["id"] not in units]
    changed = incident.evolve(units=[*before, *({"id": each, "at_ms": step.at_ms} for each in units)])
    cause = f"muster/{step.command.op_id}"
    for unit in units:
        changed = step.call(changed, "muster", f"{cause}/{unit}", units=(unit,))
    for person in people:
        changed = step.call(changed, "muster", f"{cause}/{person}", people=(person,))
    return changed


def upgrade(incident: Incident, step: IncidentStep) -> Incident:
    """To a graver level; 重大 and above alarms duty room and leaders again, until one of the others answers."""
    changed = _level(incident, step, graver=True)
    if changed.level <= ALARMING_LEVEL:
        knows = (step.actor.id,)
        return step.call(changed, "direct_report", f"level/{step.command.op_id}", knows=knows)
    return changed


def downgrade(incident: Incident, step: IncidentStep) -> Incident:
    """To a lesser level, with a reason; below 重大 nobody is called for the level any more."""
    changed = _level(incident, step, graver=False)
    if changed.level > ALARMING_LEVEL:
        raised = alarm_key(incident.id, "level/")
        step.ends.extend(key for key in incident.alarms if key.startswith(raised))
    return changed


def _level(incident: Incident, step: IncidentStep, *, graver: bool) -> Incident:
    level = step.args["level"]
    if level == incident.level or (level < incident.level) is not graver:
        raise Refused("wrong_state", state=incident.state, reason="level", level=incident.level)
    step.entry["text"] = step.args["reason"]
    step.entry["details"] = {"from": incident.level, "to": level}
    return incident.evolve(level=level)


def close(incident: Incident, step: IncidentStep) -> Incident:
    """Closed with a summary; its alarms end, and tasks that are still open are listed."""
    still = [each for each in incident.tasks if each["done_ms"] is None]
    step.entry["text"] = step.args["summary"]
    step.entry["details"] = {"open_tasks": [{"id": each["id"], "text": each["text"]} for each in still]}
    step.ends.extend(incident.alarms)
    step.ends.extend(each["alarm_key"] for each in still if each["origin"] is not None)
    return incident.evolve(state="closed", closed_at=step.at_ms, summary=step.args["summary"])


def reopen(incident: Incident, step: IncidentStep) -> Incident:
    """Open again; tasks that nobody has heard of are called for anew."""
    step.entry["text"] = step.args["reason"]
    changed = incident.evolve(state="open", closed_at=None, left_phones=False)
    for task in incident.tasks:
        if task["acked_ms"] is None and task["done_ms"] is None:
            changed = raise_task(changed, step, task["id"], f"task/{task['id']}/{step.command.op_id}")
    return changed


def raise_task(incident: Incident, step: IncidentStep, task_id: str, cause: str) -> Incident:
    """Alarm whoever got the task; unacknowledged it climbs like a muster (P13)."""
    task = next(each for each in incident.tasks if each["id"] == task_id)
    called = step.call(
        incident,
        "muster",
        cause,
        units=() if task["unit"] is None else (task["unit"],),
        people=() if task["person"] is None else (task["person"],),
        task=task_id,
        task_text=task["text"],
    )
    named = {**task, "alarm_key": called.alarms[-1], "origin": None}
    return called.evolve(tasks=[named if each["id"] == task_id else each for each in called.tasks])


def give_task(incident: Incident, step: IncidentStep) -> Incident:
    """交/办: a task for a person, or for a unit's worker on duty and head, with an acknowledgement asked for."""
    args = step.args
    if (args.get("person") is None) is (args.get("unit") is None):
        raise Refused(
            "invalid_args", field="person", reason="missing" if args.get("unit") is None else "choice"
        )
    if incident.task(args["task"]) is not None:
        raise Refused("invalid_args", field="task", reason="duplicate")
    if args.get("person") is not None:
        step.person(args["person"], "person", incident)
    else:
        step.unit(args["unit"], "unit", incident)
    due_min = args.get("due_min")
    due_ms = None if due_min is None else step.at_ms + due_min * instants.MINUTE_MS
    task = {
        "id": args["task"],
        "kind": args["kind"],
        "text": args["text"],
        "person": args.get("person"),
        "unit": args.get("unit"),
        "given_ms": step.at_ms,
        "given_by": step.actor.id,
        "due_ms": due_ms,
        "acked_ms": None,
        "acked_by": None,
        "done_ms": None,
        "done_by": None,
        "done_op": None,
        "result": None,
        "alarm_key": "",
        "origin": None,
    }
    step.entry["text"] = args["text"]
    step.entry["details"] = {
        "task": args["task"],
        "kind": args["kind"],
        "person": None if args.get("person") is None else step.name_of(args["person"]),
        "unit": step.named(args.get("unit")),
        "due_at": None if due_ms is None else instants.rfc3339(due_ms),
    }
    changed = incident.evolve(tasks=[*incident.tasks, task])
    return raise_task(changed, step, args["task"], f"task/{args['task']}")
