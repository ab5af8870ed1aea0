"""Incidents for those who may see them: the list of matters, incidents with all their history, rapid channels."""

from collections.abc import Mapping
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields, pre_load, validate
from sqlalchemy.engine import Connection

from server.actions.incident_sheet import incident_sheet
from server.api import json
from server.api.context import engine, language, settings
from server.api.errors import Problem
from server.api.guard import actor, signed_in
from server.api.incident_shapes import IncidentPage, Matters, Templates, TemplatesNow, WholeIncident
from server.api.shape_fields import FILE
from server.clock import now_ms
from server.domain.emergency import INCIDENT_STATES
from server.domain.incident import Incident, may_see_incident
from server.domain.incident_channel import BadTemplates, check_templates, seated
from server.domain.incident_decide import ABOUT
from server.domain.incident_doc import render_incident
from server.domain.incident_step import IncidentContext
from server.domain.matters import MATTERS
from server.domain.posts import Register, at_post
from server.domain.roles import EMERGENCY_ROLES
from server.store import audit, incidents, rota
from server.store.engine import reading, writing
from server.store.people import Directory, directory

blp = Blueprint("incidents", __name__, description="Incidents: direct reports in the duty room's hands")

WATCHERS = tuple(sorted(EMERGENCY_ROLES))
TEMPLATE_ROLES = ("duty_room", "office_lead", "town_leader")
PAGE_SIZE_MAX = 200
MATTERS_KEPT_S = 3600
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class IncidentQuery(Schema):
    """An empty filter is none."""

    @pre_load
    def _drop_empty(self, query: Mapping[str, str], **_: Any) -> dict[str, str]:
        return {name: value for name, value in query.items() if value != ""}

    state = fields.String(load_default="", validate=validate.Length(max=40))
    drill = fields.Boolean(load_default=None, allow_none=True)
    page = fields.Integer(load_default=1, validate=validate.Range(1, 1_000_000))
    page_size = fields.Integer(load_default=50, validate=validate.Range(1, PAGE_SIZE_MAX))


@blp.route("/incidents/matters", methods=["GET"])
@signed_in()
@blp.response(200, Matters)
def list_matters() -> Response:
    """The list of matters for direct reports, and the duty room's number; a phone keeps it for when there is no
    signal."""
    items = [
        {
            "code": each.code,
            "name": each.name(language()),
            "zh": each.zh,
            "en": each.en,
            "life_at_risk": each.life_at_risk,
            "numbers": list(each.numbers),
        }
        for each in MATTERS.values()
    ]
    response = json.answer({"items": items, "duty_phone": settings().duty_number})
    response.headers["Cache-Control"] = f"private, max-age={MATTERS_KEPT_S}"
    response.vary.add("Accept-Language")
    return response


@blp.route("/incidents", methods=["GET"])
@signed_in()
@blp.arguments(IncidentQuery, location="query", unknown=RAISE)
@blp.response(200, IncidentPage)
def list_incidents(query: dict[str, Any]) -> Response:
    """One page of the incidents that the reader may see, the newest first."""
    states = [each.strip() for each in query["state"].split(",") if each.strip()]
    if not set(states) <= set(INCIDENT_STATES):
        raise Problem(422, "invalid_args", field="state", reason="not_one_of")
    with reading(engine()) as connection:
        found, total = incidents.page(
            connection,
            states=states,
            drill_only=query["drill"],
            among=None if actor().role in EMERGENCY_ROLES else _mine(connection),
            number=query["page"],
            size=query["page_size"],
        )
        known = directory(connection)
    items = [_summary(each, known) for each in found]
    return _private(json.answer({"items": items, "total": total, "page": query["page"]}))


def _mine(connection: Connection) -> set[str]:
    """What somebody who does not watch all emergencies may see: what was ever his, if he still may."""
    ever = incidents.load(connection, incidents.ever_of(connection, actor().id))
    into = incidents.load(connection, [each.merged_into for each in ever.values() if each.merged_into])
    return {
        each.id for each in ever.values() if may_see_incident(actor(), each, into.get(each.merged_into or ""))
    }


def _summary(incident: Incident, known: Directory) -> dict[str, Any]:
    doc = render_incident(incident, known.units, known.people)
    return {name: value for name, value in doc.items() if name not in {"timeline", "timeline_cut"}}


def _visible(connection: Connection, incident_id: str) -> Incident:
    """The incident, or 404 in the same words for what is not there and what is not the reader's."""
    found = incidents.find(connection, incident_id.lower())
    if found is not None:
        into = incidents.find(connection, found.merged_into) if found.merged_into else None
        if may_see_incident(actor(), found, into):
            return found
    raise Problem(404, "not_yours", **ABOUT)


def _whole(connection: Connection, incident_id: str) -> dict[str, Any]:
    """The document with all its history. Its alarms name everybody called, with numbers: for those who watch all."""
    found = _visible(connection, incident_id)
    known = directory(connection)
    alarms = incidents.alarms_of(connection, [found.id]) if actor().role in EMERGENCY_ROLES else []
    return render_incident(found, known.units, known.people, whole=True) | {"alarms": alarms}


@blp.route("/incidents/<string:incident_id>", methods=["GET"])
@signed_in()
@blp.response(200, WholeIncident)
def get_incident(incident_id: str) -> Response:
    """One incident with its whole timeline, `kept` facts included."""
    with reading(engine()) as connection:
        body = _whole(connection, incident_id)
    return _private(json.answer(body))


@blp.route("/incidents/<string:incident_id>/export.xlsx", methods=["GET"])
@signed_in()
@blp.response(200, FILE, content_type=XLSX)
def export_incident(incident_id: str) -> Response:
    """The same as an Excel file: overview, timeline, people, tasks."""
    with reading(engine()) as connection:
        body = _whole(connection, incident_id)
    response = Response(incident_sheet(body, language()), mimetype=XLSX)
    response.headers["Content-Disposition"] = 'attachment; filename="incident.xlsx"'
    return _private(response)


@blp.route("/incidents/templates", methods=["GET"])
@signed_in(*WATCHERS)
@blp.response(200, TemplatesNow)
def list_templates() -> Response:
    """Templates of rapid channels; each seat with whoever holds it now, nobody if it is vacant."""
    with reading(engine()) as connection:
        items = _with_holders(connection)
    return _private(json.answer({"items": items}))


@blp.route("/incidents/templates", methods=["PUT"])
@signed_in(*TEMPLATE_ROLES)
@blp.arguments(Templates)
@blp.response(200, TemplatesNow)
def put_templates(body: dict[str, Any]) -> Response:
    """Replace all templates."""
    items = [_plain(each) for each in body["items"]]
    with writing(engine()) as connection:
        known = directory(connection)
        try:
            check_templates(items, known.units, known.people)
        except BadTemplates as fault:
            raise Problem(422, "invalid_args", field=fault.field, reason=fault.reason) from None
        incidents.save_templates(connection, items)
        codes = [each["code"] for each in items]
        audit.append(connection, now_ms(), actor().id, "channel_templates.change", "templates", codes=codes)
        answer = _with_holders(connection)
    return _private(json.answer({"items": answer}))


def _plain(template: dict[str, Any]) -> dict[str, Any]:
    seats = [
        {name: str(value) for name, value in seat.items() if value is not None} for seat in template["seats"]
    ]
    return {**template, "seats": seats}


def _with_holders(connection: Connection) -> list[dict[str, Any]]:
    now = now_ms()
    known = directory(connection)
    register = Register(known.people, rota.around(connection, now), now)
    context = IncidentContext(
        rules=settings().rules,
        now_ms=now,
        units=known.units,
        people=known.people,
        who=lambda post, unit: [each.id for each in at_post(post, unit, register)[0]],
    )
    return [
        {
            **template,
            "seats": [
                {
                    **seat,
                    "holders": [
                        {"id": each, "name": known.people[each].name} for each in seated(seat, context)
                    ],
                }
                for seat in template["seats"]
            ],
        }
        for template in incidents.templates(connection)
    ]


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
