"""The alarms of one batch in memory: raised, climbed, acknowledged, ended; written with the operation that asks it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy.engine import Connection

from server.actions.duty import Duty
from server.domain import alarm as alarms
from server.domain.alarm import Alarm
from server.domain.alarm_doc import render_alarm, render_alert
from server.domain.call import CONFIDENTIAL_TITLE, Call
from server.domain.decision import Moment
from server.domain.incident import Incident
from server.domain.incident_step import title_of
from server.domain.roles import EMERGENCIES
from server.domain.rules import Rules
from server.store import alarm_outbox, ladders, reach
from server.store import alarms as store
from server.store.alarm_outbox import Ring
from sync.log import Change

CONFIDENTIAL_BUCKET = "town-confidential"


@dataclass(frozen=True, slots=True)
class Called:
    """Persons whom an alarm of this subject has just reached; the `informed` of them were told, not called."""

    subject_type: str
    subject_id: str
    people: tuple[str, ...]
    informed: frozenset[str]


class AlarmWork:
    """Nothing is read before somebody asks, nothing written before `save`."""

    def __init__(self, connection: Connection, rules: Rules, duty: Duty, now_ms: int) -> None:
        self._connection = connection
        self._rules = rules
        self._duty = duty
        self._now_ms = now_ms
        self._loaded: dict[str, Alarm] = {}
        self._now: dict[str, Alarm] = {}
        self._asked: set[tuple[str, str]] = set()
        self._alerts: dict[str, str] = {}
        self.called: list[Called] = []

    def find(self, id_: str) -> Alarm | None:
        """An alarm by id, locked."""
        self.load([id_])
        return self._now.get(id_)

    def load(self, ids: Iterable[str]) -> None:
        """Lock and read these, in order of id."""
        self._take(store.load(self._connection, [id_ for id_ in ids if id_ not in self._now], lock=True))

    def known(self) -> list[Alarm]:
        """What was read or raised so far."""
        return [each for _, each in sorted(self._now.items())]

    def by_alert(self, alert: str) -> tuple[Alarm, str] | None:
        """The alarm of an alert, and whom the alert is for."""
        if alert not in self._alerts:
            self.load_alerts([alert])
        found = self._now.get(self._alerts.get(alert, ""))
        if found is None:
            return None
        return next(((found, person) for person, e in found.people.items() if e["alert"] == alert), None)

    def load_alerts(self, ids: Sequence[str]) -> None:
        """Lock and read the alarms of these alerts, in order of the alarms' ids."""
        named = store.of_alerts(self._connection, [id_ for id_ in ids if id_ not in self._alerts])
        self._alerts.update(named)
        self.load(named.values())

    def about(self, type_: str, id_: str) -> list[Alarm]:
        """Every alarm of a subject that is still on phones."""
        if (type_, id_) not in self._asked:
            self._asked.add((type_, id_))
            found = store.about(self._connection, type_, [id_])
            self._take({key: each for key, each in found.items() if key not in self._now})
        return [each for _, each in sorted(self._now.items()) if each.subject == (type_, id_)]

    def load_about(self, type_: str, id_: str) -> list[Alarm]:
        """Every alarm of a subject that there ever was."""
        self.load(store.ever_about(self._connection, type_, id_))
        return [each for _, each in sorted(self._now.items()) if each.subject == (type_, id_)]

    def call(self, call: Call, at_ms: int | None = None) -> Alarm:
        """Raise what is called for, dated `at_ms`; an alarm that was raised before stays as it is."""
        known = self.find(alarms.alarm_id(call.key))
        if known is not None:
            return known
        ladder = ladders.ladder_for(self._connection, call.ladder or call.kind)
        raised_at = self._now_ms if at_ms is None else at_ms
        made = alarms.raise_(call, ladder, self._duty.who(call), raised_at, self._rules.ladder_scale)
        self._put(made)
        self._tell(made, tuple(made.people))
        return made

    def climb(self, alarm: Alarm, rung: int) -> Alarm:
        """Take the rungs up to this one that are due; the same alarm if there is nothing to climb."""
        due = alarms.due(alarm, self._duty.who(alarms.call_of(alarm)), self._now_ms)
        now = alarm
        for step in due:
            if step.rung <= rung:
                now = alarms.climb(now, step, self._now_ms)
        if now is not alarm:
            self._put(now)
            self._tell(now, tuple(p for p, entry in now.people.items() if alarm.people.get(p) is not entry))
        return now

    def acknowledge(self, alarm: Alarm, person: str, moment: Moment, received_at_ms: int, via: str) -> Alarm:
        """A person called by it says that he heard; it counts from when he said so."""
        now = alarms.acknowledge(alarm, person, moment.occurred_at_ms, received_at_ms, via)
        self._put(now)
        return now

    def take_on(self, alarm: Alarm, person: str, moment: Moment, received_at_ms: int, via: str) -> Alarm:
        """Somebody who was not called sets out all the same: he answers for it, and nobody is called further."""
        joined = alarms.inform(alarm, [person], received_at_ms)
        if person not in alarm.people:
            entry = joined.people[person] | {"informed": False, "raised_at": alarm.raised_at}
            joined = joined.evolve(people=joined.people | {person: entry})
        return self.acknowledge(joined, person, moment, received_at_ms, via)

    def end(self, alarm: Alarm, why: str, at_ms: int) -> None:
        """The cause is gone."""
        self._put(alarms.end(alarm, why, at_ms))

    def end_key(self, key: str, why: str, at_ms: int) -> None:
        """End the alarm of this key, if it was raised."""
        found = self.find(alarms.alarm_id(key))
        if found is not None:
            self.end(found, why, at_ms)

    def conceal(self, alarm: Alarm, handlers: Sequence[str]) -> None:
        """Its subject has turned confidential: it loses its words, and leaves all but handlers and office."""
        call = alarm.call | {"handlers": list(handlers), "numbers": [], "life_at_risk": False}
        self._put(alarm.evolve(call=call | {"title": CONFIDENTIAL_TITLE, "title_en": None, "village": None}))

    def conceal_incident(self, incident: Incident) -> None:
        """Its incident has lost its ticket's words: so do all its alarms, on phones or not; whom they call stays."""
        ids = [alarms.alarm_id(key) for key in incident.alarms]
        self.load(ids)
        words = {"title": title_of(incident), "title_en": title_of(incident, "en"), "village": None}
        for alarm in (self._now[id_] for id_ in ids if id_ in self._now):
            self._put(alarm.evolve(call=alarm.call | words))

    def take_off(self, alarm: Alarm, person: str) -> None:
        """The person was taken off what it is about."""
        self._put(alarms.take_off(alarm, person))

    def spare(self, alarm: Alarm, units: Sequence[str], at_ms: int) -> None:
        """These units take no part any more: their people are left in peace, but who holds the ticket himself, and
        who was called at a post of the town."""
        if alarm.kind != "urgent_ticket" or alarm.state == "ended":
            return
        left = [each for each in alarm.call["units"] if each not in units]
        if not left:
            self.end(alarm, "redispatched", at_ms)
        elif len(left) < len(alarm.call["units"]):
            people = self._duty.register.people
            alarm = alarm.evolve(call=alarm.call | {"units": left})
            for person in alarm.people:
                theirs = person in people and people[person].unit_id in units
                if theirs and person != alarm.call["assignee"] and not alarms.is_for_town(alarm, person):
                    alarm = alarms.take_off(alarm, person)
            self._put(alarm)

    def leave_phones(self, alarm: Alarm) -> None:
        """Some time after its end."""
        self._put(alarms.leave_phones(alarm))

    def save(self) -> list[Change]:
        """Write everything, and the outbox; the changed alarms and alerts as documents for the feed."""
        changed = []
        for id_, each in sorted(self._now.items()):
            before = self._loaded.get(id_)
            if before is not each:
                changed.append(each.evolve(rev=before.rev + 1 if before is not None else 1))
        if not changed:
            return []
        store.save(self._connection, self._loaded, changed, self._now_ms)
        pairs = [(self._loaded.get(each.id), each) for each in changed]
        alarm_outbox.enqueue(self._connection, [r for pair in pairs for r in _rings(*pair)], self._now_ms)
        alarm_outbox.note_acked(self._connection, [a for pair in pairs for a in _acked(*pair)])
        alarm_outbox.note_removed(self._connection, [a for pair in pairs for a in _taken_off(*pair)])
        over = [now.id for before, now in pairs if now.ended_at and before and not before.ended_at]
        alarm_outbox.note_ended(self._connection, over)
        phones = reach.phones(self._connection, [person for each in changed for person in each.people])
        return [change for pair in pairs for change in self._changes(*pair, phones)]

    def _take(self, found: dict[str, Alarm]) -> None:
        self._loaded |= found
        self._now |= found

    def _put(self, alarm: Alarm) -> None:
        self._now[alarm.id] = alarm

    def _tell(self, alarm: Alarm, people: tuple[str, ...]) -> None:
        self._alerts |= {alarm.people[person]["alert"]: alarm.id for person in people}
        if people:
            informed = frozenset(person for person in people if alarm.people[person]["informed"])
            self.called.append(Called(*alarm.subject, people, informed))

    def _changes(self, before: Alarm | None, now: Alarm, phones: dict[str, str]) -> list[Change]:
        register = self._duty.register
        doc = render_alarm(now, register.people, register.units, phones)
        shown = EMERGENCIES if now.call["handlers"] is None else CONFIDENTIAL_BUCKET
        made = [_change("alarm", now.id, now, {shown}, doc)]
        for person, entry in now.people.items():
            doc = render_alert(now, person, register.people)
            bucket = {f"person:{person}"} if self._may_hold(now, person) else set()
            if before is not None and person in before.people:
                was = render_alert(before, person, register.people)
                same = self._may_hold(before, person) == bool(bucket)
                if same and before.left_phones == now.left_phones and was | {"rev": 0} == doc | {"rev": 0}:
                    continue
            made.append(_change("alert", entry["alert"], now, bucket, doc))
        return made

    def _may_hold(self, alarm: Alarm, person: str) -> bool:
        if alarm.people[person].get("removed"):
            return False
        handlers = alarm.call["handlers"]
        if handlers is None or person in handlers:
            return True
        found = self._duty.register.people.get(person)
        return found is not None and found.role == "office_lead"


def _change(type_: str, id_: str, alarm: Alarm, buckets: set[str], doc: object) -> Change:
    text = orjson.dumps(doc).decode()
    if alarm.left_phones:
        return Change(type_, id_, alarm.rev, frozenset(), text, "closed")
    return Change(type_, id_, alarm.rev, frozenset(buckets), text)


def _rings(before: Alarm | None, now: Alarm) -> list[Ring]:
    """The rungs climbed since, each with whom it called; and whoever was only told, with the rung of then."""
    climbed = len(before.climbs) if before is not None else 0
    rings, heard = [], set(before.people if before is not None else ())
    for each in now.climbs[climbed:]:
        people = (*each["people"], *each["informed"])
        heard.update(people)
        rings.append(Ring(now, each["rung"], people))
    told = tuple(p for p, entry in now.people.items() if p not in heard and entry["acked_at"] is None)
    if told:
        rings.append(Ring(now, max(len(now.climbs) - 1, 0), told))
    return rings


def _taken_off(before: Alarm | None, now: Alarm) -> list[str]:
    had = before.people if before is not None else {}
    return [
        entry["alert"]
        for person, entry in now.people.items()
        if entry.get("removed") and not had.get(person, {}).get("removed")
    ]


def _acked(before: Alarm | None, now: Alarm) -> list[tuple[str, int]]:
    had = before.people if before is not None else {}
    return [
        (entry["alert"], entry["acked_at"])
        for person, entry in now.people.items()
        if entry["acked_at"] is not None and had.get(person, {}).get("acked_at") != entry["acked_at"]
    ]
