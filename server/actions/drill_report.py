"""The drills' month as data for screen and print (DOMAIN D20); its Excel file is `drill_sheet`'s."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.engine import Connection

from server.domain import drill_report as rules
from server.domain.drill_report import Alarmed, Phone
from server.domain.instants import rfc3339, start_of
from server.store import alert_reports, drills
from server.store.people import Directory

Json = dict[str, Any]


def month_span(month: str) -> tuple[int, int]:
    """ms UTC of the first moment of a Shanghai month `YYYY-MM` and of the next one. Raises ValueError."""
    first = datetime.datetime.strptime(month, "%Y-%m").replace(tzinfo=datetime.UTC).date()
    following = (first + datetime.timedelta(days=31)).replace(day=1)
    return start_of(first), start_of(following)


def report(connection: Connection, known: Directory, month: str, now_ms: int, *, real: bool) -> Json:
    """The whole report of one month; `real` adds the month's real alarms as a part of their own."""
    from_ms, to_ms = month_span(month)
    rows = alert_reports.month_rows(connection, from_ms, to_ms, drills=True)
    phones = [each for each in alert_reports.phones(connection) if _serves(known, each.person)]
    body: Json = {
        "month": month,
        "as_of": rfc3339(now_ms),
        "total": rules.figures(rows),
        "drills": _drills(connection, known, rows, from_ms, to_ms),
        "people": _people(rows, known),
        "by_channel": rules.by_channel(rows),
        "unreachable": [_lost(each, known) for each in rules.unreachable(rows, phones)],
        "permission_missing": [_phone(each, known) for each in rules.without_permission(phones)],
        "gone": [_phone(each, known) for each in rules.gone(phones, from_ms, to_ms)],
        "real": None,
    }
    if real:
        events = alert_reports.month_rows(connection, from_ms, to_ms, drills=False)
        body["real"] = {
            **rules.figures(events),
            "events": len({row.alarm for row in events}),
            "by_channel": rules.by_channel(events),
            "people": _people(events, known),
        }
    return body


def _serves(known: Directory, person_id: str) -> bool:
    person = known.people.get(person_id)
    return person is not None and person.revoked_at_ms is None


def _drills(
    connection: Connection, known: Directory, rows: Sequence[Alarmed], from_ms: int, to_ms: int
) -> list[Json]:
    groups: dict[str, list[Alarmed]] = {each.id: [] for each in drills.within(connection, from_ms, to_ms)}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    found = []
    for drill_id, group in groups.items():
        drill = drills.find(connection, drill_id)
        found.append(
            {
                "id": drill_id,
                "kind": drill.kind if drill else group[0].kind,
                "title": drill.title if drill else "",
                "started_by": _named(drill.started_by, known) if drill else None,
                "started_at": rfc3339(drill.started_ms if drill else group[0].raised_ms),
                "ended_at": rfc3339(drill.ended_ms) if drill and drill.ended_ms is not None else None,
                **rules.figures(group),
                "people": [_person_line(each, known) for each in rules.in_one(group)],
            }
        )
    return sorted(found, key=lambda each: (each["started_at"], each["id"]))


def _person_line(told: Mapping[str, Any], known: Directory) -> Json:
    acked_ms = told["acked_ms"]
    return {
        "person": _named(told["person"], known),
        "unit": _unit(told["person"], known),
        "alert": told["alert"],
        "raised_at": rfc3339(told["raised_ms"]),
        "acked_at": None if acked_ms is None else rfc3339(acked_ms),
        "seconds": told["seconds"],
        "informed": told["informed"],
        "first_channel": told["first_channel"],
        "ack_channel": told["ack_channel"],
    }


def _people(rows: Iterable[Alarmed], known: Directory) -> list[Json]:
    return [
        {"person": _named(person, known), "unit": _unit(person, known), **told}
        for person, told in rules.by_person(rows)
    ]


def _lost(told: Mapping[str, Any], known: Directory) -> Json:
    return {
        "person": _named(told["person"], known),
        "unit": _unit(told["person"], known),
        "device": told["device"],
        "reason": told["reason"],
        "at": rfc3339(told["at_ms"]),
    }


def _phone(phone: Phone, known: Directory) -> Json:
    return {
        "person": _named(phone.person, known),
        "unit": _unit(phone.person, known),
        "device": phone.device,
        "permission": phone.permission,
        "subscribed": phone.subscribed,
        "reason": phone.reason,
        "platform": phone.platform,
        "installed": phone.installed,
        "reported_at": rfc3339(phone.reported_ms),
        "gone_at": None if phone.gone_ms is None else rfc3339(phone.gone_ms),
    }


def _named(person_id: str, known: Directory) -> Json:
    person = known.people.get(person_id)
    return {"id": person_id, "name": person.name if person is not None else person_id}


def _unit(person_id: str, known: Directory) -> Json | None:
    person = known.people.get(person_id)
    unit = known.units.get(person.unit_id or "") if person is not None else None
    return {"id": unit.id, "name": unit.name} if unit is not None else None
