"""The office's word on a time that cannot be trusted: confirmed, corrected or not counted (SYNC: honest time)."""

from server.domain import instants
from server.domain.clocks import is_certain
from server.domain.decision import Refused
from server.domain.step import Step
from server.domain.ticket import Json, Ticket


def confirm(ticket: Ticket, step: Step) -> Ticket:
    """The office confirms, corrects or rejects the time of an `unverified` step.

    A time that counts lies where it can have been: `invalid_args` with `not_before` and `not_after` otherwise.
    """
    args = step.args
    target = ticket.entry(args["op"])
    if target is None:
        raise Refused("invalid_args", field="op", reason="unknown")
    if target["trust"] != "unverified" or "confirmed" in target:
        raise Refused("wrong_state", state=ticket.state, reason="not_unverified")
    at = _corrected(ticket, target, step)
    confirmed = {
        "accepted": args["accepted"],
        "by": step.entry["actor"],
        "at": step.entry["occurred_at"],
        "reason": args["reason"],
        "claimed_at": target["occurred_at"],
    }
    step.entry["text"] = args["reason"]
    step.entry["cycle"] = target["cycle"]
    step.entry["details"] = {"op": target["id"], "accepted": args["accepted"], "occurred_at": at}
    made = {**target, "occurred_at": at, "confirmed": confirmed}
    return ticket.evolve(timeline=[made if e is target else e for e in ticket.timeline])


def _corrected(ticket: Ticket, target: Json, step: Step) -> str:
    given = step.args.get("occurred_at")
    at = str(target["occurred_at"]) if given is None else instants.rfc3339(instants.parse(given))
    if given is None and not step.args["accepted"]:
        return at
    earliest, latest = _earliest(ticket, target, step), str(target["received_at"])
    if not earliest <= at <= latest:
        raise Refused(
            "invalid_args", field="occurred_at", reason="range", not_before=earliest, not_after=latest
        )
    return at


def _began(ticket: Ticket, target: Json, step: Step) -> str:
    """When the ticket was there to be worked on; for a fact that came by a merged ticket, that one."""
    if "via" not in target:
        return instants.rfc3339(ticket.cycle_started_at(target["cycle"]))
    child = step.ctx.related.get(target["via"])  # parted again: then nothing is known here
    return instants.rfc3339(child.received_at) if child is not None else ""


def _earliest(ticket: Ticket, target: Json, step: Step) -> str:
    """Not before the ticket, or its order to do it again, nor before the proof of time that the phone had last, nor
    before what the same person did earlier; only of what came in one delivery is the order sure."""
    found = [_began(ticket, target, step), *target.get("bounds", ())[:1]]
    for entry in ticket.timeline:
        if entry is target:
            break
        same = (entry["actor"]["id"], entry["received_at"]) == (target["actor"]["id"], target["received_at"])
        if same and is_certain(entry):
            found.append(entry["occurred_at"])
    return str(min(max(found), target["received_at"]))
