"""The rota (值班安排): who is on duty where, the holes in it, and its changes (DOMAIN §B emergency flow, P10)."""

import datetime
from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE

from server.actions import rota as action
from server.actions.signing_in import Refused
from server.api import rota_shapes as shapes
from server.api.context import engine
from server.api.errors import Problem
from server.api.guard import actor, signed_in
from server.api.rota_shapes import NewTurn, Place, RotaAnswer, RotaQuery, Swap, TurnsAnswer
from server.clock import now_ms
from server.domain.instants import DAY_MS, day_of, end_of, parse, start_of
from server.domain.posts import Register
from server.domain.rota import UNIT_POSTS, Turn, gaps
from server.store import reach, rota
from server.store.engine import reading
from server.store.people import Directory, directory

blp = Blueprint("rota", __name__, description="Who is on duty, and when")

WINDOW_MS_MAX = 100 * DAY_MS
FAR_MS = 3660 * DAY_MS
LOOK_BACK_MS = 31 * DAY_MS
"""A unit's post that had a turn this recently is expected to have them on: else a rota that ran out shows no gap."""
EDITORS = ("duty_room", "office_lead", "unit_head", "unit_clerk")
READERS = (*EDITORS, "dispatcher", "town_leader", "sys_admin")
ALWAYS: tuple[Place, ...] = (("duty_room", None), ("leader", None))
_CONFLICTS = frozenset({"rota_overlap", "turn_past", "turn_taken_over", "nobody_to_replace"})


@blp.route("/rota", methods=["GET"])
@signed_in(*READERS)
@blp.arguments(RotaQuery, location="query", unknown=RAISE)
@blp.response(200, RotaAnswer)
def get_rota(query: dict[str, str]) -> dict[str, Any]:
    """The turns of a stretch of time, its gaps, and who stands at each post now; a unit's people see their own unit."""
    now = now_ms()
    from_ms, to_ms = _window(query, now)
    with reading(engine()) as connection:
        known = directory(connection)
        unit_id = _reader_unit(_unit(known, query.get("unit")))
        recent = rota.between(connection, from_ms - LOOK_BACK_MS, to_ms)
        register = Register(known.people, rota.around(connection, now), now)
        stands = shapes.standing(_asked(shapes.places(known, unit_id), query.get("post")), register)
        phones = reach.phones(connection, [each.id for _, people, _ in stands for each in people])
    recent = [each for each in recent if _is_asked(each, unit_id, query.get("post"))]
    items = [each for each in recent if each.overlaps(from_ms, to_ms)]
    expected = _expected(recent, unit_id, query.get("post"))
    return {
        "items": [shapes.turn(each, known, actor()) for each in items],
        "gaps": [shapes.gap(each, known) for each in gaps(items, expected, from_ms, to_ms)],
        "now": shapes.now(stands, known, phones),
        "candidates": shapes.candidates(
            _asked(shapes.places(known, unit_id), query.get("post")), known, actor()
        ),
    }


@blp.route("/rota", methods=["POST"])
@signed_in(*EDITORS)
@blp.arguments(NewTurn)
@blp.response(201, TurnsAnswer)
@blp.doc(responses={"409": {"$ref": "#/components/responses/Conflict"}})
def add_turn(body: dict[str, Any]) -> dict[str, Any]:
    """Put somebody on duty from one time until another, perhaps repeatedly; or in place of somebody (`stand_in`)."""
    with reading(engine()) as connection:
        known = directory(connection)
    if (body["kind"] == "stand_in") != (body["replaces"] is not None):
        raise Problem(422, "invalid_args", field="replaces", reason="missing")
    repeat = body["repeat"] or {"every_days": 1, "times": 1}
    form = action.Form(
        post=body["post"],
        unit_id=_unit_of_post(known, body["post"], body["unit"]),
        person_id=str(body["person"]),
        from_ms=_instant("from_at", body["from_at"]),
        to_ms=_instant("to_at", body["to_at"]),
        kind=body["kind"],
        replaces=None if body["replaces"] is None else str(body["replaces"]),
        note=body["note"].strip(),
        every_days=repeat["every_days"],
        times=repeat["times"],
    )
    try:
        made = action.add(engine(), actor(), form, now_ms())
    except Refused as refused:
        raise _problem(refused) from None
    return _turns(made)


@blp.route("/rota/swap", methods=["POST"])
@signed_in(*EDITORS)
@blp.arguments(Swap)
@blp.response(201, TurnsAnswer)
@blp.doc(responses={"409": {"$ref": "#/components/responses/Conflict"}})
def swap_turns(body: dict[str, Any]) -> dict[str, Any]:
    """Two people change their turns (`with_turn`), or somebody takes another's (`with_person`), in one commit."""
    if (body["with_turn"] is None) == (body["with_person"] is None):
        raise Problem(422, "invalid_args", field="with_turn", reason="missing")
    try:
        made = action.swap(
            engine(),
            actor(),
            str(body["turn"]),
            now_ms=now_ms(),
            with_turn=None if body["with_turn"] is None else str(body["with_turn"]),
            with_person=None if body["with_person"] is None else str(body["with_person"]),
            note=body["note"].strip(),
        )
    except Refused as refused:
        raise _problem(refused) from None
    return _turns(made)


@blp.route("/rota/<uuid:turn_id>", methods=["DELETE"])
@signed_in(*EDITORS)
@blp.response(204)
@blp.doc(responses={"409": {"$ref": "#/components/responses/Conflict"}})
def cancel_turn(turn_id: Any) -> Response:
    """Take a turn back that is not over; of a swap both halves."""
    try:
        action.cancel(engine(), actor(), str(turn_id), now_ms())
    except Refused as refused:
        raise _problem(refused) from None
    return Response(status=204)


def _turns(made: list[Turn]) -> dict[str, Any]:
    with reading(engine()) as connection:
        known = directory(connection)
    return {"items": [shapes.turn(each, known, actor()) for each in made]}


def _problem(refused: Refused) -> Problem:
    if refused.code == "forbidden":
        return Problem(403, refused.code)
    if refused.code == "unknown_turn":
        return Problem(404, refused.code)
    return Problem(409 if refused.code in _CONFLICTS else 422, refused.code, **refused.details)


def _unit(known: Directory, text: str | None) -> str | None:
    if text is None:
        return None
    unit = known.unit(text)
    if unit is None:
        raise Problem(422, "unknown_unit", unit=text)
    return unit.id


def _unit_of_post(known: Directory, post: str, text: str | None) -> str | None:
    unit_id = _unit(known, text)
    if (post in UNIT_POSTS) != (unit_id is not None):
        raise Problem(422, "invalid_args", field="unit", reason="missing" if unit_id is None else "choice")
    return unit_id


def _reader_unit(asked: str | None) -> str | None:
    """A unit's people read their own unit and the town's posts, whatever they ask for."""
    reader = actor()
    return (reader.unit_id or "") if reader.role in action.OWN_UNIT else asked


def _is_asked(turn: Turn, unit_id: str | None, post: str | None) -> bool:
    return post in {None, turn.post} and (unit_id is None or turn.unit_id in {None, unit_id})


def _asked(places: list[Place], post: str | None) -> list[Place]:
    return [place for place in places if post in {None, place[0]}]


def _expected(turns: list[Turn], unit_id: str | None, post: str | None) -> list[Place]:
    """Where somebody should be on duty: the duty room and the leader, what the rota knows, what was asked for."""
    asked = [(post, unit_id)] if post in UNIT_POSTS and unit_id else []
    places = dict.fromkeys((*ALWAYS, *((each.post, each.unit_id) for each in turns), *asked))
    return _asked([place for place in places if place[0] in UNIT_POSTS or place[1] is None], post)


def _window(query: dict[str, str], now: int) -> tuple[int, int]:
    today = start_of(day_of(now))
    from_ms = _moment("from", query["from_"], start_of) if "from_" in query else today
    to_ms = _moment("to", query["to"], end_of) if "to" in query else from_ms + 7 * DAY_MS
    if not from_ms < to_ms <= from_ms + WINDOW_MS_MAX or abs(from_ms - now) > FAR_MS:
        raise Problem(422, "invalid_args", field="to", reason="range")
    return from_ms, to_ms


def _moment(field: str, text: str, of_day: Any) -> int:
    try:
        return int(of_day(datetime.date.fromisoformat(text))) if len(text) == 10 else parse(text)
    except (ValueError, OverflowError):
        raise Problem(422, "invalid_args", field=field, reason="not_a_time") from None


def _instant(field: str, text: str) -> int:
    try:
        return parse(text)
    except (ValueError, OverflowError):
        raise Problem(422, "invalid_args", field=field, reason="not_a_time") from None
