"""Decisions of the office, the unit's head about people, and the leading group (DOMAIN §B)."""

from server.domain.decision import Refused
from server.domain.roles import Actor, Unit
from server.domain.step import Step, reclocked
from server.domain.suggest import suggest
from server.domain.ticket import Json, Ticket


def village_unit(step: Step, ticket: Ticket) -> Unit | None:
    """The unit of the village where it happened."""
    village = ticket.place.get("village")
    if not village:
        return None
    return next((u for u in step.ctx.units.values() if u.village == village), None)


def _guard(ticket: Ticket, step: Step, units: list[str]) -> None:
    """The accused unit, or one of its village, never gets the ticket (信访条例 §30)."""
    barred = [u for u in units if u in ticket.barred_units]
    if barred:
        raise Refused("respondent_unit", unit=step.named(barred[0]))


def _joints(ticket: Ticket, step: Step, lead: str, given: list[str] | None) -> list[str]:
    """The joint units: as given, else those it had with this lead; an urgent ticket's village always joins."""
    if given is not None:
        joints = [step.unit(u, f"joint_units[{i}]").id for i, u in enumerate(given)]
    else:
        joints = list(ticket.joint_units) if lead == ticket.lead_unit else []
    village = village_unit(step, ticket) if ticket.urgent and step.ctx.rules.urgent_village_joins else None
    if village is not None and village.id not in ticket.barred_units and village.id not in joints:
        joints.append(village.id)
    return [u for u in joints if u != lead]


def _assignee(ticket: Ticket, step: Step, units: list[str]) -> Actor | None:
    person_id = step.args.get("assignee")
    if person_id is None:
        return None
    person = step.handler(person_id, "assignee")
    if person.unit_id in ticket.barred_units:
        raise Refused("respondent_unit", unit=step.named(person.unit_id))
    if person.unit_id not in units:
        raise Refused("invalid_args", field="assignee", reason="unit")
    return person


def _confidential_handlers(ticket: Ticket, step: Step, lead: str, person: Actor | None) -> list[str]:
    """Named handlers of a confidential ticket after dispatch: the assignee, or else the unit's; its head signs."""
    people = step.ctx.people
    kept = [h for h in ticket.handlers if h in people and people[h].unit_id == lead]
    heads = [
        p.id
        for p in people.values()
        if p.unit_id == lead and p.role == "unit_head" and p.revoked_at_ms is None
    ]
    named = [person.id] if person is not None else []
    return list(dict.fromkeys([*named, *kept, *heads]))


def dispatch(ticket: Ticket, step: Step) -> Ticket:
    """→ assigned. Clocks met stay met; adding joint units alone changes neither state nor staleness."""
    lead = step.unit(step.args["unit"], "unit").id
    joints = _joints(ticket, step, lead, step.args.get("joint_units"))
    _guard(ticket, step, [lead, *joints])
    person = _assignee(ticket, step, [lead, *joints])
    step.entry["details"] = {
        "unit": step.named(lead),
        "joint_units": [step.named(u) for u in joints],
        "assignee": {"id": person.id, "name": person.name} if person is not None else None,
    }
    same_person = person is None or person.id == ticket.assignee
    if ticket.lead_unit == lead and same_person and joints != ticket.joint_units:
        return ticket.evolve(joint_units=joints)
    return _handed_over(ticket, step, lead, joints, person)


def _handed_over(ticket: Ticket, step: Step, lead: str, joints: list[str], person: Actor | None) -> Ticket:
    changed: Json = {
        "state": "assigned",
        "lead_unit": lead,
        "joint_units": joints,
        "assignee": person.id if person is not None else None,
        "assistants": [] if lead != ticket.lead_unit else ticket.assistants,
        "assigned_at": step.at_ms,
        "dispatches": ticket.dispatches + 1,
        "return_request": None,
        "suggestion": None,
    }
    if ticket.confidential:
        changed["handlers"] = _confidential_handlers(ticket, step, lead, person)
    if ticket.reply is not None:
        changed.update(reply=None, replies=[*ticket.replies, ticket.reply])
    return ticket.evolve(**changed)


def determine(ticket: Ticket, step: Step) -> Ticket:
    """determining → assigned by the leading group; the basis is on record and returns are locked (DOMAIN D05)."""
    done = dispatch(ticket.evolve(lead_unit=None, joint_units=[]), step)
    step.entry["text"] = step.args["basis"]
    flags = ticket.flags if "determined" in ticket.flags else [*ticket.flags, "determined"]
    return done.evolve(flags=flags)


def assign(ticket: Ticket, step: Step) -> Ticket:
    """Name the person inside one's own unit; a joint unit does so only while no other unit's person has it."""
    unit = step.actor.unit_id
    if unit is None or unit not in (ticket.lead_unit, *ticket.joint_units):
        raise Refused("not_yours")
    current = step.ctx.people.get(ticket.assignee) if ticket.assignee is not None else None
    if unit != ticket.lead_unit and current is not None and current.unit_id != unit:
        raise Refused("not_yours")
    person = step.handler(step.args["assignee"], "assignee")
    if person.unit_id != unit:
        raise Refused("invalid_args", field="assignee", reason="unit")
    step.entry["details"] = {"assignee": {"id": person.id, "name": person.name}}
    changed: Json = {"assignee": person.id, "assistants": [a for a in ticket.assistants if a != person.id]}
    if ticket.confidential and person.id not in ticket.handlers:
        changed["handlers"] = [*ticket.handlers, person.id]
    return ticket.evolve(**changed)


def decide_return(ticket: Ticket, step: Step) -> Ticket:
    """The head confirms or stops a return; the office sends it back to dispatch, the second time to determination."""
    request = ticket.return_request
    if request is None:
        raise Refused("wrong_state", state=ticket.state)
    head = step.actor.role == "unit_head"
    if head and step.actor.unit_id != ticket.lead_unit:
        raise Refused("not_yours")
    step.entry["text"] = step.args.get("reason")
    step.entry["details"] = {"approved": step.args["approved"]}
    if not step.args["approved"]:
        improper = ticket.improper_returns + (not head)
        return ticket.evolve(state=request["from"], return_request=None, improper_returns=improper)
    if head:
        if request["head_approved"]:
            raise Refused("wrong_state", state=ticket.state, reason="head_approved")
        return ticket.evolve(return_request={**request, "head_approved": True})
    returns = ticket.returns + 1
    again = returns >= 2 and step.ctx.rules.second_return_determines
    freed = ticket.evolve(
        state="determining" if again else "received",
        returns=returns,
        return_request=None,
        lead_unit=None,
        joint_units=[],
        assignee=None,
        assistants=[],
        handlers=[],
        assigned_at=None,
    )
    return freed.evolve(suggestion=suggest(freed, step.ctx.units, step.ctx.people, step.ctx.on_duty))


def flag_urgent(ticket: Ticket, step: Step) -> Ticket:
    """Raise to urgent: the 60 minutes run from this moment (DOMAIN §C 1); a second flag moves nothing."""
    step.entry["text"] = step.args.get("reason")
    return made_urgent(ticket, step, step.at_ms)


def made_urgent(ticket: Ticket, step: Step, flagged_ms: int) -> Ticket:
    """The urgent ticket with its clocks; unchanged if it is urgent in this cycle already."""
    began = ticket.cycle_started_at(ticket.cycle)
    if ticket.urgent and (ticket.cycle == 1 or (ticket.urgent_flagged_at or 0) >= began):
        return ticket
    raised = ticket.evolve(urgent=True, urgent_flagged_at=max(flagged_ms, began))
    return reclocked(raised, step, "urgent")


def unflag_urgent(ticket: Ticket, step: Step) -> Ticket:
    """Call an emergency off, with a reason; what ran out before stays missed."""
    if not ticket.urgent:
        raise Refused("wrong_state", state=ticket.state, reason="not_urgent")
    step.entry["text"] = step.args["reason"]
    return reclocked(ticket.evolve(urgent=False, urgent_flagged_at=None), step, "unflag_urgent")


def set_confidential(ticket: Ticket, step: Step) -> Ticket:
    """Close a ticket to all but named handlers, or open it again. Never a merged one (DOMAIN §B merge)."""
    args = step.args
    if ticket.merged:
        raise Refused("wrong_state", state=ticket.state, reason="merged")
    step.entry["text"] = args["reason"]
    step.entry["details"] = {"confidential": args["confidential"]}
    if not args["confidential"]:
        if not ticket.confidential:
            raise Refused("wrong_state", state=ticket.state, reason="not_confidential")
        return ticket.evolve(confidential=False, confidential_rev=None, handlers=[])
    given = args.get("handlers")
    if given is None:
        named = ticket.handlers or _usual_handlers(ticket, step)
    else:
        named = [step.handler(h, f"handlers[{i}]").id for i, h in enumerate(given)]
        units = [u for u in (step.ctx.people[h].unit_id for h in named) if u is not None]
        _guard(ticket, step, units)
    return ticket.evolve(
        confidential=True,
        confidential_rev=ticket.confidential_rev or ticket.rev + 1,
        handlers=named,
        assignee=ticket.assignee if ticket.assignee in named else None,
        assistants=[a for a in ticket.assistants if a in named],
    )


def _usual_handlers(ticket: Ticket, step: Step) -> list[str]:
    """Who handles it and who signs for it: without its unit's head nobody could approve the reply (DOMAIN E)."""
    heads = [
        p.id
        for p in step.ctx.people.values()
        if p.role == "unit_head"
        and p.unit_id is not None
        and p.unit_id == ticket.lead_unit
        and p.unit_id not in ticket.barred_units
        and p.revoked_at_ms is None
    ]
    return list(dict.fromkeys([*([ticket.assignee] if ticket.assignee else []), *sorted(heads)]))


def recategorise(ticket: Ticket, step: Step) -> Ticket:
    """Another category: deadlines anew from the original start, the old ones in the history (DOMAIN §C 8)."""
    category = step.args["category"]
    step.entry["text"] = step.args["reason"]
    step.entry["details"] = {"from": ticket.category, "to": category}
    if category == "praise":
        if ticket.state != "received":
            raise Refused("wrong_state", state=ticket.state, reason="praise")
        closed = ticket.evolve(category=category, urgent=False, state="closed", closed_at=step.at_ms)
        return reclocked(closed, step, "recategorise")
    return reclocked(ticket.evolve(category=category), step, "recategorise")


def close(ticket: Ticket, step: Step) -> Ticket:
    """replied → closed: by the office, or by the timer when nobody rated it in time [A]."""
    waited_ms = step.ctx.rules.reply_close_days * 86_400_000
    if step.actor.role == "system" and step.at_ms < (ticket.replied_at or 0) + waited_ms:
        raise Refused("wrong_state", state=ticket.state, reason="too_early")
    return ticket.evolve(state="closed", closed_at=step.at_ms)
