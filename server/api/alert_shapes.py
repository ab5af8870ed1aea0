"""How alerts and alarms look on the wire (API.md “Alerts”); the documents are written by `domain.alarm_doc`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields
from sqlalchemy.engine import Row

from server.api.shape_fields import NamedThing, choice, nested, several, string
from server.domain.alarm import Alarm
from server.domain.instants import rfc3339
from server.domain.roles import ROLES
from server.store import alert_reports
from server.store.people import Directory

KINDS = ("urgent_ticket", "direct_report", "reminder", "overdue", "muster")
ALERT_STATES = ("open", "acked", "ended")
ALARM_STATES = ("open", "unanswered", "acked", "ended")
DELIVERY_STATES = ("queued", "sent", "delivered", "seen", "acked", "failed", "gone")
SUBJECTS = ("ticket", "incident", "drill")
REMOVED = fields.Boolean(
    metadata={"description": "taken off the incident since: nobody waits for his answer"}
)
_TITLE_EN = fields.String(
    allow_none=True,
    metadata={"description": "the title for readers of English; null or absent: there is only `title`"},
)


class Subject(Schema):
    type = choice(*SUBJECTS)
    id = string()


class CalledPerson(NamedThing):
    role = choice(*ROLES, "")
    unit = nested(NamedThing, allow_none=True)
    phone = string(allow_none=True)


class AckedBy(NamedThing):
    role = string(allow_none=True)


class Try(Schema):
    """One message of one channel: to one device or address, at one rung."""

    rung = fields.Integer(required=True)
    target = string()
    state = choice(*DELIVERY_STATES)
    at = string()
    error = string(allow_none=True)


class DeliveryShape(Schema):
    """How far one channel came with one person: its best try. `tries` has them all."""

    person = nested(NamedThing)
    channel = string(told="app, push, or the kind of a configured channel")
    state = choice(*DELIVERY_STATES)
    at = string(told="when it came into that state")
    target = string(told="the device of a push; else person or group")
    error = string(allow_none=True)
    tries = several(Try)


class AlertShape(Schema):
    """One person alarmed: what his phone holds, and what became of each channel."""

    id = string()
    rev = fields.Integer(required=True)
    alarm = string()
    kind = choice(*KINDS)
    drill = fields.Boolean(required=True)
    drill_title = string(allow_none=True)
    subject = nested(Subject)
    raised_at = string()
    acked_at = string(allow_none=True)
    ack_received_at = string(allow_none=True)
    rung = fields.Integer(required=True)
    rung_at = string()
    title = string(allow_none=True)
    title_en = _TITLE_EN
    village = string(allow_none=True)
    informed = fields.Boolean(required=True, metadata={"description": "told, not asked"})
    posts = fields.List(fields.String(), required=True, metadata={"description": "why he was called"})
    acked_by = nested(AckedBy, allow_none=True)
    life_at_risk = fields.Boolean(required=True)
    numbers = fields.List(fields.String(), required=True)
    state = choice(*ALERT_STATES)
    ended_at = string(allow_none=True)
    end_why = string(allow_none=True)
    climbed_meanwhile = fields.Boolean(required=True)
    task = fields.String(allow_none=True)
    task_text = fields.String(allow_none=True)
    person = nested(CalledPerson)
    seen_at = string(allow_none=True)
    deliveries = several(DeliveryShape)


class AlertPage(Schema):
    items = several(AlertShape)
    total = fields.Integer(required=True)
    page = fields.Integer(required=True)


class AlarmRung(Schema):
    rung = fields.Integer(required=True)
    due_at = string()
    climbed_at = string(allow_none=True)
    posts = fields.List(fields.String(), required=True)
    informs = fields.List(fields.String(), required=True)
    empty = fields.Boolean(required=True, metadata={"description": "nobody stood there: it climbed at once"})


class CalledShape(Schema):
    person = nested(CalledPerson)
    alert = string()
    rung = fields.Integer(required=True)
    informed = fields.Boolean(required=True)
    removed = REMOVED
    posts = fields.List(fields.String(), required=True)
    raised_at = string()
    acked_at = string(allow_none=True)
    ack_received_at = string(allow_none=True)
    ack_via = string(allow_none=True)
    seen_at = string(allow_none=True)
    deliveries = several(DeliveryShape)


class AlarmShape(Schema):
    """One event: its ladder, everybody called, and how far each channel came with each."""

    id = string()
    rev = fields.Integer(required=True)
    kind = choice(*KINDS)
    drill = fields.Boolean(required=True)
    drill_title = string(allow_none=True)
    drill_id = string(allow_none=True)
    subject = nested(Subject)
    title = string(allow_none=True)
    title_en = _TITLE_EN
    village = string(allow_none=True)
    raised_at = string()
    state = choice(*ALARM_STATES)
    acked_at = string(allow_none=True)
    ack_received_at = string(allow_none=True)
    acked_by = nested(NamedThing, allow_none=True)
    ended_at = string(allow_none=True)
    end_why = string(allow_none=True)
    next_at = string(allow_none=True)
    task = string(allow_none=True)
    task_text = string(allow_none=True)
    ladder = several(AlarmRung)
    explained = fields.List(fields.Dict(keys=fields.String()), required=True)
    people = several(CalledShape)
    deliveries = several(DeliveryShape)


class AlarmPage(Schema):
    items = several(AlarmShape)
    total = fields.Integer(required=True)
    page = fields.Integer(required=True)


def deliveries(
    rows: Iterable[Row[Any]], alarms: Mapping[str, Alarm], known: Directory
) -> dict[str, list[dict[str, Any]]]:
    """By alert: one entry per person and channel, in the order in which the channels were tried.

    A message to a group stands with everybody who had been called by then.
    """
    groups: dict[tuple[str, str, str], list[Row[Any]]] = {}
    for row in rows:
        if row.alert_id is not None:
            groups.setdefault((row.alert_id, row.person_id or "", row.channel), []).append(row)
            continue
        called = alarms[row.alarm_id].people.items() if row.alarm_id in alarms else ()
        for person, entry in called:
            if entry["raised_at"] <= row.queued_at:
                groups.setdefault((entry["alert"], person, row.channel), []).append(row)
    found: dict[str, list[dict[str, Any]]] = {}
    for (alert_id, person_id, channel), tries in groups.items():
        found_person = known.people.get(person_id)
        told = {
            "person": {"id": person_id, "name": found_person.name if found_person else ""},
            "channel": channel,
        }
        found.setdefault(alert_id, []).append(told | _best(tries))
    return found


def _best(tries: Sequence[Row[Any]]) -> dict[str, Any]:
    chosen = _try(alert_reports.best(tries))
    chosen.pop("rung")
    return {**chosen, "tries": [_try(row) for row in tries]}


def _try(row: Row[Any]) -> dict[str, Any]:
    state, at_ms = alert_reports.state_of(row)
    reached = state not in {"queued", "failed", "gone"}
    return {
        "rung": row.rung,
        "target": row.target,
        "state": state,
        "at": rfc3339(at_ms),
        "error": None if reached else row.error,
    }
