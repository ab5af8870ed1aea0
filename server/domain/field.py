"""Facts from the field: depart, arrive, note, on_site_done, callback, retract. Always stored (SYNC)."""

from dataclasses import replace

from server.domain import geo, instants
from server.domain.callbacks import effective
from server.domain.decision import Command, Context, Decision, Refused
from server.domain.lifecycle import OPS, OpRule
from server.domain.packet import as_packed
from server.domain.roles import Actor, may_do, may_see
from server.domain.step import Step, begin, decided, finish, rehashed
from server.domain.ticket import Json, Ticket

_MOVED_TO_SURVIVOR = frozenset({"ticket.depart", "ticket.arrive", "ticket.note", "ticket.on_site_done"})
_RETRACTABLE = frozenset(name for name, rule in OPS.items() if rule.kind == "fact") - {"ticket.retract"}


def decide_fact(ticket: Ticket, command: Command, ctx: Context, rule: OpRule) -> Decision:
    """Store a fact: `applied` if its author has the ticket and the state fits, else `kept`; refused only as foreign.

    Whether his role was to do it is judged as of when he did: an honest time counts with the rights of that time.
    A fact about a merged ticket is kept on the survivor, a callback stays with its own caller's ticket.
    """
    actor = command.actor
    survivor = ctx.related.get(ticket.merged_into) if ticket.merged_into is not None else None
    has, command = _has(ticket, survivor, command, ctx)
    host, via = ticket, None
    if survivor is not None and (command.name in _MOVED_TO_SURVIVOR or _is_about(survivor, ticket, command)):
        host, via = survivor, ticket.id
    cycle = host.cycle if via is not None else host.cycle_at(command.base)
    step = begin(command, ctx, rule, cycle)
    fits = has and via is None and cycle == host.cycle and host.state in rule.states
    step.outcome = "applied" if fits else "kept"
    if via is not None:
        step.entry["via"] = via
    changed = _RULES[command.name](host, step)
    if fits and rule.to is not None:
        changed = _on_the_way(changed, step)
    done = finish(host, changed, step)
    _carry_callback(done, survivor if via is None else None, step)
    _tell(done, step)
    if fits:
        return decided(done, step)
    return replace(decided(done, step), code="kept", details=_why_kept(done, actor, step, has=has))


def _why_kept(host: Ticket, actor: Actor, step: Step, *, has: bool) -> Json:
    """What its author is told of a fact that was kept: the ticket moved on, and where, if he may know."""
    if "via" in step.entry:
        into = host.external_no if may_see(actor, host) else None
        return {"reason": "merged", "into": into}
    if not may_do(actor, step.command.name, host, step.at_ms):
        return {"reason": "role"}
    if not has:
        unit = None if host.confidential else step.named(host.lead_unit)
        return {"reason": "moved", "unit": unit}
    if step.entry["cycle"] != host.cycle:
        return {"reason": "cycle"}
    return {"reason": "state", "state": host.state}


def _has(ticket: Ticket, survivor: Ticket | None, command: Command, ctx: Context) -> tuple[bool, Command]:
    """Whether the author has the ticket now, and the command by the author as he was when he did it.

    Raises `not_yours` when he never had it, or his role could not do it, neither now nor then.
    """
    actor, at_ms = command.actor, command.moment.occurred_at_ms
    revoked = actor.revoked_at_ms
    has = revoked is None and may_see(actor, ticket, survivor)
    had = ctx.ever_held and (revoked is None or at_ms < revoked)
    if not (has or had):
        raise Refused("not_yours")
    if may_do(actor, command.name, ticket, at_ms):
        return has, command
    then = ctx.formerly(at_ms)
    if then is None or not may_do(then, command.name, ticket, at_ms):
        raise Refused("not_yours")
    return False, replace(command, actor=then)


def _is_about(survivor: Ticket, child: Ticket, command: Command) -> bool:
    """Whether a retraction names a fact that was kept on the survivor."""
    if command.name != "ticket.retract":
        return False
    target = command.args["op"]
    return child.entry(target) is None and survivor.entry(target) is not None


def works_lead(actor: Actor, ticket: Ticket) -> bool:
    """Whether the person works for the lead: named on the ticket, of the lead unit, or of an urgent's joint unit."""
    if actor.id == ticket.assignee or actor.id in ticket.assistants or actor.id in ticket.handlers:
        return True
    if actor.unit_id is None:
        return False
    return actor.unit_id == ticket.lead_unit or (ticket.urgent and actor.unit_id in ticket.joint_units)


def _on_the_way(ticket: Ticket, step: Step) -> Ticket:
    """→ handling. Who goes to an unclaimed ticket leads it; who goes to another's assists (DOMAIN §B)."""
    actor = step.actor
    changed: Json = {"state": "handling"}
    if ticket.assignee is None and works_lead(actor, ticket):
        changed["assignee"] = actor.id
    elif ticket.assignee != actor.id and actor.id not in ticket.assistants and works_lead(actor, ticket):
        changed["assistants"] = [*ticket.assistants, actor.id]
    return ticket.evolve(**changed)


def _photos(step: Step, reason: str | None) -> None:
    """Name the photos; bytes that came first count at once. Evidence that is missing needs a reason."""
    photos = step.args.get("photos") or []
    known = step.ctx.photos
    step.entry["photos"] = [
        {
            **{k: v for k, v in photo.items() if k != "bytes"},
            "state": "received" if known.get(photo["id"]) == photo["sha256"] else "awaited",
        }
        for photo in photos
    ]
    if not photos:
        _flag(step, "no_photo", reason)


def _flag(step: Step, flag: str, reason: str | None) -> None:
    step.entry.setdefault("flags", []).append(flag)
    if reason is None:
        if "no_reason" not in step.entry["flags"]:
            step.entry["flags"].append("no_reason")
    else:
        known = step.entry.get("reason")
        step.entry["reason"] = reason if known is None or known == reason else f"{known}；{reason}"


def _joint(ticket: Ticket, step: Step) -> None:
    unit = step.actor.unit_id
    if unit is not None and unit != ticket.lead_unit and unit in ticket.joint_units:
        step.entry["joint"] = step.named(unit)


def _depart(ticket: Ticket, step: Step) -> Ticket:
    _joint(ticket, step)
    return ticket


def _arrive(ticket: Ticket, step: Step) -> Ticket:
    """Time, point ± accuracy, photo. Far from the place or without a fix: kept, with a reason asked for [A]."""
    _joint(ticket, step)
    reason = step.args.get("no_fix_reason")
    point = step.args.get("point")
    if point is None:
        _flag(step, "no_fix", reason)
    else:
        place = ticket.place
        step.entry["point"] = point
        metres = geo.distance_m(
            point["lat"], point["lng"], point["crs"], place.get("lat"), place.get("lng"), place.get("crs")
        )
        if metres is not None:
            step.entry["distance_m"] = metres
            if metres > step.ctx.rules.arrival_radius_m:
                _flag(step, "far", reason)
                step.tell("far_arrival", ticket, distance_m=metres)
    _photos(step, step.args.get("no_photo_reason"))
    return ticket


def _note(ticket: Ticket, step: Step) -> Ticket:
    step.entry["text"] = step.args["text"]
    if step.args.get("photos"):
        _photos(step, None)
    return ticket


def _on_site_done(ticket: Ticket, step: Step) -> Ticket:
    _joint(ticket, step)
    step.entry["text"] = step.args["result"]
    _photos(step, step.args.get("no_photo_reason"))
    return ticket


def _callback(ticket: Ticket, step: Step) -> Ticket:
    """A call to the resident; `called_at` counts if it lies between receipt of the ticket and this record."""
    args, occurred = step.args, step.entry["occurred_at"]
    called = args.get("called_at")
    if called is None or not ticket.received_at <= instants.parse(called) <= step.at_ms:
        called = occurred
    step.entry["text"] = args["summary"]
    step.entry["callback"] = {
        "outcome": args["outcome"],
        "called_at": instants.rfc3339(instants.parse(called)),
        "resolved": args.get("resolved"),
        "satisfaction": args.get("satisfaction"),
    }
    return ticket


def _retract(ticket: Ticket, step: Step) -> Ticket:
    """Take back an own earlier fact: both stay visible, the first no longer counts."""
    target = ticket.entry(step.args["op"])
    if target is None or target["name"] not in _RETRACTABLE:
        raise Refused("invalid_args", field="op", reason="unknown")
    if target["actor"]["id"] != step.actor.id:
        raise Refused("not_yours")
    by = min(step.command.op_id, target.get("retracted_by", step.command.op_id))
    step.entry["text"] = step.args["reason"]
    step.entry["retracts"] = target["id"]
    step.entry["cycle"] = target["cycle"]
    timeline = [{**e, "retracted_by": by} if e is target else e for e in ticket.timeline]
    return ticket.evolve(timeline=timeline)


def _carry_callback(child: Ticket, survivor: Ticket | None, step: Step) -> None:
    """Show on the survivor that the caller of a merged ticket was called back."""
    if survivor is None:
        return
    packed = as_packed(effective(child.timeline, child.cycle, step.ctx.rules))
    merged = [{**m, "effective": packed} if m["id"] == child.id else m for m in survivor.merged]
    if merged != survivor.merged:
        step.others.append(rehashed(survivor.evolve(rev=survivor.rev + 1, merged=merged), step.ctx))


def _tell(ticket: Ticket, step: Step) -> None:
    if step.outcome == "kept":
        step.tell("kept_fact", ticket, name=step.command.name)
    if step.command.moment.trust == "unverified":
        step.tell("unverified_time", ticket, name=step.command.name)


_RULES = {
    "ticket.depart": _depart,
    "ticket.arrive": _arrive,
    "ticket.note": _note,
    "ticket.on_site_done": _on_site_done,
    "ticket.callback": _callback,
    "ticket.retract": _retract,
}
