"""Files from outside: tickets from Excel or CSV, a whole town, and a phone's outbox."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from flask import Response
from flask_smorest import Blueprint
from flask_smorest.fields import Upload
from marshmallow import Schema, fields, validate

from server.actions import import_town as towns
from server.actions import imports, outbox_import
from server.actions.import_table import BYTES_MAX, BadFile
from server.actions.intake_form import FieldError
from server.api import json
from server.api.context import desk, handler, language, log, photo_desk
from server.api.errors import Problem
from server.api.excel import XLSX
from server.api.guard import actor, body_limit, signed_in
from server.api.shape_fields import FILE
from server.api.sync_shapes import PushResult
from server.api.words import words
from server.clock import now_ms
from sync.log import Author, SyncConflict, SyncInvalid, SyncTooLarge

blp = Blueprint("imports", __name__, description="Files from outside")

OFFICE = ("dispatcher", "office_lead")
OUTBOX_BYTES_MAX = 64 * 1024 * 1024
_FORM_BYTES = 64 * 1024


class FileIn(Schema):
    file = Upload(required=True)


class Choice(Schema):
    dry_run = fields.Boolean(load_default=False)


class CellError(Schema):
    field = fields.String(required=True)
    heading = fields.String()
    code = fields.String(required=True)
    message = fields.String(required=True)


class RowAnswer(Schema):
    row = fields.Integer(required=True)
    ok = fields.Boolean(required=True)
    outcome = fields.String(required=True)
    external_no = fields.String()
    title = fields.String()
    ticket_id = fields.String(allow_none=True)
    sheet = fields.String()
    name = fields.String()
    password = fields.String(allow_none=True)
    errors = fields.List(fields.Nested(CellError), required=True)


class ImportAnswer(Schema):
    total = fields.Integer(required=True)
    ok = fields.Integer(required=True)
    bad = fields.Integer(required=True)
    dry_run = fields.Boolean(required=True)
    rows = fields.List(fields.Nested(RowAnswer), required=True)


class CarriedPhoto(Schema):
    id = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(("received", "awaited", "refused")))
    code = fields.String()


class OutboxAnswer(Schema):
    results = fields.List(fields.Nested(PushResult), required=True)
    photos = fields.List(fields.Nested(CarriedPhoto), required=True)


def _cell_error(error: FieldError) -> dict[str, Any]:
    return {
        "field": error.field,
        "heading": str(error.details.get("heading", error.field)),
        "code": error.code,
        "message": words(error.code, error.details, language()),
    }


def _answer(rows: Sequence[Mapping[str, Any]], *, dry_run: bool) -> Response:
    ok = sum(1 for row in rows if row["ok"])
    body = {"total": len(rows), "ok": ok, "bad": len(rows) - ok, "dry_run": dry_run, "rows": rows}
    response = json.answer(body)
    response.headers["Cache-Control"] = "no-store"
    return response


def _file(files: Mapping[str, Any]) -> tuple[str, bytes]:
    upload = files["file"]
    return str(upload.filename or ""), upload.read()


def _bad(error: BadFile) -> Problem:
    return Problem(413 if error.code == "too_large" else 422, error.code, **error.details)


@blp.route("/imports/tickets", methods=["POST"])
@signed_in(*OFFICE)
@body_limit(BYTES_MAX + _FORM_BYTES)
@blp.arguments(FileIn, location="files")
@blp.arguments(Choice, location="form")
@blp.response(200, ImportAnswer)
def import_tickets(files: dict[str, Any], choice: dict[str, bool]) -> Response:
    """Tickets from an Excel or CSV file; every bad row is told with its number and reason, good rows go in once."""
    name, data = _file(files)
    author = Author(actor().id, None, actor())
    try:
        reports = imports.import_tickets(desk(), name, data, author, now_ms(), dry_run=choice["dry_run"])
    except BadFile as error:
        raise _bad(error) from None
    rows = [
        {
            "row": each.row,
            "ok": each.ok,
            "outcome": each.outcome,
            "external_no": each.external_no,
            "title": each.title,
            "ticket_id": each.ticket_id,
            "errors": [_cell_error(error) for error in each.errors],
        }
        for each in reports
    ]
    return _answer(rows, dry_run=choice["dry_run"])


@blp.route("/imports/town", methods=["POST"])
@signed_in("sys_admin")
@body_limit(BYTES_MAX + _FORM_BYTES)
@blp.arguments(FileIn, location="files")
@blp.arguments(Choice, location="form")
@blp.response(200, ImportAnswer)
def import_town(files: dict[str, Any], choice: dict[str, bool]) -> Response:
    """Units, grids and people from one Excel file; first passwords are told here, once."""
    name, data = _file(files)
    try:
        reports = towns.import_town(log(), name, data, actor().id, now_ms(), dry_run=choice["dry_run"])
    except BadFile as error:
        raise _bad(error) from None
    rows = [
        {
            "sheet": each.sheet,
            "row": each.row,
            "ok": each.ok,
            "outcome": each.outcome,
            "name": each.name,
            "password": each.password,
            "errors": [_cell_error(error) for error in each.errors],
        }
        for each in reports
    ]
    return _answer(rows, dry_run=choice["dry_run"])


@blp.route("/imports/template/tickets.xlsx", methods=["GET"])
@signed_in(*OFFICE)
@blp.response(200, FILE, content_type=XLSX)
def ticket_template() -> Response:
    """An Excel file to fill in with tickets."""
    return _template(imports.template(), "tickets-template.xlsx")


@blp.route("/imports/template/town.xlsx", methods=["GET"])
@signed_in("sys_admin", *OFFICE)
@blp.response(200, FILE, content_type=XLSX)
def town_template() -> Response:
    """An Excel file to fill in with a town."""
    return _template(towns.template(), "town-template.xlsx")


def _template(data: bytes, name: str) -> Response:
    response = Response(data, mimetype=XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@blp.route("/imports/outbox", methods=["POST"])
@signed_in(*OFFICE)
@body_limit(OUTBOX_BYTES_MAX)
@blp.arguments(FileIn, location="files")
@blp.response(200, OutboxAnswer)
@blp.alt_response(409, description="`unknown_author`: the file is nobody's of this town")
def import_outbox(files: dict[str, Any]) -> Response:
    """What a phone could not send: carried out for its author, its times unverified, `imported_by` noted."""
    _, data = _file(files)
    try:
        content = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise Problem(422, "other_format") from None
    try:
        told = outbox_import.import_outbox(
            photo_desk(),
            handler(),
            content,
            actor(),
            now_ms(),
            lambda code, details: words(code, details, language()),
        )
    except outbox_import.UnknownAuthor:
        raise Problem(409, "unknown_author") from None
    except (SyncInvalid, SyncConflict) as error:
        raise Problem(422, "other_format", **error.details) from None
    except SyncTooLarge as error:
        raise Problem(413, "too_large", **error.details) from None
    return json.answer(told)
