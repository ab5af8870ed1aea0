"""How the rota looks on the wire: turns, gaps, who stands where now, and who could."""

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from server.actions.rota import TIMES_MAX, may_edit
from server.api.people_shapes import instant, named
from server.api.shape_fields import NamedThing, choice, nested, several, string
from server.domain.posts import Register, at_post
from server.domain.roles import Actor
from server.domain.rota import ROTA_POSTS, TOWN_POSTS, TURN_KINDS, UNIT_POSTS, Gap, Turn, fits
from server.store.people import Directory

Place = tuple[str, str | None]
_ID = validate.Length(min=1, max=80)


class RotaQuery(Schema):
    from_ = fields.String(data_key="from", metadata={"description": "RFC 3339 or a Shanghai date; today"})
    to = fields.String(metadata={"description": "RFC 3339, or a Shanghai date, itself included; a week on"})
    post = fields.String(validate=validate.OneOf(ROTA_POSTS))
    unit = fields.String(validate=_ID, metadata={"description": "name or id"})


class TurnShape(Schema):
    id = string()
    post = choice(*ROTA_POSTS)
    unit = nested(NamedThing, allow_none=True)
    person = nested(NamedThing)
    from_at = string()
    to_at = string()
    kind = choice(*TURN_KINDS)
    replaces = nested(NamedThing, allow_none=True)
    note = string()
    may_edit = fields.Boolean(required=True, metadata={"description": "may the reader change it"})


class GapShape(Schema):
    post = choice(*ROTA_POSTS)
    unit = nested(NamedThing, allow_none=True)
    from_at = string()
    to_at = string()


class OnDuty(Schema):
    id = string()
    name = string()
    phone = string(allow_none=True)


class NowShape(Schema):
    post = choice(*ROTA_POSTS)
    unit = nested(NamedThing, allow_none=True)
    people = several(OnDuty)
    from_rota = fields.Boolean(
        required=True, metadata={"description": "false: the rota names nobody, these stand in by role"}
    )


class Candidates(Schema):
    post = choice(*ROTA_POSTS)
    unit = string(allow_none=True)
    people = several(NamedThing)


class RotaAnswer(Schema):
    items = several(TurnShape)
    gaps = several(GapShape)
    now = several(NowShape)
    candidates = several(Candidates)


class Repeat(Schema):
    every_days = fields.Integer(required=True, validate=validate.Range(1, 31))
    times = fields.Integer(
        required=True, validate=validate.Range(1, TIMES_MAX), metadata={"description": "the first included"}
    )


class NewTurn(Schema):
    post = choice(*ROTA_POSTS)
    unit = fields.String(load_default=None, allow_none=True, validate=_ID)
    person = fields.UUID(required=True)
    from_at = fields.String(required=True)
    to_at = fields.String(required=True)
    kind = fields.String(load_default="regular", validate=validate.OneOf(("regular", "stand_in")))
    replaces = fields.UUID(load_default=None, allow_none=True)
    note = fields.String(load_default="", validate=validate.Length(max=200))
    repeat = fields.Nested(Repeat, load_default=None, allow_none=True)


class Swap(Schema):
    turn = fields.UUID(required=True)
    with_turn = fields.UUID(load_default=None, allow_none=True)
    with_person = fields.UUID(load_default=None, allow_none=True)
    note = fields.String(load_default="", validate=validate.Length(max=200))


class TurnsAnswer(Schema):
    items = several(TurnShape)


def turn(each: Turn, known: Directory, reader: Actor) -> dict[str, Any]:
    return {
        "id": each.id,
        "post": each.post,
        "unit": named(known.units.get(each.unit_id or "")),
        "person": person(each.person_id, known),
        "from_at": instant(each.from_ms),
        "to_at": instant(each.to_ms),
        "kind": each.kind,
        "replaces": None if each.replaces is None else person(each.replaces, known),
        "note": each.note,
        "may_edit": may_edit(reader, each.post, each.unit_id),
    }


def gap(each: Gap, known: Directory) -> dict[str, Any]:
    return {
        "post": each.post,
        "unit": named(known.units.get(each.unit_id or "")),
        "from_at": instant(each.from_ms),
        "to_at": instant(each.to_ms),
    }


def person(person_id: str, known: Directory) -> dict[str, str]:
    found = known.people.get(person_id)
    return {"id": person_id, "name": found.name if found else ""}


def places(known: Directory, unit_id: str | None) -> list[Place]:
    """The town's posts, then each unit's (or one unit's)."""
    units = list(known.units) if unit_id is None else [unit_id]
    town: list[Place] = [(post, None) for post in TOWN_POSTS]
    return town + [(post, unit) for unit in units for post in UNIT_POSTS]


def standing(wanted: Iterable[Place], register: Register) -> list[tuple[Place, list[Actor], bool]]:
    """Who stands at each post now; a unit's post where nobody could is left out, a town's never."""
    found = [(place, *at_post(*place, register)) for place in wanted]
    return [each for each in found if each[1] or each[0][1] is None]


def now(
    stands: Iterable[tuple[Place, list[Actor], bool]], known: Directory, phones: Mapping[str, str]
) -> list[dict[str, Any]]:
    return [
        {
            "post": post,
            "unit": named(known.units.get(unit_id or "")),
            "people": [{"id": each.id, "name": each.name, "phone": phones.get(each.id)} for each in people],
            "from_rota": from_rota,
        }
        for (post, unit_id), people, from_rota in stands
    ]


def candidates(wanted: Iterable[Place], known: Directory, reader: Actor) -> list[dict[str, Any]]:
    """Who could be put where, for the posts that the reader may edit."""
    found = [
        (post, unit_id, [each for each in known.people.values() if fits(each, post, unit_id)])
        for post, unit_id in wanted
        if may_edit(reader, post, unit_id)
    ]
    return [
        {"post": post, "unit": unit_id, "people": [{"id": each.id, "name": each.name} for each in people]}
        for post, unit_id, people in found
        if people
    ]
