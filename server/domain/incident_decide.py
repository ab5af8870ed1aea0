"""The one door for incidents: an incident, a command, what is known → a decision. Never raises for bad input."""

from collections.abc import Callable
from dataclasses import replace

from server.domain import incident_channel, incident_facts, incident_merging, incident_rules
from server.domain.args import without_nulls
from server.domain.decision import Command, Refused
from server.domain.emergency import EMERGENCY_OPS, EmergencyRule
from server.domain.incident import Incident, Json, may_see_incident
from server.domain.incident_args import SHAPES, fault_in
from server.domain.incident_step import (
    Ack,
    IncidentContext,
    IncidentDecision,
    IncidentStep,
    begin,
    decided,
    finish,
)
from server.domain.instants import HOUR_MS
from server.domain.roles import may_see

_DECISIONS: dict[str, Callable[[Incident, IncidentStep], Incident]] = {
    "incident.muster": incident_rules.muster,
    "incident.upgrade": incident_rules.upgrade,
    "incident.downgrade": incident_rules.downgrade,
    "incident.merge": incident_merging.merge,
    "incident.unmerge": incident_merging.unmerge,
    "incident.open_channel": incident_channel.open_channel,
    "incident.add_member": incident_channel.add_member,
    "incident.remove_member": incident_channel.remove_member,
    "incident.task": incident_rules.give_task,
    "incident.close": incident_rules.close,
    "incident.reopen": incident_rules.reopen,
}
ABOUT: Json = {"about": "incident"}
"""Stands in the details of every refusal, so that its words speak of an incident and not of a ticket."""


def decide_incident(incident: Incident | None, command: Command, ctx: IncidentContext) -> IncidentDecision:
    """Judge one operation, refusals in the order of SYNC.md: unknown, arguments, rights, stale, state, guards."""
    rule = EMERGENCY_OPS.get(command.name)
    if rule is None or command.name not in SHAPES:
        return IncidentDecision("refused", "unknown_op")
    if rule.kind == "server" and command.actor.role not in rule.roles:
        return IncidentDecision("refused", "unknown_op")
    command = replace(command, args=without_nulls(command.args))
    fault = fault_in(command.name, command.args)
    if fault is not None:
        return _refused("invalid_args", {"field": fault[0], "reason": fault[1]})
    try:
        made = _judge(incident, command, ctx, rule)
    except Refused as no:
        return _refused(no.code, no.details)
    return replace(made, details={**made.details, **ABOUT}) if made.code is not None else made


def _refused(code: str, details: Json) -> IncidentDecision:
    return IncidentDecision("refused", code, {**details, **ABOUT})


def _judge(
    incident: Incident | None, command: Command, ctx: IncidentContext, rule: EmergencyRule
) -> IncidentDecision:
    if command.name == "incident.report":
        return incident_facts.report(incident, command, ctx, rule)
    if command.name == "incident.open":
        return _open(incident, command, ctx, rule)
    if incident is None:
        raise Refused("not_yours")
    if rule.kind == "server":
        return _SERVER[command.name](incident, command, ctx)
    if rule.kind == "fact":
        return incident_facts.decide_fact(incident, command, ctx, rule)
    return _by_person(incident, command, ctx, rule)


def _open(
    incident: Incident | None, command: Command, ctx: IncidentContext, rule: EmergencyRule
) -> IncidentDecision:
    """The duty room makes an urgent ticket an incident; where the ticket's accused are barred, so they are here."""
    ticket, actor = ctx.ticket, command.actor
    if actor.revoked_at_ms is not None or actor.role not in rule.roles:
        raise Refused("not_yours")
    if ticket is None or not may_see(actor, ticket):
        raise Refused("not_yours")
    if incident is not None or ctx.taken:
        raise Refused("invalid_args", field="subject", reason="duplicate")
    if ticket.confidential:
        raise Refused("wrong_state", reason="confidential_ticket")
    if not ticket.urgent:
        raise Refused("wrong_state", reason="not_urgent")
    step = begin(command, ctx, rule)
    args = command.args
    fresh = Incident(
        id=command.subject,
        matter=args["matter"],
        text=args["text"],
        reporter=actor.id,
        reported_at=step.at_ms,
        received_at=command.received_at_ms,
        rev=0,
        place=incident_facts.place_of(ticket.place, ctx),
        ticket={"id": ticket.id, "external_no": ticket.external_no},
        barred=list(ticket.barred_units),
    )
    step.entry["text"] = args["text"]
    step.entry["details"] = {"matter": args["matter"], "ticket": ticket.external_no}
    changed = incident_facts.alarmed(incident_facts.drilled(fresh, step), step)
    # Who opens it has it in hand: nobody is rung for what he does himself.
    step.acks.append(Ack(fresh.id, None, actor.id, command.moment, command.name))
    return decided(finish(fresh, changed, step), step)


def _by_person(
    incident: Incident, command: Command, ctx: IncidentContext, rule: EmergencyRule
) -> IncidentDecision:
    actor = command.actor
    survivor = ctx.related.get(incident.merged_into) if incident.merged_into is not None else None
    if actor.role not in rule.roles or not may_see_incident(actor, incident, survivor):
        raise Refused("not_yours")
    stale = stale_aspects(incident, rule, command)
    if stale:
        raise Refused("stale_base", changed=stale, state=incident.state, level=incident.level)
    if incident.state not in rule.states:
        raise Refused("wrong_state", state=incident.state)
    step = begin(command, ctx, rule)
    changed = _DECISIONS[command.name](incident, step)
    # Who decides about it has heard of it. (After close and merge its alarms are ended anyway.)
    step.acks.append(Ack(incident.id, None, actor.id, command.moment, command.name))
    return decided(finish(incident, changed, step), step)


def stale_aspects(incident: Incident, rule: EmergencyRule, command: Command) -> list[str]:
    """Aspects the decision depends on that somebody else, or another device, changed since its base (SYNC)."""
    if command.base is None:
        return []
    found: set[str] = set()
    for rev, by, on, aspects in reversed(incident.changes):
        if rev <= command.base:
            break
        if by != command.actor.id or on != command.device:
            found.update(rule.depends.intersection(aspects))
    return sorted(found)


def _photo_state(incident: Incident, command: Command, state: str) -> IncidentDecision:
    photo, sha256 = command.args["photo"], command.args.get("sha256")

    def marked(one: Json) -> Json:
        same = one["id"] == photo and (sha256 is None or one["sha256"] == sha256)
        return {**one, "state": state} if same and one["state"] != "received" else one

    timeline = [{**each, "photos": [marked(one) for one in each["photos"]]} for each in incident.timeline]
    return _silently(incident, incident.evolve(timeline=timeline))


def _photo_received(incident: Incident, command: Command, _ctx: IncidentContext) -> IncidentDecision:
    """Bytes of the declared hash are there, however late."""
    return _photo_state(incident, command, "received")


def _photo_missing(incident: Incident, command: Command, _ctx: IncidentContext) -> IncidentDecision:
    """Bytes did not come within a day; late ones still attach."""
    return _photo_state(incident, command, "missing")


def _leave_phones(incident: Incident, _command: Command, ctx: IncidentContext) -> IncidentDecision:
    """A closed incident leaves the phones a day later (SYNC: pull)."""
    wait_ms = ctx.rules.closed_leaves_phone_h * HOUR_MS
    if incident.state != "closed" or incident.closed_at is None or ctx.now_ms < incident.closed_at + wait_ms:
        raise Refused("wrong_state", state=incident.state, reason="too_early")
    return _silently(incident, incident.evolve(left_phones=True))


def _silently(old: Incident, new: Incident) -> IncidentDecision:
    """Changed without an entry on the timeline."""
    if new == old:
        return IncidentDecision("applied")
    return IncidentDecision("applied", incidents=[new.evolve(rev=old.rev + 1)])


_SERVER: dict[str, Callable[[Incident, Command, IncidentContext], IncidentDecision]] = {
    "incident.photo_received": _photo_received,
    "incident.photo_missing": _photo_missing,
    "incident.leave_phones": _leave_phones,
}
