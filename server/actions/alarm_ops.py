"""Operations on alarms and drills: alert.ack, alarm.climb, alarm.remind, alarm.leave_phones, drill.start, drill.end."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.engine import Connection

from server.actions.alarm_work import AlarmWork
from server.actions.duty import Duty
from server.domain import arg_checks as check
from server.domain import ticket_alarms
from server.domain.alarm import Alarm, next_at
from server.domain.call import Call
from server.domain.decision import Refused
from server.domain.emergency import EMERGENCY_OPS
from server.domain.instants import HOUR_MS, MINUTE_MS
from server.domain.posts import at_post
from server.domain.roles import Actor
from server.domain.rules import Rules
from server.domain.ticket import Ticket
from server.store import drills
from server.store.drills import Drill
from sync.clock import Moment
from sync.log import Author, Verdict
from sync.op import Op

DRILL_KINDS = ("urgent_ticket", "direct_report", "muster")
PEOPLE_MAX = 2_000
_CHECKS: dict[str, check.Check] = {
    "alert.ack": check.record(),
    "alarm.climb": check.record(
        rung=(True, check.number(0, 100, whole=True)), at=(True, check.number(0, 2**53))
    ),
    "alarm.remind": check.record(
        due_at=(True, check.number(0, 2**53)), left_min=(True, check.number(0, 1_000, whole=True))
    ),
    "alarm.leave_phones": check.record(),
    "drill.start": check.record(
        kind=(True, check.choice(*DRILL_KINDS)),
        title=(True, check.text(1, 200)),
        units=(False, check.list_of(check.text(1, 64), check.UNITS_MAX)),
        people=(False, check.list_of(check.text(1, 36), PEOPLE_MAX)),
        note=(False, check.text(0, check.TEXT_MAX)),
    ),
    "drill.end": check.record(),
}
TicketOf = Callable[[str | None], Ticket | None]


class AlarmOps:
    """Decides one operation after the other on the batch's alarms. `ticket_of` locks and reads a ticket."""

    def __init__(
        self, work: AlarmWork, connection: Connection, rules: Rules, duty: Duty, ticket_of: TicketOf
    ) -> None:
        self._work = work
        self._connection = connection
        self._rules = rules
        self._duty = duty
        self._ticket_of = ticket_of
        self.acked: list[tuple[Alarm, Actor, Op, Moment, int]] = []

    def apply(self, op: Op, moment: Moment, received_at_ms: int, author: Author) -> Verdict:
        """Decide one operation."""
        rule, actor = EMERGENCY_OPS[op.name], author.actor
        args = {name: value for name, value in op.args.items() if value is not None}
        fault = _CHECKS[op.name](args, "")
        if fault is not None:
            return Verdict("refused", "invalid_args", {"field": fault[0], "reason": fault[1]})
        if actor.role not in rule.roles:
            return Verdict("refused", "unknown_op" if rule.kind == "server" else "not_yours")
        try:
            return _DECIDE[op.name](self, op, args, (moment, received_at_ms, actor))
        except Refused as no:
            return Verdict("refused", no.code, no.details)

    def _ack(self, op: Op, _args: dict[str, Any], when: "_When") -> Verdict:
        """收到: by whom it was for, counted from when it was said; kept when the alarm was over by then."""
        moment, received_at_ms, actor = when
        found = self._work.by_alert(op.subject or "")
        if found is None or found[1] != actor.id or _was_revoked(actor, moment):
            raise Refused("not_yours")
        before = found[0]
        now = self._work.acknowledge(before, actor.id, moment, received_at_ms, op.name)
        if now is not before:
            self.acked.append((now, actor, op, moment, received_at_ms))
        if before.state == "ended":
            return Verdict("kept", "kept", {"reason": "ended", "why": before.end_why}, before.rev + 1)
        return Verdict("applied", rev=before.rev + (now is not before))

    def _climb(self, op: Op, args: dict[str, Any], _when: "_When") -> Verdict:
        alarm = self._alarm(op)
        if next_at(alarm) is None or len(alarm.climbs) != args["rung"]:
            raise Refused("wrong_state", state=alarm.state)
        now = self._work.climb(alarm, args["rung"])
        if now is alarm:
            raise Refused("wrong_state", state=alarm.state, reason="too_early")
        return Verdict("applied", rev=alarm.rev + 1)

    def _remind(self, op: Op, args: dict[str, Any], when: "_When") -> Verdict:
        """Minutes left to arrive, or none left; dated at its time. An earlier reminder gives way to it."""
        ticket = self._ticket_of(op.subject)
        clock = ticket_alarms.arrival_clock(ticket) if ticket is not None else None
        if (
            ticket is None
            or clock is None
            or not ticket_alarms.is_live(ticket)
            or clock["due"] != args["due_at"]
        ):
            raise Refused("wrong_state", state=ticket.state if ticket is not None else None)
        left, due = int(args["left_min"]), int(args["due_at"])
        if left == 0:
            call = ticket_alarms.overdue(ticket, due)
        else:
            call = ticket_alarms.reminder(ticket, left, due, self._who_must_go(ticket))
        for other in self._work.about("ticket", ticket.id):
            if other.kind == "reminder" and other.key != call.key:
                self._work.end(other, "superseded", when[1])
        self._work.call(call, due - left * MINUTE_MS)
        return Verdict("applied")

    def _who_must_go(self, ticket: Ticket) -> tuple[str, ...]:
        """The assignee; without one the worker on duty, and the people of the unit that leads."""
        if ticket.assignee is not None:
            return (ticket.assignee,)
        if ticket.confidential:
            return tuple(ticket.handlers)
        who = self._duty.who(ticket_alarms.reminder(ticket, 0, 0, ()))
        lead = () if ticket.lead_unit is None else at_post("unit_head", ticket.lead_unit, self._duty.now)[0]
        found = (*who("worker"), *(each.id for each in lead)) or (*who("duty_room"), *who("office"))
        return tuple(dict.fromkeys(found))

    def _leave(self, op: Op, _args: dict[str, Any], when: "_When") -> Verdict:
        alarm = self._alarm(op)
        if alarm.ended_at is None or when[1] < alarm.ended_at + self._rules.alarm_kept_h * HOUR_MS:
            raise Refused("wrong_state", state=alarm.state, reason="too_early")
        self._work.leave_phones(alarm)
        return Verdict("applied", rev=alarm.rev + 1)

    def _start(self, op: Op, args: dict[str, Any], when: "_When") -> Verdict:
        """A drill is an alarm like any other, marked so; it never touches a real ticket."""
        _, received_at_ms, actor = when
        subject = op.subject
        if subject is None or drills.find(self._connection, subject) is not None:
            raise Refused("wrong_state", reason="started")
        units, people = tuple(args.get("units", ())), tuple(args.get("people", ()))
        self._check_known(units, people)
        if args["kind"] != "direct_report" and not units and not people:
            raise Refused("invalid_args", field="units", reason="missing")
        note = args.get("note", "")
        made = Drill(subject, args["kind"], args["title"], actor.id, received_at_ms, None, note)
        drills.add(self._connection, made)
        self._work.call(
            Call(
                key=f"drill/{subject}",
                kind=args["kind"],
                subject_type="drill",
                subject_id=subject,
                title=args["title"],
                village=None,
                units=units,
                people=people,
                drill=subject,
                drill_title=args["title"],
            )
        )
        return Verdict("applied")

    def _check_known(self, units: Sequence[str], people: Sequence[str]) -> None:
        register = self._duty.register
        for i, unit in enumerate(units):
            if unit not in register.units:
                raise Refused("invalid_args", field=f"units[{i}]", reason="unknown")
        for i, id_ in enumerate(people):
            person = register.people.get(id_)
            if person is None or person.revoked_at_ms is not None:
                raise Refused("invalid_args", field=f"people[{i}]", reason="unknown")

    def _stop(self, op: Op, _args: dict[str, Any], when: "_When") -> Verdict:
        if op.subject is None or not drills.end(self._connection, op.subject, when[1]):
            raise Refused("wrong_state", reason="ended")
        self._work.load(drills.alarms_of(self._connection, [op.subject])[op.subject])
        for alarm in self._work.known():
            if alarm.drill == op.subject:
                self._work.end(alarm, "drill_over", when[1])
        return Verdict("applied")

    def _alarm(self, op: Op) -> Alarm:
        found = self._work.find(op.subject or "")
        if found is None:
            raise Refused("not_yours")
        return found


def _was_revoked(actor: Actor, moment: Moment) -> bool:
    return actor.revoked_at_ms is not None and moment.occurred_at_ms >= actor.revoked_at_ms


_When = tuple[Moment, int, Actor]
_DECIDE: dict[str, Callable[[AlarmOps, Op, dict[str, Any], _When], Verdict]] = {
    "alert.ack": AlarmOps._ack,
    "alarm.climb": AlarmOps._climb,
    "alarm.remind": AlarmOps._remind,
    "alarm.leave_phones": AlarmOps._leave,
    "drill.start": AlarmOps._start,
    "drill.end": AlarmOps._stop,
}
