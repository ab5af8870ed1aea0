"""Whom alarms reached: for the duty room and the office every alert, for anybody his own; receipts of the phones."""

from collections.abc import Mapping
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields, pre_load, validate
from sqlalchemy.engine import Connection

from server.api import json
from server.api.alert_shapes import (
    ALERT_STATES,
    KINDS,
    AlarmPage,
    AlarmShape,
    AlertPage,
    AlertShape,
    deliveries,
)
from server.api.context import engine
from server.api.errors import Problem
from server.api.guard import actor, signed_in
from server.clock import now_ms
from server.domain.alarm import Alarm
from server.domain.alarm_doc import render_alarm, render_alert, render_person
from server.domain.instants import DAY_MS, rfc3339
from server.store import alarms, alert_reports, reach, receipts
from server.store.alert_reports import PAGE_SIZE_MAX, Wanted
from server.store.engine import reading, writing
from server.store.people import Directory, directory
from server.store.receipts import Told
from sync.clock import parse_rfc3339
from sync.op import UUID

blp = Blueprint("alerts", __name__, description="Alarms, and whom they reached")

OVERSEERS = ("duty_room", "dispatcher", "office_lead", "town_leader")
RECEIPTS_MAX = 200
AGE_MS_MAX = 30 * DAY_MS
IS_DRILL = {"true": True, "1": True, "false": False, "0": False}


class _Query(Schema):
    @pre_load
    def _drop_empty(self, query: Mapping[str, str], **_: Any) -> dict[str, str]:
        return {name: value for name, value in query.items() if value != ""}

    subject = fields.UUID(load_default=None, metadata={"description": "id of a ticket, incident or drill"})
    drill = fields.String(
        load_default="",
        validate=validate.Length(max=36),
        metadata={"description": "true, false, or a drill's id"},
    )
    page = fields.Integer(load_default=1, validate=validate.Range(1, 1_000_000))
    page_size = fields.Integer(load_default=50, validate=validate.Range(1, PAGE_SIZE_MAX))


class AlertQuery(_Query):
    alarm = fields.UUID(load_default=None)
    person = fields.UUID(load_default=None)
    kind = fields.String(load_default=None, validate=validate.OneOf(KINDS))
    state = fields.String(load_default=None, validate=validate.OneOf(ALERT_STATES))
    from_ = fields.String(load_default=None, data_key="from", metadata={"format": "date-time"})
    to = fields.String(load_default=None, metadata={"format": "date-time"})


class AlarmQuery(_Query):
    state = fields.String(load_default="all", validate=validate.OneOf(("open", "all")))


class ReceiptIn(Schema):
    alert = fields.UUID(required=True)
    channel = fields.String(required=True, validate=validate.OneOf(("push", "app")))
    state = fields.String(required=True, validate=validate.OneOf(("delivered", "seen")))
    age_ms = fields.Integer(
        load_default=0,
        validate=validate.Range(0, AGE_MS_MAX),
        metadata={"description": "how long ago, by the phone's own count"},
    )


class ReceiptsIn(Schema):
    device = fields.UUID(required=True)
    receipts = fields.List(
        fields.Nested(ReceiptIn), required=True, validate=validate.Length(max=RECEIPTS_MAX)
    )


@blp.route("/alerts", methods=["GET"])
@signed_in(*OVERSEERS)
@blp.arguments(AlertQuery, location="query", unknown=RAISE)
@blp.response(200, AlertPage)
def list_alerts(query: dict[str, Any]) -> Response:
    """One page of the alerts, the newest first; for each person how far each channel came."""
    is_drill, drill_id = _drill(query["drill"])
    wanted = Wanted(
        alarm=_text(query["alarm"]),
        subject=_text(query["subject"]),
        person=_text(query["person"]),
        kind=query["kind"] or "",
        state=query["state"] or "",
        is_drill=is_drill,
        drill=drill_id,
        from_ms=_instant("from", query["from_"]),
        to_ms=_instant("to", query["to"]),
        confidential=_sees_all(),
    )
    with reading(engine()) as connection:
        found, total = alert_reports.find_alerts(connection, wanted, query["page"], query["page_size"])
        view = _View(connection, {alarm_id for alarm_id, _ in found})
    items = [view.alert(alarm_id, person) for alarm_id, person in found]
    return _no_store(json.answer({"items": items, "total": total, "page": query["page"]}))


# An alarm's id is welcome too: a client that holds one of the two need not know which.
EITHER = {"anyOf": [{"$ref": f"#/components/schemas/{shape.__name__}"} for shape in (AlertShape, AlarmShape)]}


@blp.route("/alerts/<string:alert_id>", methods=["GET"])
@signed_in()
@blp.response(200, EITHER)
def get_alert(alert_id: str) -> Response:
    """One alert, for the duty room, the office and its own person. Given an alarm's id: the whole alarm."""
    overseer = actor().role in OVERSEERS
    with reading(engine()) as connection:
        place = alert_reports.place_of(connection, _id(alert_id))
        if place is not None and (overseer or place[1] == actor().id):
            view = _View(connection, {place[0]})
            his = place[1] == actor().id and not view.alarms[place[0]].people[place[1]].get("removed")
            if his or (overseer and _may_see(view.alarms[place[0]])):
                return _no_store(json.answer(view.alert(*place)))
        if place is None and overseer:
            return _no_store(json.answer(_alarm(connection, _id(alert_id))))
    raise Problem(404, "not_found")


@blp.route("/alarms", methods=["GET"])
@signed_in(*OVERSEERS)
@blp.arguments(AlarmQuery, location="query", unknown=RAISE)
@blp.response(200, AlarmPage)
def list_alarms(query: dict[str, Any]) -> Response:
    """One page of the alarms, the newest first, with everybody called; `open`: nobody has answered yet."""
    is_drill, drill_id = _drill(query["drill"])
    with reading(engine()) as connection:
        ids, total = alert_reports.find_alarms(
            connection,
            open_only=query["state"] == "open",
            is_drill=is_drill,
            drill_id=drill_id,
            subject=_text(query["subject"]),
            page=query["page"],
            page_size=query["page_size"],
            confidential=_sees_all(),
        )
        view = _View(connection, set(ids))
    items = [view.alarm(id_) for id_ in ids]
    return _no_store(json.answer({"items": items, "total": total, "page": query["page"]}))


@blp.route("/alarms/<string:alarm_id>", methods=["GET"])
@signed_in(*OVERSEERS)
@blp.response(200, AlarmShape)
def get_alarm(alarm_id: str) -> Response:
    """One alarm with everybody called and how far each channel came."""
    with reading(engine()) as connection:
        return _no_store(json.answer(_alarm(connection, _id(alarm_id))))


@blp.route("/alerts/receipts", methods=["POST"])
@signed_in()
@blp.arguments(ReceiptsIn)
@blp.response(204)
def take_receipts(body: dict[str, Any]) -> Response:
    """What came to this phone. Alerts that are not one's own are passed over without a word."""
    now = now_ms()
    told = [
        Told(str(one["alert"]), one["channel"], one["state"], now - one["age_ms"]) for one in body["receipts"]
    ]
    if told:
        with writing(engine()) as connection:
            receipts.note(connection, actor().id, str(body["device"]), told, now)
    return Response(status=204)


class _View:
    """Some alarms with all that is told about them, read at one moment."""

    def __init__(self, connection: Connection, alarm_ids: set[str]) -> None:
        self.known: Directory = directory(connection)
        self.alarms: Mapping[str, Alarm] = alarms.load(connection, alarm_ids)
        self.sent = deliveries(alert_reports.deliveries(connection, alarm_ids), self.alarms, self.known)
        self.seen = alert_reports.seen(connection, alarm_ids)
        people = {person for each in self.alarms.values() for person in each.people}
        self.phones = reach.phones(connection, people)

    def alarm(self, alarm_id: str) -> dict[str, Any]:
        body = render_alarm(self.alarms[alarm_id], self.known.people, self.known.units, self.phones)
        for called in body["people"]:
            called.update(self._reached(called["alert"]))
        body["deliveries"] = [each for called in body["people"] for each in called["deliveries"]]
        return body

    def alert(self, alarm_id: str, person: str) -> dict[str, Any]:
        alarm = self.alarms[alarm_id]
        body = render_alert(alarm, person, self.known.people)
        called = render_person(person, self.known.people, self.known.units, self.phones)
        return {**body, "person": called, **self._reached(body["id"])}

    def _reached(self, alert_id: str) -> dict[str, Any]:
        seen_ms = self.seen.get(alert_id)
        return {
            "seen_at": None if seen_ms is None else rfc3339(seen_ms),
            "deliveries": self.sent.get(alert_id, []),
        }


def _alarm(connection: Connection, alarm_id: str) -> dict[str, Any]:
    view = _View(connection, {alarm_id})
    if alarm_id not in view.alarms or not _may_see(view.alarms[alarm_id]):
        raise Problem(404, "not_found")
    return view.alarm(alarm_id)


def _sees_all() -> bool:
    """Alarms of confidential tickets, with the names of those called, are the leading office's alone (DOMAIN §E)."""
    return actor().role == "office_lead"


def _may_see(alarm: Alarm) -> bool:
    return alarm.call["handlers"] is None or _sees_all()


def _id(text: str) -> str:
    """An id in our spelling; what cannot be one is not found in the same words."""
    found = text.lower()
    if not UUID.fullmatch(found):
        raise Problem(404, "not_found")
    return found


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _drill(text: str) -> tuple[bool | None, str]:
    """(drills only or none, one drill's id)."""
    if text in IS_DRILL:
        return IS_DRILL[text], ""
    if text and not UUID.fullmatch(text.lower()):
        raise Problem(422, "invalid_args", field="drill", reason="not_one_of")
    return None, text.lower()


def _instant(field: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return parse_rfc3339(text.replace(" ", "+"))  # a plus sign that was not escaped in the address
    except (ValueError, OverflowError):
        raise Problem(422, "invalid_args", field=field, reason="not_a_time") from None


def _no_store(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
