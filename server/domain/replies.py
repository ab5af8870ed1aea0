"""Decisions of the unit: accept, return, reply, approve, reject (DOMAIN §B)."""

from server.domain import instants
from server.domain.callbacks import effective, valid_callbacks
from server.domain.decision import Decision, Refused
from server.domain.field import works_lead
from server.domain.packet import build, packet_hash
from server.domain.roles import Actor
from server.domain.step import Step, finish
from server.domain.ticket import Json, Ticket

_REPLIES_MAX = 20
_TAKEN = frozenset({"accepted", "handling", "reply_review"})


def _need_lead(ticket: Ticket, step: Step) -> None:
    if not works_lead(step.actor, ticket):
        raise Refused("not_yours")


def _acceptance_open(ticket: Ticket) -> bool:
    return any(
        c["kind"] == "acceptance" and c["cycle"] == ticket.cycle and c["met"] is None for c in ticket.clocks
    )


def _accepted_by(ticket: Ticket) -> Json | None:
    """The last step of this cycle that took the ticket on."""
    for entry in reversed(ticket.timeline):
        if (
            entry["cycle"] == ticket.cycle
            and entry["outcome"] == "applied"
            and entry["name"] in ("ticket.accept", "ticket.arrive", "ticket.depart", "ticket.on_site_done")
        ):
            return entry
    return None


def _adds_opinion(ticket: Ticket, actor: Actor) -> bool:
    """Whether the person went there first and accepts now in words: no second acceptance."""
    return ticket.assignee == actor.id and not any(
        e["name"] == "ticket.accept" and e["actor"]["id"] == actor.id and e["cycle"] == ticket.cycle
        for e in ticket.timeline
    )


def already_accepted(ticket: Ticket, step: Step) -> Decision | None:
    """The second to accept is refused, told who was first, and assists; his earlier time counts for the unit."""
    if ticket.state not in _TAKEN or ticket.cycle_at(step.command.base) != ticket.cycle:
        return None
    if not works_lead(step.actor, ticket) or _acceptance_open(ticket) or _adds_opinion(ticket, step.actor):
        return None
    first = _accepted_by(ticket)
    details: Json = {"by": first["actor"] if first else None, "at": first["occurred_at"] if first else None}
    if step.actor.id == ticket.assignee:
        return Decision("refused", "already_accepted", {**details, "assistant": False})
    changed = ticket
    if step.actor.id not in ticket.assistants:
        changed = ticket.evolve(assistants=[*ticket.assistants, step.actor.id])
    step.outcome = "refused"
    step.entry["text"] = step.args.get("opinion")
    step.entry["code"] = "already_accepted"
    done = finish(ticket, changed, step)
    step.tell("assistant", done, step.actor.id, **details)
    details["assistant"] = True
    event = {**step.entry, "ticket": ticket.id}
    return Decision("refused", "already_accepted", details, [event], [done], step.notices)


def accept(ticket: Ticket, step: Step) -> Ticket:
    """assigned → accepted; the worker who accepts leads, a clerk accepts for the worker already named."""
    _need_lead(ticket, step)
    if ticket.state == "handling" and not (_acceptance_open(ticket) or _adds_opinion(ticket, step.actor)):
        raise Refused("wrong_state", state=ticket.state)
    step.entry["text"] = step.args.get("opinion")
    changed: Json = {"state": "accepted" if ticket.state == "assigned" else ticket.state}
    actor = step.actor
    if ticket.assignee is None or (actor.role == "grid_worker" and ticket.assignee != actor.id):
        changed["assignee"] = actor.id
        changed["assistants"] = [a for a in ticket.assistants if a != actor.id]
    return ticket.evolve(**changed)


def request_return(ticket: Ticket, step: Step) -> Ticket:
    """assigned/accepted → returning, on the day of assignment [A]; counts as the acceptance opinion."""
    _need_lead(ticket, step)
    if "determined" in ticket.flags:
        raise Refused("wrong_state", state=ticket.state, reason="determined")
    late = ticket.assigned_at is not None and instants.day_of(step.at_ms) > instants.day_of(
        ticket.assigned_at
    )
    if step.ctx.rules.return_same_day and late:
        raise Refused("past_due", kind="return")
    args = step.args
    suggested = step.unit(args["suggested_unit"], "suggested_unit").id if "suggested_unit" in args else None
    step.entry["text"] = args["reason"]
    step.entry["details"] = {"basis": args["basis"], "suggested_unit": step.named(suggested)}
    request = {
        "op": step.command.op_id,
        "by": step.entry["actor"],
        "at": step.entry["occurred_at"],
        "reason": args["reason"],
        "basis": args["basis"],
        "suggested_unit": suggested,
        "head_approved": step.actor.role == "unit_head",
        "from": ticket.state,
    }
    return ticket.evolve(state="returning", return_request=request)


def reply(ticket: Ticket, step: Step) -> Ticket:
    """→ reply_review, bound to its packet. Needs a callback to every caller unless confidential (DOMAIN D16)."""
    _need_lead(ticket, step)
    if not ticket.confidential:
        _need_callbacks(ticket, step)
    args = step.args
    step.entry["text"] = args["text"]
    step.entry["details"] = {"finding": args["finding"], "resolution": args["resolution"]}
    old = ticket.reply
    made: Json = {
        "id": step.command.op_id,
        "version": 1 + len(ticket.replies) + (old is not None),
        "author": step.entry["actor"],
        "submitted_at": step.entry["occurred_at"],
        "finding": args["finding"],
        "resolution": args["resolution"],
        "text": args["text"],
        "public_text": args.get("public_text"),
        "cycle": ticket.cycle,
        "supplements": len(ticket.supplements),
        "hash": "",
        "approved_at": None,
        "approved_by": None,
        "rejected": None,
    }
    replies = ticket.replies if old is None else [*ticket.replies[1 - _REPLIES_MAX :], old]
    return ticket.evolve(state="reply_review", reply=made, replies=replies)


def _need_callbacks(ticket: Ticket, step: Step) -> None:
    rules = step.ctx.rules
    missing = [m["external_no"] for m in ticket.merged if m["effective"] is None]
    if effective(ticket.timeline, ticket.cycle, rules) is None:
        missing.insert(0, ticket.external_no)
    if missing:
        attempts = len(valid_callbacks(ticket.timeline, ticket.cycle))
        raise Refused(
            "needs_callback",
            tickets=missing,
            attempts=attempts,
            attempts_needed=rules.unreachable_attempts,
            half_days_needed=rules.unreachable_half_days,
        )


def reply_changed(ticket: Ticket, step: Step) -> Decision | None:
    """An approval is for one packet: another hash, or a supplement its author has not seen, refuses it."""
    current = ticket.reply
    if ticket.state != "reply_review" or current is None:
        return None
    if current["hash"] != step.args["reply_hash"]:
        return Decision("refused", "reply_changed", {"reply": current["id"], "version": current["version"]})
    if step.command.name == "ticket.approve" and is_outdated(ticket):
        return Decision("refused", "reply_changed", {"reply": current["id"], "supplement": True})
    return None


def is_outdated(ticket: Ticket) -> bool:
    """Whether the city added something after the reply: its author has to confirm by submitting again."""
    return ticket.reply is not None and ticket.reply["supplements"] < len(ticket.supplements)


def approve(ticket: Ticket, step: Step) -> Ticket:
    """reply_review → replied by the lead unit's head or his dated delegate, who may not sign his own reply.

    Every caller must still count as called back: one may have been merged in, or a call taken back, since (D16).
    """
    current = ticket.reply
    if current is None:
        raise Refused("wrong_state", state=ticket.state)
    head = step.actor.role == "unit_head" and step.actor.unit_id == ticket.lead_unit
    if not head and current["author"]["id"] == step.actor.id:
        raise Refused("not_yours")
    if not ticket.confidential:
        _need_callbacks(ticket, step)
    packet = build(ticket, current, step.ctx.rules)
    signed = {
        **current,
        "hash": packet_hash(packet),
        "approved_at": step.entry["occurred_at"],
        "approved_by": step.entry["actor"],
        "packet": packet,
    }
    step.entry["details"] = {"reply": current["id"], "version": current["version"]}
    return ticket.evolve(state="replied", reply=signed, replied_at=step.at_ms)


def reject(ticket: Ticket, step: Step) -> Ticket:
    """reply_review → handling with a reason; the reply stays to be worked on."""
    if ticket.reply is None:
        raise Refused("wrong_state", state=ticket.state)
    step.entry["text"] = step.args["reason"]
    step.entry["details"] = {"reply": ticket.reply["id"], "version": ticket.reply["version"]}
    why = {"reason": step.args["reason"], "by": step.entry["actor"], "at": step.entry["occurred_at"]}
    return ticket.evolve(state="handling", reply={**ticket.reply, "rejected": why})
