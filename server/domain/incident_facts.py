"""Facts about an incident: reported, on the way, there, a note, a task heard and done. Never refused for its state."""

from server.domain import geo
from server.domain.decision import Command, Refused
from server.domain.emergency import EmergencyRule
from server.domain.incident import Incident, Json, may_see_incident
from server.domain.incident_step import (
    Ack,
    IncidentContext,
    IncidentDecision,
    IncidentStep,
    begin,
    decided,
    finish,
)
from server.domain.roles import Unit

VILLAGE_KINDS = frozenset({"village", "community"})


def report(
    incident: Incident | None, command: Command, ctx: IncidentContext, rule: EmergencyRule
) -> IncidentDecision:
    """Direct report (突发直报): duty room and leaders are alarmed together, heads are told, nobody is asked."""
    revoked = command.actor.revoked_at_ms
    if revoked is not None and command.moment.occurred_at_ms >= revoked:
        raise Refused("not_yours")
    if incident is not None or ctx.taken:
        raise Refused("invalid_args", field="subject", reason="duplicate")
    step = begin(command, ctx, rule)
    args = command.args
    fresh = Incident(
        id=command.subject,
        matter=args["matter"],
        text=args["text"],
        reporter=command.actor.id,
        reported_at=command.moment.occurred_at_ms,
        received_at=command.received_at_ms,
        rev=0,
        place=place_of(args.get("place") or {}, ctx),
    )
    step.entry["text"] = args["text"]
    step.entry["details"] = {"matter": args["matter"]}
    name_photos(step, args.get("no_photo_reason"), asked=False)
    return decided(finish(fresh, alarmed(drilled(fresh, step), step), step), step)


def drilled(incident: Incident, step: IncidentStep) -> Incident:
    """Marked as an exercise if it is one: of the drill that runs, else one of its own."""
    if not step.args.get("drill"):
        return incident
    step.entry["details"]["drill"] = True
    return incident.evolve(drill=step.ctx.running_drill or incident.id)


def alarmed(incident: Incident, step: IncidentStep) -> Incident:
    """Raise its first alarm; the heads of the reporter's unit and of the place's village are told (D20)."""
    reporter = step.ctx.people.get(incident.reporter, step.actor)
    places = (reporter.unit_id, incident.place.get("village_unit"))
    units = [each for each in dict.fromkeys(places) if each is not None and each not in incident.barred]
    heads = [head for unit in units for head in step.ctx.who("unit_head", unit) if head != incident.reporter]
    informed = list(dict.fromkeys(heads))
    known = incident.evolve(informed=informed)
    return step.call(known, "direct_report", "report", units=tuple(units), informs=tuple(informed))


def place_of(told: Json, ctx: IncidentContext) -> Json:
    """The place as it was told; a village by name or id. A name that is none is kept in the address: nobody's
    emergency is refused for it."""
    wanted = (told.get("village") or "").strip()
    village = _village(wanted, ctx)
    address = (told.get("address") or "").strip()
    if village is None and wanted:
        address = f"{wanted} {address}".strip()
    has_point = told.get("lat") is not None and told.get("lng") is not None
    return {
        "village": village.village or village.name if village is not None else None,
        "village_unit": village.id if village is not None else None,
        "address": address or None,
        "lat": told["lat"] if has_point else None,
        "lng": told["lng"] if has_point else None,
        "crs": told.get("crs") or "WGS84" if has_point else None,
        "accuracy_m": told.get("accuracy_m") if has_point else None,
    }


def _village(wanted: str, ctx: IncidentContext) -> Unit | None:
    found = ctx.units.get(wanted.lower())
    if found is None:
        found = next((each for each in ctx.units.values() if wanted in (each.name, each.village)), None)
    return found if found is not None and wanted and found.kind in VILLAGE_KINDS else None


def decide_fact(
    incident: Incident, command: Command, ctx: IncidentContext, rule: EmergencyRule
) -> IncidentDecision:
    """Store a fact: `applied` if its author has the incident and it is open, else `kept`; refused only as foreign.

    A fact about a merged report is kept on the incident that it was merged into.
    """
    survivor = ctx.related.get(incident.merged_into) if incident.merged_into is not None else None
    has = _has(incident, survivor, command, ctx)
    host = survivor if survivor is not None else incident
    step = begin(command, ctx, rule)
    if survivor is not None:
        step.entry["via"] = incident.id
    fits = has and survivor is None and host.state == "open"
    step.outcome = "applied" if fits else "kept"
    changed = _RULES[command.name](host, step)
    step.acks.append(Ack(host.id, None, step.actor.id, command.moment, command.name))
    done = decided(finish(host, changed, step), step, None if fits else "kept")
    if not fits:
        done.details.update(_why_kept(host, step, has=has))
    return done


def _has(incident: Incident, survivor: Incident | None, command: Command, ctx: IncidentContext) -> bool:
    """Whether the author has it now; raises `not_yours` if he never had it."""
    actor = command.actor
    has = may_see_incident(actor, incident, survivor)
    revoked = actor.revoked_at_ms
    had = ctx.ever_held and (revoked is None or command.moment.occurred_at_ms < revoked)
    if not (has or had):
        raise Refused("not_yours")
    return has


def _why_kept(host: Incident, step: IncidentStep, *, has: bool) -> Json:
    if "via" in step.entry:
        return {"reason": "merged"}
    return {"reason": "state", "state": host.state} if has else {"reason": "moved"}


def name_photos(step: IncidentStep, reason: str | None, *, asked: bool) -> None:
    """Name the photos; bytes that came first count at once. Where one is `asked` for, its absence is flagged."""
    photos = step.args.get("photos") or []
    known = step.ctx.photos
    step.entry["photos"] = [
        {
            **{k: v for k, v in photo.items() if k != "bytes"},
            "state": "received" if known.get(photo["id"]) == photo["sha256"] else "awaited",
        }
        for photo in photos
    ]
    if not photos and (asked or reason):
        _flag(step, "no_photo", reason)


def _flag(step: IncidentStep, flag: str, reason: str | None) -> None:
    flags = step.entry.setdefault("flags", [])
    flags.append(flag)
    if reason is None:
        if "no_reason" not in flags:
            flags.append("no_reason")
    else:
        known = step.entry.get("reason")
        step.entry["reason"] = reason if known is None or known == reason else f"{known}；{reason}"


def _note(incident: Incident, step: IncidentStep) -> Incident:
    step.entry["text"] = step.args["text"]
    name_photos(step, None, asked=False)
    if step.args.get("false_report"):
        step.entry.setdefault("flags", []).append("false_report")
    return incident


def _depart(incident: Incident, step: IncidentStep) -> Incident:
    step.entry["unit"] = step.named(step.actor.unit_id)
    return incident


def _arrive(incident: Incident, step: IncidentStep) -> Incident:
    """At the scene: point, distance, photo; what is missing is flagged with the reason given [A]."""
    step.entry["unit"] = step.named(step.actor.unit_id)
    point, reason = step.args.get("point"), step.args.get("no_fix_reason")
    if point is None:
        _flag(step, "no_fix", reason)
    else:
        place = incident.place
        step.entry["point"] = point
        metres = geo.distance_m(
            point["lat"], point["lng"], point["crs"], place.get("lat"), place.get("lng"), place.get("crs")
        )
        if metres is not None:
            step.entry["distance_m"] = metres
            if metres > step.ctx.rules.arrival_radius_m:
                _flag(step, "far", reason)
    name_photos(step, step.args.get("no_photo_reason"), asked=True)
    return incident


def _task_ack(incident: Incident, step: IncidentStep) -> Incident:
    task = _own_task(incident, step)
    step.entry["details"] = {"task": task["id"]}
    return heard_task(incident, task["id"], step.actor.id, step.at_ms)


def _task_done(incident: Incident, step: IncidentStep) -> Incident:
    """Done counts as heard too; of two that say so the earlier counts, then the smaller operation's id."""
    task = _own_task(incident, step)
    step.entry["text"] = step.args["text"]
    step.entry["details"] = {"task": task["id"]}
    name_photos(step, None, asked=False)
    heard = heard_task(incident, task["id"], step.actor.id, step.at_ms)
    mine = (step.at_ms, step.command.op_id)
    if task["done_ms"] is not None and (task["done_ms"], task["done_op"]) <= mine:
        return heard
    done = {
        "done_ms": mine[0],
        "done_op": mine[1],
        "done_by": step.actor.id,
        "result": step.args["text"],
    }
    return _with_task(heard, task["id"], done)


def heard_task(incident: Incident, task_id: str, person: str, at_ms: int) -> Incident:
    """The task was acknowledged; the earliest moment counts, then the smaller person's id."""
    task = incident.task(task_id)
    if task is None or (
        task["acked_ms"] is not None and (task["acked_ms"], task["acked_by"]) <= (at_ms, person)
    ):
        return incident
    return _with_task(incident, task_id, {"acked_ms": at_ms, "acked_by": person})


def _with_task(incident: Incident, task_id: str, changed: Json) -> Incident:
    return incident.evolve(
        tasks=[{**each, **changed} if each["id"] == task_id else each for each in incident.tasks]
    )


def _own_task(incident: Incident, step: IncidentStep) -> Json:
    """The task of the argument if it was given to this person or to his unit."""
    task = incident.task(step.args["task"])
    if task is None:
        raise Refused("invalid_args", field="task", reason="unknown")
    mine = step.actor.id == task["person"] or (
        task["unit"] is not None and task["unit"] == step.actor.unit_id
    )
    if not mine:
        raise Refused("not_yours")
    origin = task["origin"] or incident.id
    step.acks.append(Ack(origin, task["alarm_key"], step.actor.id, step.command.moment, step.command.name))
    return task


_RULES = {
    "incident.note": _note,
    "incident.depart": _depart,
    "incident.arrive": _arrive,
    "incident.task_ack": _task_ack,
    "incident.task_done": _task_done,
}
