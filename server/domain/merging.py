"""Merging: one matter at one place is worked on once, every caller is still called back (DOMAIN §B)."""

from server.domain.callbacks import effective
from server.domain.decision import Refused
from server.domain.lifecycle import OPEN_STATES
from server.domain.office import made_urgent
from server.domain.packet import as_packed
from server.domain.step import Step, reclocked, rehashed
from server.domain.ticket import Json, Ticket


def merge(ticket: Ticket, step: Step) -> Ticket:
    """any open → merged into another open ticket; the group is due when the earliest was."""
    survivor = _survivor(ticket, step)
    units = [u for u in (survivor.lead_unit, *survivor.joint_units) if u in ticket.barred_units]
    if units:
        raise Refused("respondent_unit", unit=step.named(units[0]))
    called = effective(ticket.timeline, ticket.cycle, step.ctx.rules)
    child: Json = {
        "id": ticket.id,
        "external_no": ticket.external_no,
        "contact": ticket.contact,
        "effective": as_packed(called),
        "dues": _open_dues(ticket, survivor),
        "barred": ticket.barred_units,
    }
    joined = _without_accused(survivor, ticket, step).evolve(merged=[*survivor.merged, child])
    if ticket.urgent and not survivor.urgent:
        joined = made_urgent(joined, step, max(ticket.received_at, ticket.urgent_flagged_at or 0))
    else:
        joined = reclocked(joined, step, "merge")
    step.entry["text"] = step.args["reason"]
    step.entry["details"] = {"into": survivor.external_no}
    _record(survivor, joined, ticket, step)
    return ticket.evolve(state="merged", merged_into=survivor.id, before_merge=ticket.state)


def _without_accused(survivor: Ticket, child: Ticket, step: Step) -> Ticket:
    """The survivor, barred to whom the child is about, persons by name on it included (信访条例 §30)."""
    barred = {*survivor.barred_units, *child.barred_units}

    def is_clear(person_id: str | None) -> bool:
        person = step.ctx.people.get(person_id or "")
        return person is None or person.unit_id not in barred

    if not is_clear(survivor.assignee):
        unit = step.ctx.people[survivor.assignee or ""].unit_id
        raise Refused("respondent_unit", unit=step.named(unit))
    return survivor.evolve(
        barred_units=sorted(barred),
        assistants=[each for each in survivor.assistants if is_clear(each)],
        handlers=[each for each in survivor.handlers if is_clear(each)],
    )


def _open_dues(child: Ticket, survivor: Ticket) -> Json:
    """The child's due times, by kind, that the survivor has not met yet: what is done is not late afterwards."""
    met = {c["kind"] for c in survivor.clocks if c["cycle"] == survivor.cycle and c["met"] is not None}
    return {
        c["kind"]: c["due"]
        for c in child.clocks
        if c["cycle"] == child.cycle and c["kind"] not in met and c["kind"] != "acceptance"
    }


def _survivor(ticket: Ticket, step: Step) -> Ticket:
    into = step.args["into"]
    survivor = step.ctx.related.get(into)
    if survivor is None or into == ticket.id:
        raise Refused("invalid_args", field="into", reason="unknown")
    if survivor.confidential != ticket.confidential:
        raise Refused("wrong_state", state=ticket.state, reason="confidential")
    if survivor.state not in OPEN_STATES:
        raise Refused("wrong_state", state=survivor.state, reason="into_closed")
    if ticket.merged:
        raise Refused("wrong_state", state=ticket.state, reason="has_merged")
    return survivor


def unmerge(ticket: Ticket, step: Step) -> Ticket:
    """merged → what it was, with its own clocks, which never stopped."""
    survivor = step.ctx.related.get(step.args["into"])
    if survivor is None or ticket.merged_into != step.args["into"]:
        raise Refused("invalid_args", field="into", reason="unknown")
    merged = [m for m in survivor.merged if m["id"] != ticket.id]
    parted = reclocked(survivor.evolve(merged=merged), step, "unmerge")
    step.entry["text"] = step.args["reason"]
    step.entry["details"] = {"from": survivor.external_no}
    _record(survivor, parted, ticket, step)
    return ticket.evolve(state=ticket.before_merge or "received", merged_into=None, before_merge=None)


def _record(survivor: Ticket, changed: Ticket, child: Ticket, step: Step) -> None:
    """The same step on the survivor's own timeline."""
    entry = {**step.entry, "cycle": changed.cycle, "via": child.id, "details": {"ticket": child.external_no}}
    done = changed.evolve(rev=survivor.rev + 1, timeline=[*changed.timeline, entry])
    step.others.append(rehashed(done, step.ctx))
