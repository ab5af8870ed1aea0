"""Whom a post means for one call: the rota first, a fallback where it names nobody, and whom never to alarm.

Never: people of a unit that is complained about (信访条例 §30), revoked people; for a confidential ticket anybody but
its handlers and the office that leads it (DOMAIN §E).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from server.domain.call import Call
from server.domain.roles import TOWN_ROLES, Actor
from server.domain.rota import TOWN_POSTS, Turn, on_duty, stood_in_for

_POST_ROLES = {
    "duty_room": frozenset({"duty_room"}),
    "leader": frozenset({"town_leader"}),
    "office": frozenset({"office_lead", "dispatcher"}),
}


@dataclass(frozen=True, slots=True)
class Register:
    """What a question about duty is asked of: the town's people and the turns around `at_ms`."""

    people: Mapping[str, Actor]
    turns: Sequence[Turn]
    at_ms: int

    def active(self, ids: Sequence[str]) -> list[Actor]:
        """Those of the persons who still work here, each once."""
        found = (self.people.get(each) for each in dict.fromkeys(ids))
        return [each for each in found if each is not None and _works(each, self.at_ms)]

    def with_role(self, roles: frozenset[str], unit_id: str | None = None) -> list[Actor]:
        """Everybody of the roles (and of the unit), by user name, so that two servers choose alike."""
        found = [
            each
            for each in self.people.values()
            if each.role in roles and _works(each, self.at_ms) and unit_id in {None, each.unit_id}
        ]
        return sorted(found, key=lambda each: each.username)


def who(
    post: str, call: Call, people: Mapping[str, Actor], turns: Sequence[Turn], at_ms: int
) -> tuple[str, ...]:
    """The persons to alarm for a post; () if nobody may or can be. `turns`: those not cancelled around `at_ms`."""
    register = Register(people, turns, at_ms)
    if call.handlers is not None:
        return _ids(_confidential(post, call, register), call)
    found = _ids(_POSTS[post](call, register), call)
    if post in TOWN_POSTS:  # whoever sits in the duty room is called as the duty room
        return found
    return tuple(each for each in found if each not in call.removed)


def at_post(post: str, unit_id: str | None, register: Register) -> tuple[list[Actor], bool]:
    """Who stands at a post now, call or no call, and whether the rota says so (for the rota's own page)."""
    named = register.active(on_duty(register.turns, post, unit_id, register.at_ms))
    if named:
        return named, True
    if post in TOWN_POSTS:
        return register.with_role(_POST_ROLES[post]), False
    if post == "unit_head":
        return register.with_role(frozenset({"unit_head"}), unit_id), False
    return ([] if post == "backup" else register.with_role(frozenset({"grid_worker"}), unit_id)), False


def _ids(people: Sequence[Actor], call: Call) -> tuple[str, ...]:
    allowed = [each for each in people if each.unit_id not in call.barred or each.role in TOWN_ROLES]
    return tuple(dict.fromkeys(each.id for each in allowed))


def _works(person: Actor, at_ms: int) -> bool:
    return person.revoked_at_ms is None or at_ms < person.revoked_at_ms


def _confidential(post: str, call: Call, register: Register) -> list[Actor]:
    """The handlers in the worker's place, their own heads among them later, then the office that leads."""
    handlers = register.active(call.handlers or ())
    if post in {"worker", "named"}:
        return handlers
    if post == "unit_head":
        return [each for each in handlers if each.role == "unit_head"]
    return [] if post == "backup" else register.with_role(frozenset({"office_lead"}))


def _named(call: Call, register: Register) -> list[Actor]:
    """By name; a unit called without names answers with its worker on duty and its head."""
    if call.people:
        return register.active(call.people)
    return _workers(call, register) + _heads(call, register)


def _workers(call: Call, register: Register) -> list[Actor]:
    found: list[Actor] = []
    off = stood_in_for(register.turns, register.at_ms)
    holder = [
        each for each in register.active((call.assignee,) if call.assignee else ()) if each.id not in off
    ]
    for unit_id in _units(call):
        named = register.active(on_duty(register.turns, "worker", unit_id, register.at_ms))
        mine = [each for each in holder if each.unit_id == unit_id]
        # Who holds the ticket is called even if another is on duty: he has it on his phone and can go at once.
        found += named + mine or register.with_role(frozenset({"grid_worker"}), unit_id)
    return found or holder


def _backups(call: Call, register: Register) -> list[Actor]:
    busy = {each.id for each in _workers(call, register)}
    found: list[Actor] = []
    for unit_id in _units(call):
        named = register.active(on_duty(register.turns, "backup", unit_id, register.at_ms))
        found += named or _another_worker(call, register, unit_id, busy)
    return found


def _another_worker(call: Call, register: Register, unit_id: str, busy: set[str]) -> list[Actor]:
    """One more of the same grid, else of the unit."""
    off = stood_in_for(register.turns, register.at_ms)
    others = [
        each
        for each in register.with_role(frozenset({"grid_worker"}), unit_id)
        if each.id not in busy and each.id not in off
    ]
    grids = {register.people[each].grid_id for each in busy} | {call.grid}
    near = [each for each in others if each.grid_id is not None and each.grid_id in grids]
    return (near or others)[:1]


def _heads(call: Call, register: Register) -> list[Actor]:
    return [each for unit in _units(call) for each in at_post("unit_head", unit, register)[0]]


def _units(call: Call) -> list[str]:
    return [each for each in dict.fromkeys(call.units) if each not in call.barred]


def _of_post(post: str) -> Callable[[Call, Register], list[Actor]]:
    return lambda _call, register: at_post(post, None, register)[0]


_POSTS: dict[str, Callable[[Call, Register], list[Actor]]] = {
    "named": _named,
    "worker": _workers,
    "backup": _backups,
    "unit_head": _heads,
    **{post: _of_post(post) for post in TOWN_POSTS},
}
