"""What the city line and the clock do to a ticket: ingest, updates, result and rework, photos, leaving the phones."""

from server.domain import instants, mask
from server.domain.clocks import as_clock, deadlines_of
from server.domain.decision import Command, Context, Decision, Refused
from server.domain.lifecycle import OPEN_STATES, OPS
from server.domain.office import made_urgent
from server.domain.roles import barred_units
from server.domain.step import Step, begin, decided, finish, reclocked
from server.domain.suggest import suggest
from server.domain.ticket import Json, Ticket

_PLACE = ("village", "address", "lat", "lng", "crs")


def ingest(ticket: Ticket | None, command: Command, ctx: Context) -> Decision:
    """→ received, clocks running. Praise is answered at once and only stored (DOMAIN D12)."""
    if ticket is not None:
        raise Refused("wrong_state", state=ticket.state)
    step = begin(command, ctx, OPS[command.name], 1)
    args, praise = command.args, command.args["category"] == "praise"
    received = instants.parse(args["received_at"])
    step.entry["trust"] = "proven"
    if received > ctx.now_ms:
        step.entry["flags"] = ["received_in_future"]
    made = _new(command, ctx, min(received, ctx.now_ms))
    step.entry["occurred_at"] = instants.rfc3339(made.received_at)
    if praise:
        made = made.evolve(state="closed", urgent=False, closed_at=made.received_at)
    else:
        made.clocks = [as_clock(d, 1) for d in deadlines_of(made, ctx.calendar, ctx.rules)]
        made.suggestion = suggest(made, ctx.units, ctx.people, ctx.on_duty)
    made.timeline = [step.entry]
    if made.flags:
        step.tell("received_in_future", made, received_at=args["received_at"])
    return decided(made, step)


def _new(command: Command, ctx: Context, received_ms: int) -> Ticket:
    args = command.args
    external, respondent = args.get("external_due_at"), args.get("respondent_unit")
    place, contact = args.get("place") or {}, args.get("contact")
    clamped = received_ms < instants.parse(args["received_at"])
    return Ticket(
        id=command.subject,
        external_no=args["external_no"],
        category=args["category"],
        received_at=received_ms,
        urgent=args.get("urgent", False),
        urgent_flagged_at=received_ms if args.get("urgent") else None,
        confidential=args.get("confidential", False),
        confidential_rev=1 if args.get("confidential") else None,
        title=mask.content(args["title"]),
        content=mask.content(args.get("content") or ""),
        place={k: place.get(k) for k in _PLACE},
        contact=None if contact is None else _masked(contact),
        channel=args.get("channel", "city"),
        respondent_unit=respondent,
        barred_units=barred_units(respondent, ctx.units),
        handlers=list(args.get("handlers") or []) if args.get("confidential") else [],
        external_due_at=None if external is None else instants.parse(external),
        flags=["received_in_future"] if clamped else [],
        tags=list(args.get("tags") or []),
        cycles=[[1, received_ms]],
    )


def _masked(contact: Json) -> Json:
    return {"name": mask.name(contact.get("name")), "phone": mask.phone(contact.get("phone"))}


def city_update(ticket: Ticket, step: Step) -> Ticket:
    """urgent, supplement, urge, due, withdraw; about a merged ticket they reach the survivor too."""
    kind, text = step.args["kind"], step.args.get("text")
    step.entry["text"] = mask.content(text) if text else None
    step.entry["details"] = {"kind": kind}
    survivor = step.ctx.related.get(ticket.merged_into) if ticket.merged_into is not None else None
    if survivor is not None and kind in ("urgent", "supplement"):
        entry = {**step.entry, "cycle": survivor.cycle, "via": ticket.id}
        there = _UPDATES[kind](survivor, step)
        step.others.append(there.evolve(rev=survivor.rev + 1, timeline=[*there.timeline, entry]))
    if ticket.state == "merged":
        return ticket.evolve(flags=[*ticket.flags, "withdrawn"]) if kind == "withdraw" else ticket
    return _UPDATES[kind](ticket, step)


def _urgent(ticket: Ticket, step: Step) -> Ticket:
    return made_urgent(ticket, step, step.at_ms) if ticket.state in OPEN_STATES else ticket


def _supplement(ticket: Ticket, step: Step) -> Ticket:
    """More from the caller: a reply under review has to be confirmed by its author first (DOMAIN §B)."""
    note = {"at": step.entry["occurred_at"], "text": step.entry["text"] or ""}
    return ticket.evolve(supplements=[*ticket.supplements, note])


def _urge(ticket: Ticket, step: Step) -> Ticket:  # noqa: ARG001 - one shape for all updates
    return ticket if "urged" in ticket.flags else ticket.evolve(flags=[*ticket.flags, "urged"])


def _due(ticket: Ticket, step: Step) -> Ticket:
    """Another outer due time; the earlier of the two layers is shown (DOMAIN §C)."""
    due = step.args.get("external_due_at")
    changed = ticket.evolve(external_due_at=None if due is None else instants.parse(due))
    return reclocked(changed, step, "external_due") if ticket.state in OPEN_STATES else changed


def _withdraw(ticket: Ticket, step: Step) -> Ticket:
    """any open → terminated at the caller's wish: what still ran, stops."""
    if ticket.state not in OPEN_STATES:
        return ticket
    clocks = [c if c["met"] is not None else {**c, "stopped": step.at_ms} for c in ticket.clocks]
    flags = [*ticket.flags, "withdrawn"]
    return ticket.evolve(state="terminated", clocks=clocks, closed_at=step.at_ms, flags=flags)


_UPDATES = {
    "urgent": _urgent,
    "supplement": _supplement,
    "urge": _urge,
    "due": _due,
    "withdraw": _withdraw,
}


def city_result(ticket: Ticket, step: Step) -> Ticket:
    """The caller's verdict: closed, or to be done again in a new cycle when it is not resolved (重办).

    The verdict on a merged ticket stays with its own caller; if he is not satisfied the survivor is done again.
    """
    resolved = step.args.get("resolved")
    evaluation = {
        "resolved": resolved,
        "satisfaction": step.args.get("satisfaction"),
        "at": step.entry["occurred_at"],
        "cycle": ticket.cycle,
    }
    step.entry["details"] = {"resolved": resolved, "satisfaction": evaluation["satisfaction"]}
    text = step.args.get("text")
    step.entry["text"] = mask.content(text) if text else None
    rated = ticket.evolve(evaluation=evaluation, evaluations=[*ticket.evaluations, evaluation])
    if ticket.state == "merged":
        _redo_survivor(ticket, step)
        return rated
    if resolved is not False or ticket.category == "praise" or ticket.lead_unit is None:
        return rated.evolve(state="closed", closed_at=ticket.closed_at or step.at_ms)
    step.entry["details"]["cycle"] = ticket.cycle + 1
    return _again(rated, step)


def _again(ticket: Ticket, step: Step) -> Ticket:
    return reclocked(
        ticket.evolve(
            state="handling",
            cycle=ticket.cycle + 1,
            cycles=[*ticket.cycles, [ticket.rev + 1, step.at_ms]],
            reply=None,
            replies=ticket.replies if ticket.reply is None else [*ticket.replies, ticket.reply],
            replied_at=None,
            closed_at=None,
            left_phones=False,
        ),
        step,
        "rework",
    )


def _redo_survivor(child: Ticket, step: Step) -> None:
    survivor = step.ctx.related.get(child.merged_into) if child.merged_into is not None else None
    if survivor is None or step.args.get("resolved") is not False:
        return
    if survivor.state not in ("replied", "closed") or survivor.lead_unit is None:
        return
    entry = {**step.entry, "cycle": survivor.cycle, "via": child.id}
    again = _again(survivor, step)
    step.others.append(finish(survivor, again.evolve(timeline=[*again.timeline, entry]), step.silently()))


def photo_received(ticket: Ticket, step: Step) -> Ticket:
    """Bytes of the declared hash are there, however late."""
    return _with_photo(ticket, step, "received")


def photo_missing(ticket: Ticket, step: Step) -> Ticket:
    """Bytes did not come within a day: a supervisor is told, late ones still attach."""
    step.tell("photo_missing", ticket, photo=step.args["photo"])
    return _with_photo(ticket, step, "missing")


def _with_photo(ticket: Ticket, step: Step, state: str) -> Ticket:
    photo, sha256 = step.args["photo"], step.args.get("sha256")
    step.silent = True

    def marked(one: Json) -> Json:
        same = one["id"] == photo and (sha256 is None or one["sha256"] == sha256)
        return {**one, "state": state} if same and one["state"] != "received" else one

    timeline = [
        {**e, "photos": [marked(p) for p in e["photos"]]} if any(p["id"] == photo for p in e["photos"]) else e
        for e in ticket.timeline
    ]
    return ticket if timeline == ticket.timeline else ticket.evolve(timeline=timeline)


def leave_phones(ticket: Ticket, step: Step) -> Ticket:
    """A closed ticket leaves the phones a day later (SYNC: pull)."""
    step.silent = True
    wait_ms = step.ctx.rules.closed_leaves_phone_h * instants.HOUR_MS
    if ticket.closed_at is None or step.ctx.now_ms < ticket.closed_at + wait_ms:
        raise Refused("wrong_state", state=ticket.state, reason="too_early")
    return ticket if ticket.left_phones else ticket.evolve(left_phones=True)


def recompute_deadlines(ticket: Ticket, step: Step) -> Ticket:
    """Deadlines anew after a year's calendar was loaded or changed, with history (DOMAIN §C 9)."""
    step.silent = True
    if ticket.state not in OPEN_STATES:
        return ticket
    changed = reclocked(ticket, step, "calendar")
    return ticket if changed.clocks == ticket.clocks else changed
