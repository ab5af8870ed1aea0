"""Accounts, for the system administrator."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields, validate

from server.actions import people as action
from server.actions.signing_in import Refused
from server.api.context import desk, engine, log
from server.api.errors import Problem
from server.api.guard import actor, signed_in
from server.api.people_shapes import Person, Secret, person
from server.clock import now_ms
from server.domain.roles import ROLES
from server.store.engine import reading
from server.store.people import directory

blp = Blueprint("people", __name__, description="Accounts, for the administrator")

ADMIN = "sys_admin"
STATUS = {
    "username_taken": 409,
    "not_own_account": 409,
    "unknown_person": 404,
    "unknown_device": 404,
    "unknown_delegation": 404,
}
USERNAME = validate.Regexp(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")


class PeopleQuery(Schema):
    q = fields.String(load_default="", validate=validate.Length(max=64))
    role = fields.String(load_default="", validate=validate.OneOf(["", *ROLES]))
    unit = fields.String(load_default="", validate=validate.Length(max=80))
    page = fields.Integer(load_default=1, validate=validate.Range(1, 10_000))
    page_size = fields.Integer(load_default=50, validate=validate.Range(1, 200))


class PeoplePage(Schema):
    items = fields.List(fields.Nested(Person), required=True)
    total = fields.Integer(required=True)
    page = fields.Integer(required=True)


class NewPerson(Schema):
    username = fields.String(required=True, validate=USERNAME)
    name = fields.String(required=True, validate=validate.Length(1, 64))
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    unit = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=80))
    grid = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=80))


class ChangedPerson(Schema):
    name = fields.String(validate=validate.Length(1, 64))
    role = fields.String(validate=validate.OneOf(ROLES))
    unit = fields.String(allow_none=True, validate=validate.Length(max=80))
    grid = fields.String(allow_none=True, validate=validate.Length(max=80))


class CreatedPerson(Schema):
    person = fields.Nested(Person, required=True)
    password = fields.String(required=True, metadata={"description": "for the first sign-in; told once"})


def problem(refused: Refused) -> Problem:
    """A refusal of the actions as an answer."""
    return Problem(STATUS.get(refused.code, 422), refused.code, **refused.details)


@blp.route("/people", methods=["GET"])
@signed_in(ADMIN)
@blp.arguments(PeopleQuery, location="query", unknown=RAISE)
@blp.response(200, PeoplePage)
def list_people(query: dict[str, Any]) -> dict[str, Any]:
    """Everybody, revoked people too, by user name; `q` looks in names and user names."""
    with reading(engine()) as connection:
        register = directory(connection)
    unit = register.unit(query["unit"]) if query["unit"] else None
    found = [
        each
        for each in register.people.values()
        if query["q"].lower() in f"{each.username} {each.name}".lower()
        and query["role"] in {"", each.role}
        and (not query["unit"] or (unit is not None and each.unit_id == unit.id))
    ]
    first = (query["page"] - 1) * query["page_size"]
    shown = found[first : first + query["page_size"]]
    return {"items": [person(each, register) for each in shown], "total": len(found), "page": query["page"]}


@blp.route("/people", methods=["POST"])
@signed_in(ADMIN)
@blp.arguments(NewPerson)
@blp.response(201, CreatedPerson)
@blp.doc(responses={"409": {"$ref": "#/components/responses/Conflict"}})
def create_person(body: dict[str, Any]) -> dict[str, Any]:
    """Make an account; the answer holds the password for its first sign-in, and nothing else ever will."""
    form = action.Form(body["username"], body["name"], body["role"], **_places(body))
    try:
        person_id, password = action.create(log(), actor().id, form, now_ms())
    except Refused as refused:
        raise problem(refused) from None
    return {"person": _shown(person_id), "password": password}


@blp.route("/people/<uuid:person_id>", methods=["PATCH"])
@signed_in(ADMIN)
@blp.arguments(ChangedPerson)
@blp.response(200, Person)
@blp.doc(responses={"409": {"$ref": "#/components/responses/Conflict"}})
def change_person(body: dict[str, Any], person_id: Any) -> dict[str, Any]:
    """Change name, role, unit or grid; the person's phone follows at its next pull."""
    values = {key: body[key] for key in ("name", "role") if key in body} | _places(body)
    try:
        action.change(desk(), actor(), str(person_id), values, now_ms())
    except Refused as refused:
        raise problem(refused) from None
    return _shown(str(person_id))


@blp.route("/people/<uuid:person_id>/password", methods=["POST"])
@signed_in(ADMIN)
@blp.response(200, Secret)
def reset_password(person_id: Any) -> dict[str, str]:
    """A new password for the next sign-in; the person's sessions end."""
    try:
        return {"password": action.reset_password(log(), actor(), str(person_id), now_ms())}
    except Refused as refused:
        raise problem(refused) from None


@blp.route("/people/<uuid:person_id>/revoke", methods=["POST"])
@signed_in(ADMIN)
@blp.response(204)
@blp.doc(responses={"409": {"$ref": "#/components/responses/Conflict"}})
def revoke_person(person_id: Any) -> Response:
    """End a person's access at once. What he did stays, under his name."""
    try:
        action.revoke(log(), actor(), str(person_id), now_ms())
    except Refused as refused:
        raise problem(refused) from None
    return Response(status=204)


@blp.route("/people/<uuid:person_id>/restore", methods=["POST"])
@signed_in(ADMIN)
@blp.response(204)
def restore_person(person_id: Any) -> Response:
    """Give a revoked person his access back."""
    try:
        action.restore(log(), actor(), str(person_id), now_ms())
    except Refused as refused:
        raise problem(refused) from None
    return Response(status=204)


def _places(body: dict[str, Any]) -> dict[str, str | None]:
    """Unit and grid of a body, by id or name, as ids; what nobody has stays as it is, to be refused by name."""
    with reading(engine()) as connection:
        register = directory(connection)
    places: dict[str, str | None] = {}
    if "unit" in body:
        unit = register.unit(body["unit"])
        places["unit_id"] = unit.id if unit else body["unit"]
    if "grid" in body:
        named = (each.id for each in register.grids.values() if each.name == body["grid"])
        places["grid_id"] = next(named, body["grid"])
    return places


def _shown(person_id: str) -> dict[str, Any]:
    with reading(engine()) as connection:
        register = directory(connection)
    return person(register.people[person_id], register)
