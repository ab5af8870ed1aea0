"""The directory: every unit, grid and person, kept in memory and read anew when its version row changes.

A town has a few hundred people; each batch of operations asks for many of them.
"""

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import select
from sqlalchemy.engine import Connection, Engine

from server.domain.roles import Actor, Delegation, Unit
from server.store import facts
from server.store.engine import reading
from server.store.tables_people import DelegationRow, GridRow, PersonRow, UnitRow

VERSION = "directory_version"
VILLAGE_KINDS = frozenset({"village", "community"})


@dataclass(frozen=True)
class Grid:
    id: str
    name: str
    unit_id: str


@dataclass(frozen=True)
class Directory:
    """One state of the town's register. `people` holds the revoked too: their names stand in timelines."""

    version: str
    units: Mapping[str, Unit]
    grids: Mapping[str, Grid]
    people: Mapping[str, Actor]
    _by_name: Mapping[str, Unit] = field(repr=False)
    _by_username: Mapping[str, Actor] = field(repr=False)

    def unit(self, text: str | None) -> Unit | None:
        """A unit by id or exact name."""
        key = (text or "").strip()
        return self.units.get(key.lower()) or self._by_name.get(key)

    def village(self, text: str | None) -> Unit | None:
        """A village or community by id or exact name."""
        found = self.unit(text)
        return found if found and found.kind in VILLAGE_KINDS else None

    def person_named(self, username: str) -> Actor | None:
        return self._by_username.get(username.strip().lower())

    def actor(self, person_id: str) -> Actor | None:
        return self.people.get(person_id)

    def grids_of(self, unit_id: str) -> list[Grid]:
        return [each for each in self.grids.values() if each.unit_id == unit_id]


_known: WeakKeyDictionary[Engine, Directory] = WeakKeyDictionary()
_lock = threading.Lock()


def directory_at(engine: Engine, version: str | None) -> Directory:
    """The directory of this version, which was read a moment ago, or a newer one."""
    with _lock:
        known = _known.get(engine)
    if known is not None and known.version == (version or "0"):
        return known
    with reading(engine) as connection:
        return directory(connection)


def directory(connection: Connection) -> Directory:
    """The directory as of this connection's snapshot: one small query while nothing changed."""
    version = facts.read(connection, VERSION) or "0"
    with _lock:
        known = _known.get(connection.engine)
    if known is not None and known.version == version:
        return known
    fresh = _load(connection, version)
    with _lock:
        _known[connection.engine] = fresh
    return fresh


def changed(connection: Connection) -> None:
    """Tell every process, with the commit, to read the directory anew; call it with each change of its rows."""
    # A random name, not a count: a change that was rolled back must not lend its name to the next one.
    facts.write(connection, VERSION, secrets.token_hex(8))


def _load(connection: Connection, version: str) -> Directory:
    units = {
        row.id: Unit(row.id, row.name, row.kind, row.village, tuple(orjson.loads(row.duties)))
        for row in connection.execute(select(UnitRow.__table__).order_by(UnitRow.name))
    }
    grids = {
        row.id: Grid(row.id, row.name, row.unit_id)
        for row in connection.execute(select(GridRow.__table__).order_by(GridRow.name))
    }
    people = _people(connection)
    return Directory(
        version,
        units,
        grids,
        people,
        {each.name: each for each in units.values()},
        {each.username: each for each in people.values()},
    )


def _people(connection: Connection) -> dict[str, Actor]:
    delegations = _delegations(connection)
    query = select(
        PersonRow.id,
        PersonRow.username,
        PersonRow.name,
        PersonRow.role,
        PersonRow.unit_id,
        PersonRow.grid_id,
        PersonRow.revoked_at,
    ).order_by(PersonRow.username)
    return {
        row.id: Actor(
            row.id,
            row.username,
            row.name,
            row.role,
            row.unit_id,
            row.grid_id,
            tuple(delegations.get(row.id, ())),
            row.revoked_at,
        )
        for row in connection.execute(query)
    }


def _delegations(connection: Connection) -> dict[str, list[Delegation]]:
    """By delegate; only of heads who are heads still. Whether one is in force is for the moment to say."""
    query = (
        select(DelegationRow.delegate_id, DelegationRow.from_at, DelegationRow.to_at, PersonRow.unit_id)
        .join(PersonRow, PersonRow.id == DelegationRow.head_id)
        .where(
            DelegationRow.revoked_at.is_(None),
            PersonRow.revoked_at.is_(None),
            PersonRow.role == "unit_head",
            PersonRow.unit_id.is_not(None),
        )
    )
    found: dict[str, list[Delegation]] = {}
    for row in connection.execute(query):
        found.setdefault(row.delegate_id, []).append(Delegation(row.unit_id, row.from_at, row.to_at))
    return found
