"""All operations of the town behind one handler: tickets, incidents, and the alarms that follow from both.

Locks are taken in one order: tickets, incidents, alarms, each sorted by id. What an operation means for alarms is
decided right after it and saved with it: there is no moment at which an emergency is stored and nobody called.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import sqlalchemy as sa

from server.actions.alarm_ops import AlarmOps
from server.actions.alarm_work import AlarmWork
from server.actions.duty import Duty
from server.actions.handler import TicketHandler, TicketWork
from server.actions.incident_work import IncidentWork
from server.actions.lazy import lazy
from server.domain import ticket_alarms
from server.domain.auto_dispatch import dispatch_args
from server.domain.derived import derived_id
from server.domain.emergency import EMERGENCY_OPS, PERSON_EMERGENCY_OPS
from server.domain.roles import SYSTEM, Actor
from server.domain.ticket import Ticket
from server.domain.ticket_alarms import Effect
from server.store import incidents, oplog
from sync.clock import Moment
from sync.log import Author, Change, Follow, Unfit, Verdict, Work, Writing
from sync.op import Op, make_op

SYSTEM_AUTHOR = Author("system", None, SYSTEM)


@dataclass(frozen=True)
class Operations(TicketHandler):
    """One for all; `inside()` is the variant for operations born on the server."""

    def knows(self, name: str, v: int) -> bool:
        """Whether this operation may come through this door, in this version."""
        known = EMERGENCY_OPS if self.server_side else PERSON_EMERGENCY_OPS
        return super().knows(name, v) or (v == 1 and name in known)

    def open(self, tx: Writing, subjects: Sequence[str], author: Author) -> Work:
        """Lock and load all that the batch needs."""
        return OperationsWork(self, tx, subjects, author)


class OperationsWork:
    """One batch in memory. A batch without emergencies asks the database nothing more than its tickets."""

    def __init__(self, handler: Operations, tx: Writing, subjects: Sequence[str], author: Author) -> None:
        own = cast("oplog.Writing", tx)
        self._handler, self._tx, self._author = handler, tx, author
        self._connection, self._now_ms = own.connection, own.now_ms
        self._duty = Duty(self._connection, self._now_ms)
        self._tickets = TicketWork(handler, tx, subjects, author, self._duty)
        self._uncalled: dict[str, Ticket] = {}

    @lazy
    def _behind(self) -> list[str]:
        """Incidents that the batch touches, by themselves or by an alarm of theirs."""
        return sorted(incidents.behind(self._connection, self._tickets.absent))

    @lazy
    def _alarms(self) -> AlarmWork:
        if self._behind:
            _ = self._incidents  # locked before any alarm is
        return AlarmWork(self._connection, self._handler.rules, self._duty, self._now_ms)

    @lazy
    def _alarm_ops(self) -> AlarmOps:
        subjects = sorted(self._tickets.absent)
        self._alarms.load_alerts(subjects)
        return AlarmOps(self._alarms, self._connection, self._handler.rules, self._duty, self._tickets.ticket)

    @lazy
    def _incidents(self) -> IncidentWork:
        wanted = sorted({*self._tickets.absent, *self._behind})
        return IncidentWork(self._handler, self._tx, wanted, self._author)

    def apply(self, op: Op, moment: Moment, received_at_ms: int, author: Author) -> Verdict:
        """Decide one operation, and what it means for alarms."""
        family = op.name.split(".")[0]
        if family == "ticket":
            verdict = self._tickets.apply(op, moment, received_at_ms, author)
        elif family == "incident":
            verdict = self._incidents.apply(op, moment, received_at_ms, author)
        else:
            verdict = self._alarm_ops.apply(op, moment, received_at_ms, author)
        try:
            if family == "ticket":
                return self._after_ticket(op, moment, received_at_ms, author.actor, verdict)
            self._exchange(received_at_ms)
        except sa.exc.SQLAlchemyError:
            raise
        except Exception as error:  # it is decided: now what it means for alarms is saved too, or neither is
            raise Unfit(f"its alarms could not be decided: {type(error).__name__}") from error
        return verdict

    def save(self) -> list[Change]:
        """Write everything in the order of the locks."""
        for (
            ticket
        ) in self._uncalled.values():  # its dispatch came to nothing: then somebody is called to see to it
            now = self._tickets.ticket(ticket.id) or ticket
            if ticket_alarms.is_live(now):
                self._alarms.call(ticket_alarms.call_for(now, f"undispatched/{now.rev}"))
        changes = self._tickets.save()
        if "_incidents" in self.__dict__:
            changes += self._incidents.save()
        if "_alarms" in self.__dict__:
            changes += self._alarms.save()
        return changes

    def _after_ticket(
        self, op: Op, moment: Moment, received_at_ms: int, actor: Actor, verdict: Verdict
    ) -> Verdict:
        follows: list[Follow] = []
        for before, after in self._tickets.last:
            if op.name in ticket_alarms.ACKNOWLEDGES and before is not None and after.urgent:
                self._heard(after, actor, (moment, received_at_ms), op.name)
            effect = ticket_alarms.effect_of(before, after, op.name, op.id, self._handler.rules)
            if effect is not ticket_alarms.NOTHING:
                follows += self._carry_out(effect, after, op, received_at_ms)
        return replace(verdict, then=tuple(follows)) if follows else verdict

    def _heard(self, ticket: Ticket, actor: Actor, when: tuple[Moment, int], via: str) -> None:
        """Who accepts, sets out or arrives has heard the alarm, whether it was for him or not."""
        for alarm in self._alarms.about("ticket", ticket.id):
            if actor.id in alarm.people:
                self._alarms.acknowledge(alarm, actor.id, *when, via)
            elif alarm.kind == "urgent_ticket" and alarm.state != "ended":
                self._alarms.take_on(alarm, actor.id, *when, via)

    def _carry_out(self, effect: Effect, ticket: Ticket, op: Op, received_at_ms: int) -> list[Follow]:
        self._quieten(effect, ticket, received_at_ms)
        for call in effect.calls:
            self._alarms.call(call)
            self._uncalled.pop(ticket.id, None)
        if not effect.dispatches:
            return []
        self._uncalled[ticket.id] = ticket
        register = self._duty.register
        args = dispatch_args(ticket, register.units, register.people, self._duty.worker)
        if args is None:
            return []
        id_ = derived_id("auto-dispatch", ticket.id, op.id)
        return [Follow(make_op(id_, "ticket.dispatch", ticket.id, args), SYSTEM_AUTHOR)]

    def _quieten(self, effect: Effect, ticket: Ticket, received_at_ms: int) -> None:
        """What was called for before ends, loses its words, or is no longer for everybody."""
        if effect.conceals:
            opened = self._incidents.conceal(ticket.id)  # locked before any alarm is
            for alarm in self._alarms.load_about("ticket", ticket.id):
                self._alarms.conceal(alarm, ticket.handlers)
            for incident in opened:
                self._alarms.conceal_incident(incident)
        if effect.ends is None and not effect.leaves:
            return
        for alarm in self._alarms.about("ticket", ticket.id):
            if effect.ends is None:
                self._alarms.spare(alarm, effect.leaves, received_at_ms)
            elif not (effect.keeps_overdue and alarm.kind == "overdue"):
                self._alarms.end(alarm, effect.ends, received_at_ms)

    def _exchange(self, received_at_ms: int) -> None:
        """What incidents ask of alarms, and what alarms tell incidents."""
        if "_incidents" in self.__dict__:
            self._from_incidents(received_at_ms)
        if "_alarms" not in self.__dict__:
            return
        called, self._alarms.called = self._alarms.called, []
        for each in called:
            if each.subject_type == "incident":
                self._incidents.alarmed(each.subject_id, each.people, each.informed)
        acked, self._alarm_ops.acked = self._alarm_ops.acked, []
        for alarm, actor, op, moment, at_ms in acked:
            if alarm.subject[0] == "incident":
                task = alarm.call["task"]
                self._incidents.acked(alarm.subject[1], task, actor, op.id, moment, at_ms)

    def _from_incidents(self, received_at_ms: int) -> None:
        work = self._incidents
        calls, ends, acks, removals = list(work.calls), list(work.ends), list(work.acks), list(work.removals)
        for asked in (work.calls, work.ends, work.acks, work.removals):
            asked.clear()
        for key, why in ends:
            self._alarms.end_key(key, why, received_at_ms)
        for gone in removals:
            for alarm in self._alarms.about("incident", gone.incident):
                self._alarms.take_off(alarm, gone.person)
        for call in calls:
            self._alarms.call(call)
        for ack in acks:
            for alarm in self._alarms.about("incident", ack.incident):
                mine = alarm.key == ack.key if ack.key is not None else alarm.call["task"] is None
                if mine and ack.person in alarm.people:
                    self._alarms.acknowledge(alarm, ack.person, ack.moment, received_at_ms, ack.via)
