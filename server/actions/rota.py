"""The rota changed: turns written, swapped and taken back, each with its line in the audit.

Every change is looked at against the turns there are, in the same transaction; changes wait for one another.
"""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.engine import Connection, Engine

from server.actions.signing_in import Refused
from server.domain.instants import DAY_MS, rfc3339
from server.domain.roles import Actor
from server.domain.rota import Turn, clashes, fits, gaps
from server.store import audit, facts, rota
from server.store.engine import writing
from server.store.people import Directory, directory
from sync.op import uuid7

TURN_MS_MAX = 31 * DAY_MS
AHEAD_MS_MAX = 400 * DAY_MS
TIMES_MAX = 200
EVERYTHING = frozenset({"duty_room", "office_lead"})
OWN_UNIT = frozenset({"unit_head", "unit_clerk"})
_OWN_POSTS = frozenset({"worker", "backup"})
_LOCK = "rota_changed_at"


@dataclass(frozen=True)
class Form:
    """A turn as somebody writes it; repeated every `every_days`, `times` in all."""

    post: str
    unit_id: str | None
    person_id: str
    from_ms: int
    to_ms: int
    kind: str = "regular"
    replaces: str | None = None
    note: str = ""
    every_days: int = 1
    times: int = 1


def may_edit(by: Actor, post: str, unit_id: str | None) -> bool:
    """The duty room and the office every post; heads and clerks who works and stands by in their own unit."""
    if by.role in EVERYTHING:
        return True
    return by.role in OWN_UNIT and post in _OWN_POSTS and unit_id is not None and unit_id == by.unit_id


def add(engine: Engine, by: Actor, form: Form, now_ms: int) -> list[Turn]:
    """Write a turn and its repeats, all or none. Raises Refused: forbidden, impossible_span, unfit_person,
    nobody_to_replace, turn_taken_over, rota_overlap …"""
    _require(by, form.post, form.unit_id)
    _check_span(form, now_ms)
    turns = _repeated(form, now_ms)
    with writing(engine) as connection:
        _take_turns(connection, now_ms)
        register = directory(connection)
        _check_person(register, form.person_id, turns[0])
        known = rota.between(connection, turns[0].from_ms, turns[-1].to_ms)
        for each in turns:
            if each.replaces is not None:
                _check_replaced(known, each)
            _check_clash(known, each)
            known.append(each)
        _write(connection, by, turns, "rota.add", now_ms)
    return turns


def swap(
    engine: Engine,
    by: Actor,
    turn_id: str,
    *,
    now_ms: int,
    with_turn: str | None = None,
    with_person: str | None = None,
    note: str = "",
) -> list[Turn]:
    """Two people change turns, or one takes another's; both entries or none. Raises Refused."""
    with writing(engine) as connection:
        _take_turns(connection, now_ms)
        register = directory(connection)
        mine = _running(connection, by, turn_id, now_ms)
        if with_turn is None:
            turns = [_in_place(mine, str(with_person), note, now_ms)]
            ignored: tuple[Turn, ...] = ()
        else:
            other = _running(connection, by, with_turn, now_ms)
            turns = [
                _in_place(mine, other.person_id, note, now_ms),
                _in_place(other, mine.person_id, note, now_ms),
            ]
            ignored = _given_up(mine, other)
        for each in turns:
            _check_person(register, each.person_id, each)
            known = rota.between(connection, each.from_ms, each.to_ms)
            _check_free(known, each)
            _check_clash([turn for turn in known if turn not in ignored], each)
        _write(connection, by, turns, "rota.swap", now_ms)
    return turns


def cancel(engine: Engine, by: Actor, turn_id: str, now_ms: int) -> None:
    """Take a turn back, and the other half of a swap with it. Raises Refused: unknown_turn, turn_past, forbidden."""
    with writing(engine) as connection:
        _take_turns(connection, now_ms)
        turn = _running(connection, by, turn_id, now_ms)
        other = rota.other_half(connection, turn)
        for each in [turn] if other is None or other.to_ms <= now_ms else [turn, other]:
            rota.cancel(connection, each.id, now_ms)
            _audit(connection, by, each, "rota.cancel", now_ms)


def _take_turns(connection: Connection, now_ms: int) -> None:
    """Changes of the rota one after the other, so that two at once cannot both find the place free."""
    facts.write(connection, _LOCK, str(now_ms))


def _require(by: Actor, post: str, unit_id: str | None) -> None:
    if not may_edit(by, post, unit_id):
        raise Refused("forbidden")


def _check_span(form: Form, now_ms: int) -> None:
    if form.to_ms <= form.from_ms:
        raise Refused("impossible_span", field="to_at", reason="not_after")
    if form.to_ms - form.from_ms > TURN_MS_MAX:
        raise Refused("impossible_span", field="to_at", reason="too_long", days=TURN_MS_MAX // DAY_MS)
    if form.to_ms <= now_ms:
        raise Refused("impossible_span", field="to_at", reason="past")
    if form.from_ms + form.every_days * (form.times - 1) * DAY_MS > now_ms + AHEAD_MS_MAX:
        raise Refused("impossible_span", field="from_at", reason="too_far", days=AHEAD_MS_MAX // DAY_MS)
    if form.from_ms < now_ms - TURN_MS_MAX:
        raise Refused("impossible_span", field="from_at", reason="past")


def _repeated(form: Form, now_ms: int) -> list[Turn]:
    first = Turn(
        id=uuid7(now_ms),
        post=form.post,
        unit_id=form.unit_id,
        person_id=form.person_id,
        from_ms=form.from_ms,
        to_ms=form.to_ms,
        kind=form.kind,
        replaces=form.replaces,
        note=form.note,
    )
    step = form.every_days * DAY_MS
    return [first] + [
        replace(first, id=uuid7(now_ms), from_ms=first.from_ms + step * each, to_ms=first.to_ms + step * each)
        for each in range(1, form.times)
    ]


def _check_person(register: Directory, person_id: str, turn: Turn) -> None:
    person = register.people.get(person_id)
    if person is None:
        raise Refused("unknown_person", field="person")
    if not fits(person, turn.post, turn.unit_id):
        raise Refused("unfit_person", name=person.name, post=turn.post)


def _check_replaced(known: list[Turn], turn: Turn) -> None:
    """A stand-in takes the place of somebody who is on duty all that time, and whom nobody else stands in for."""
    held = [each for each in known if each.person_id == turn.replaces]
    if gaps(held, [(turn.post, turn.unit_id)], turn.from_ms, turn.to_ms):
        raise Refused("nobody_to_replace", **_span(turn))
    _check_free(known, turn)


def _check_free(known: list[Turn], turn: Turn) -> None:
    for each in known:
        same_post = (each.post, each.unit_id) == (turn.post, turn.unit_id)
        if same_post and each.replaces == turn.replaces and each.overlaps(turn.from_ms, turn.to_ms):
            raise Refused("turn_taken_over", turn=each.id, **_span(each))


def _check_clash(known: list[Turn], turn: Turn) -> None:
    found = clashes(known, turn)
    if found:
        raise Refused("rota_overlap", turn=found[0].id, post=found[0].post, **_span(found[0]))


def _running(connection: Connection, by: Actor, turn_id: str, now_ms: int) -> Turn:
    """A turn that may still be changed, by this person."""
    turn = rota.find(connection, turn_id)
    if turn is None:
        raise Refused("unknown_turn")
    _require(by, turn.post, turn.unit_id)
    if turn.to_ms <= now_ms:
        raise Refused("turn_past")
    return turn


def _in_place(turn: Turn, person_id: str, note: str, now_ms: int) -> Turn:
    """The entry by which somebody takes this turn."""
    return replace(
        turn, id=uuid7(now_ms), person_id=person_id, kind="swap", replaces=turn.person_id, note=note
    )


def _given_up(one: Turn, other: Turn) -> tuple[Turn, ...]:
    """Of two turns at different places both are given up; at the same place and time there is nothing to swap."""
    same_place = (one.post, one.unit_id) == (other.post, other.unit_id)
    return () if same_place and one.overlaps(other.from_ms, other.to_ms) else (one, other)


def _write(connection: Connection, by: Actor, turns: list[Turn], action: str, now_ms: int) -> None:
    rota.add(connection, turns, by.id, now_ms)
    for each in turns:
        _audit(connection, by, each, action, now_ms)


def _audit(connection: Connection, by: Actor, turn: Turn, action: str, now_ms: int) -> None:
    told: dict[str, Any] = {"post": turn.post, "unit": turn.unit_id, "kind": turn.kind, **_span(turn)}
    if turn.replaces is not None:
        told["replaces"] = turn.replaces
    audit.append(connection, now_ms, by.id, action, turn.person_id, turn=turn.id, **told)


def _span(turn: Turn) -> dict[str, str]:
    return {"from_at": rfc3339(turn.from_ms), "to_at": rfc3339(turn.to_ms)}
