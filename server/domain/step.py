"""One operation on its way: what its rule may read, the timeline entry it writes, and how the ticket closes up.

A rule of `field.py`, `replies.py`, `office.py`, `city.py` takes (ticket, step) and returns the changed ticket or
raises `Refused`; revision, timeline, clocks, stints and hash are kept here, once for all.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from server.domain import instants
from server.domain.clocks import recomputed, with_met
from server.domain.decision import Command, Context, Decision, Notice, Refused
from server.domain.lifecycle import OpRule
from server.domain.packet import build, packet_hash
from server.domain.roles import Actor, Unit
from server.domain.ticket import Json, Ticket

_CHANGES_MAX = 40
_STINTS_MAX = 60
_ASPECTS = ("state", "lead_unit", "assignee", "cycle", "category")
_MEETS_NOTHING = frozenset({"ticket.note", "ticket.callback"})
NAMED_ROLES = frozenset({"grid_worker", "unit_clerk", "unit_head"})


@dataclass
class Step:
    """The operation, its context, the entry it will leave (None for silent ones), and what it wants told."""

    command: Command
    ctx: Context
    rule: OpRule
    entry: Json = field(default_factory=dict)
    silent: bool = False
    outcome: str = "applied"
    notices: list[Notice] = field(default_factory=list)
    others: list[Ticket] = field(default_factory=list)

    @property
    def args(self) -> Json:
        """The operation's arguments, already checked."""
        return self.command.args

    @property
    def actor(self) -> Actor:
        """Who did it."""
        return self.command.actor

    @property
    def at_ms(self) -> int:
        """When it happened."""
        return self.command.moment.occurred_at_ms

    def tell(self, kind: str, ticket: Ticket, person: str | None = None, **details: Any) -> None:
        """Leave a notice, for a supervisor unless a person is named."""
        self.notices.append(Notice(kind, ticket.id, self.command.op_id, person, details))

    def silently(self) -> "Step":
        """The same step on another ticket that has its entry already."""
        return replace(self, silent=True)

    def unit(self, unit_id: str, where: str) -> Unit:
        """The unit of an argument, or `invalid_args`."""
        found = self.ctx.units.get(unit_id)
        if found is None:
            raise Refused("invalid_args", field=where, reason="unknown")
        return found

    def handler(self, person_id: str, where: str) -> Actor:
        """An active person of the argument who can work on tickets, or `invalid_args`."""
        found = self.ctx.people.get(person_id)
        if found is None or found.revoked_at_ms is not None or found.role not in NAMED_ROLES:
            raise Refused("invalid_args", field=where, reason="unknown")
        return found

    def named(self, unit_id: str | None) -> Json | None:
        """{id, name} of a unit."""
        return named_unit(self.ctx, unit_id)


def named_unit(ctx: Context, unit_id: str | None) -> Json | None:
    """{id, name} of a unit, or None."""
    if unit_id is None:
        return None
    unit = ctx.units.get(unit_id)
    return {"id": unit_id, "name": unit.name if unit is not None else unit_id}


def begin(command: Command, ctx: Context, rule: OpRule, cycle: int) -> Step:
    """A step with its timeline entry begun, in wire form (API: timeline)."""
    moment = command.moment
    entry: Json = {
        "id": command.op_id,
        "name": command.name,
        "actor": {"id": command.actor.id, "name": command.actor.name},
        "role": command.actor.role,
        "occurred_at": instants.rfc3339(moment.occurred_at_ms),
        "trust": moment.trust,
        "outcome": "applied",
        "received_at": instants.rfc3339(command.received_at_ms),
        "cycle": cycle,
        "text": None,
        "photos": [],
    }
    if moment.trust == "unverified":
        entry["bounds"] = [instants.rfc3339(moment.from_ms), instants.rfc3339(moment.to_ms)]
    if command.imported_by is not None:
        entry["imported_by"] = {"id": command.imported_by.id, "name": command.imported_by.name}
    if command.actor.role == "town_leader":
        entry["by_leader"] = True
    return Step(command, ctx, rule, entry)


def finish(old: Ticket, new: Ticket, step: Step) -> Ticket:
    """The ticket after the step: entry added, clocks met, stale marks, stint, hash, next revision."""
    new = new.evolve(rev=old.rev + 1)
    if not step.silent:
        step.entry["outcome"] = step.outcome
        new.timeline = [*new.timeline, step.entry]
        if step.command.name not in _MEETS_NOTHING:
            new = with_met(new, step.entry["cycle"])
    if step.rule.kind != "fact":
        _mark(old, new, step)
    if (old.lead_unit, old.assignee) != (new.lead_unit, new.assignee):
        _turn_over(new, step)
    return rehashed(new, step.ctx)


def _mark(old: Ticket, new: Ticket, step: Step) -> None:
    changed = [a for a in _ASPECTS if getattr(old, a) != getattr(new, a)]
    if reply_id(old) != reply_id(new):
        changed.append("reply")
    changed = [a for a in changed if a in step.rule.touches]
    if changed:
        mark = [new.rev, step.actor.id, step.command.device, changed]
        new.changes = [*new.changes[1 - _CHANGES_MAX :], mark]


def reply_id(ticket: Ticket) -> str | None:
    """The operation that wrote the present reply."""
    return None if ticket.reply is None else str(ticket.reply["id"])


def _turn_over(new: Ticket, step: Step) -> None:
    """Close the running stint and open the next one: who had the ticket, from when."""
    person = step.ctx.people.get(new.assignee) if new.assignee is not None else None
    new.grid = person.grid_id if person is not None else None
    stints = new.stints[1 - _STINTS_MAX :]
    at_ms = step.at_ms
    if stints and stints[-1]["to_ms"] is None:
        at_ms = max(at_ms, stints[-1]["from_ms"])
        stints = [*stints[:-1], {**stints[-1], "to_ms": at_ms}]
    if new.lead_unit is not None:
        stint = {"unit": new.lead_unit, "assignee": new.assignee, "from_ms": at_ms, "to_ms": None}
        stints = [*stints, {**stint, "cycle": new.cycle}]
    new.stints = stints


def rehashed(ticket: Ticket, ctx: Context) -> Ticket:
    """Bind a reply in review to the packet as it would leave now; any new evidence changes its hash."""
    reply = ticket.reply
    if reply is None or ticket.state != "reply_review":
        return ticket
    fresh = packet_hash(build(ticket, reply, ctx.rules))
    if fresh == reply["hash"]:
        return ticket
    return ticket.evolve(reply={**reply, "hash": fresh})


def reclocked(ticket: Ticket, step: Step, why: str) -> Ticket:
    """The ticket with the deadlines of its present cycle computed anew."""
    ctx = step.ctx
    return recomputed(ticket, ctx.calendar, ctx.rules, why=why, by=step.actor.id, at_ms=step.at_ms)


def decided(ticket: Ticket, step: Step) -> Decision:
    """The decision of a finished step."""
    events = [] if step.silent else [{**step.entry, "ticket": ticket.id}]
    return Decision(step.outcome, None, {}, events, [ticket, *step.others], step.notices)
