"""Drills: begun, ended, and their monthly report (DOMAIN D20)."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields, validate

from server.actions import drill_report, drilling
from server.actions.drill_sheet import report_sheet
from server.api import json
from server.api.context import engine, handler, language, log
from server.api.drill_shapes import DRILL_KINDS, DrillPage, DrillReport, DrillShape
from server.api.errors import Problem
from server.api.guard import actor, signed_in
from server.api.shape_fields import FILE
from server.clock import now_ms
from server.domain.instants import rfc3339
from server.store import drills
from server.store.drills import Drill
from server.store.engine import reading
from server.store.people import Directory, directory
from sync.log import Verdict

blp = Blueprint("drills", __name__, description="Drills, and what they showed")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LEADERS = ("duty_room", "office_lead")
READERS = (*LEADERS, "dispatcher", "town_leader", "leading_group", "auditor")
STATUS = {"not_yours": 404, "not_found": 404, "wrong_state": 409}
NAMED_MAX = 100


class DrillQuery(Schema):
    page = fields.Integer(load_default=1, validate=validate.Range(1, 1_000_000))
    page_size = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class NewDrill(Schema):
    id = fields.UUID(
        load_default=None, metadata={"description": "of one's own choice: sent twice, begun once"}
    )
    kind = fields.String(required=True, validate=validate.OneOf(DRILL_KINDS))
    title = fields.String(required=True, validate=validate.Length(1, 200))
    units = fields.List(
        fields.String(validate=validate.Length(1, 80)),
        validate=validate.Length(max=NAMED_MAX),
        metadata={"description": "names or ids"},
    )
    people = fields.List(fields.UUID(), validate=validate.Length(max=NAMED_MAX))
    note = fields.String(validate=validate.Length(max=2_000))


class ReportQuery(Schema):
    month = fields.String(required=True, validate=validate.Regexp(r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])\Z"))
    real = fields.Boolean(load_default=False, metadata={"description": "real alarms too, apart"})


@blp.route("/drills", methods=["GET"])
@signed_in(*READERS)
@blp.arguments(DrillQuery, location="query", unknown=RAISE)
@blp.response(200, DrillPage)
def list_drills(query: dict[str, Any]) -> Response:
    """One page of the drills, the newest first."""
    with reading(engine()) as connection:
        found, total = drills.page(connection, query["page"], query["page_size"])
        alarms = drills.alarms_of(connection, [each.id for each in found])
        known = directory(connection)
    items = [_drill(each, alarms[each.id], known) for each in found]
    return _no_store(json.answer({"items": items, "total": total, "page": query["page"]}))


@blp.route("/drills", methods=["POST"])
@signed_in(*LEADERS)
@blp.arguments(NewDrill)
@blp.response(201, DrillShape)
def start_drill(body: dict[str, Any]) -> Response:
    """Begin a drill: the real machinery, marked 演练 everywhere. Who is not named follows from the rota."""
    now = now_ms()
    form: dict[str, Any] = {name: body[name] for name in ("kind", "title", "note") if name in body}
    if body.get("units"):
        form["units"] = _units(body["units"])
    if body.get("people"):
        form["people"] = [str(each) for each in body["people"]]
    chosen = str(body["id"]) if body["id"] else None
    drill_id, verdict = drilling.start(log(), handler(), actor(), form, now, chosen)
    _applied(verdict)
    return _one(drill_id, 201)


@blp.route("/drills/<uuid:drill_id>/end", methods=["POST"])
@signed_in(*LEADERS)
@blp.response(200, DrillShape)
@blp.alt_response(409, description="It has ended already")
def end_drill(drill_id: Any) -> Response:
    """End a drill; its alarms leave the phones."""
    with reading(engine()) as connection:
        if drills.find(connection, str(drill_id)) is None:
            raise Problem(404, "not_found")
    _applied(drilling.end(log(), handler(), actor(), str(drill_id), now_ms()))
    return _one(str(drill_id), 200)


@blp.route("/drills/report", methods=["GET"])
@signed_in(*READERS)
@blp.arguments(ReportQuery, location="query", unknown=RAISE)
@blp.response(200, DrillReport)
def report(query: dict[str, Any]) -> Response:
    """A Shanghai month's drills: who answered how fast and by what, who could not be reached and why."""
    return _no_store(json.answer(_report(query)))


@blp.route("/drills/report.xlsx", methods=["GET"])
@signed_in(*READERS)
@blp.arguments(ReportQuery, location="query", unknown=RAISE)
@blp.response(200, FILE, content_type=XLSX)
def report_file(query: dict[str, Any]) -> Response:
    """The same as an Excel file."""
    response = Response(report_sheet(_report(query), language()), mimetype=XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="drills-{query["month"]}.xlsx"'
    return _no_store(response)


def _report(query: dict[str, Any]) -> dict[str, Any]:
    with reading(engine()) as connection:
        known = directory(connection)
        return drill_report.report(connection, known, query["month"], now_ms(), real=query["real"])


def _units(texts: list[str]) -> list[str]:
    with reading(engine()) as connection:
        known = directory(connection)
    found = []
    for text in texts:
        unit = known.unit(text)
        if unit is None:
            raise Problem(422, "unknown_unit", field="units", value=text)
        found.append(unit.id)
    return found


def _applied(verdict: Verdict) -> None:
    if verdict.outcome != "applied":
        code = verdict.code or "invalid_args"
        raise Problem(STATUS.get(code, 422), code, **dict(verdict.details))


def _one(drill_id: str, status: int) -> Response:
    with reading(engine()) as connection:
        found = drills.find(connection, drill_id)
        alarms = drills.alarms_of(connection, [drill_id])
        known = directory(connection)
    if found is None:
        raise Problem(404, "not_found")
    return _no_store(json.answer(_drill(found, alarms[drill_id], known), status))


def _drill(found: Drill, alarms: list[str], known: Directory) -> dict[str, Any]:
    person = known.people.get(found.started_by)
    return {
        "id": found.id,
        "kind": found.kind,
        "title": found.title,
        "note": found.note,
        "started_by": {"id": found.started_by, "name": person.name if person else ""},
        "started_at": rfc3339(found.started_ms),
        "ended_at": None if found.ended_ms is None else rfc3339(found.ended_ms),
        "alarms": alarms,
    }


def _no_store(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
