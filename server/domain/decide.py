"""The one door of the domain: a ticket, a command, what is known → a decision. Never raises for bad input."""

from collections.abc import Callable
from dataclasses import replace

from server.domain import city, confirming, merging, office, recusal, replies
from server.domain.args import fault_in, without_nulls
from server.domain.decision import Command, Context, Decision, Refused
from server.domain.field import decide_fact
from server.domain.lifecycle import OPS, OpRule
from server.domain.roles import Actor, may_do, may_see
from server.domain.step import Step, begin, decided, finish
from server.domain.ticket import Json, Ticket

_DECISIONS: dict[str, Callable[[Ticket, Step], Ticket]] = {
    "ticket.accept": replies.accept,
    "ticket.return": replies.request_return,
    "ticket.decide_return": office.decide_return,
    "ticket.reply": replies.reply,
    "ticket.approve": replies.approve,
    "ticket.reject": replies.reject,
    "ticket.dispatch": office.dispatch,
    "ticket.assign": office.assign,
    "ticket.flag_urgent": office.flag_urgent,
    "ticket.unflag_urgent": office.unflag_urgent,
    "ticket.set_confidential": office.set_confidential,
    "ticket.recategorise": office.recategorise,
    "ticket.merge": merging.merge,
    "ticket.unmerge": merging.unmerge,
    "ticket.confirm": confirming.confirm,
    "ticket.close": office.close,
    "ticket.determine": office.determine,
}
_SERVER: dict[str, Callable[[Ticket, Step], Ticket]] = {
    "ticket.city_update": city.city_update,
    "ticket.city_result": city.city_result,
    "ticket.photo_received": city.photo_received,
    "ticket.photo_missing": city.photo_missing,
    "ticket.leave_phones": city.leave_phones,
    "ticket.recuse": recusal.recuse,
    "ticket.recompute_deadlines": city.recompute_deadlines,
}
_FIRST: dict[str, Callable[[Ticket, Step], Decision | None]] = {
    "ticket.accept": replies.already_accepted,
    "ticket.approve": replies.reply_changed,
    "ticket.reject": replies.reply_changed,
}


def decide(ticket: Ticket | None, command: Command, ctx: Context) -> Decision:
    """Judge one operation, refusals in the order of SYNC.md: unknown, arguments, rights, …, stale, state, guards."""
    rule = OPS.get(command.name)
    if rule is None or (rule.kind == "server" and command.actor.role not in rule.roles):
        return Decision("refused", "unknown_op")
    args = without_nulls(command.args)
    if args is not command.args:
        command = replace(command, args=args)
    fault = fault_in(command.name, command.args)
    if fault is not None:
        return Decision("refused", "invalid_args", {"field": fault[0], "reason": fault[1]})
    try:
        if command.name == "ticket.ingest":
            return city.ingest(ticket, command, ctx)
        if ticket is None:
            return Decision("refused", "not_yours")
        if rule.kind == "fact":
            return decide_fact(ticket, command, ctx, rule)
        if rule.kind == "server":
            return _by_server(ticket, command, ctx, rule)
        return _by_person(ticket, command, ctx, rule)
    except Refused as no:
        return Decision("refused", no.code, no.details)


def _by_server(ticket: Ticket, command: Command, ctx: Context, rule: OpRule) -> Decision:
    if rule.states and ticket.state not in rule.states:
        raise Refused("wrong_state", state=ticket.state)
    step = begin(command, ctx, rule, ticket.cycle)
    changed = _SERVER[command.name](ticket, step)
    if step.silent and changed is ticket:
        return Decision("applied", notices=step.notices)
    return decided(finish(ticket, changed, step), step)


def _by_person(ticket: Ticket, command: Command, ctx: Context, rule: OpRule) -> Decision:
    actor = command.actor
    survivor = ctx.related.get(ticket.merged_into) if ticket.merged_into is not None else None
    has = actor.revoked_at_ms is None and (
        may_see(actor, ticket, survivor) or _may_alarm(actor, command.name, ticket)
    )
    if not (has or ctx.ever_held) or not may_do(actor, command.name, ticket, command.moment.occurred_at_ms):
        raise Refused("not_yours")
    step = begin(command, ctx, rule, ticket.cycle)
    first = _FIRST.get(command.name)
    if has and first is not None:
        refused = first(ticket, step)
        if refused is not None:
            return refused
    stale = stale_aspects(ticket, command.name, command.base, actor.id, command.device)
    if stale:
        raise Refused("stale_base", **_moved(ticket, survivor, step, stale, has=has))
    if not has:
        raise Refused("not_yours")
    if ticket.state not in rule.states:
        raise Refused("wrong_state", state=ticket.state)
    _need_online(ticket, command, ctx)
    return decided(finish(ticket, _DECISIONS[command.name](ticket, step), step), step)


def _may_alarm(actor: Actor, name: str, ticket: Ticket) -> bool:
    """The duty room raises any ticket that is not confidential to urgent, before it can see it (DOMAIN §E)."""
    return name == "ticket.flag_urgent" and actor.role == "duty_room" and not ticket.confidential


def stale_aspects(ticket: Ticket, name: str, base: int | None, person: str, device: str | None) -> list[str]:
    """Aspects the decision depends on that somebody else, or another device, changed since its base (SYNC)."""
    if base is None:
        return []
    depends = OPS[name].depends
    found: set[str] = set()
    for rev, by, on, aspects in reversed(ticket.changes):
        if rev <= base:
            break
        if by != person or on != device:
            found.update(depends.intersection(aspects))
    return sorted(found)


def _moved(ticket: Ticket, survivor: Ticket | None, step: Step, stale: list[str], *, has: bool) -> Json:
    """What the author may be told of the change: where the ticket went, the survivor only if he may see it."""
    details: Json = {"changed": stale}
    if ticket.state == "merged":
        details["merged"] = True
        if survivor is not None and may_see(step.actor, survivor):
            details["into"] = survivor.external_no
    elif has:
        details["state"] = ticket.state
        if ticket.assignee is not None and "assignee" in stale:
            person = step.ctx.people.get(ticket.assignee)
            details["assignee"] = person.name if person is not None else None
    if "lead_unit" in stale and not ticket.confidential and ticket.lead_unit is not None:
        details["unit"] = step.named(ticket.lead_unit)
    return details


def _need_online(ticket: Ticket, command: Command, ctx: Context) -> None:
    """A confidential ticket is worked on online, from memory: a decision queued on one is not taken (SYNC)."""
    known = ticket.confidential_rev is not None and (command.base or 0) >= ticket.confidential_rev
    if ticket.confidential and known and command.device is not None:
        lag_ms = command.received_at_ms - command.moment.occurred_at_ms
        if lag_ms > ctx.rules.online_lag_s * 1000:
            raise Refused("confidential_online_only")
