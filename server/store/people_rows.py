"""Writing the register: people, units, grids, delegations, revoked devices; each bumps the directory."""

from typing import Any

import orjson
from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection

from server.domain.roles import Unit
from server.store.people import Grid, changed
from server.store.tables_people import DelegationRow, GridRow, PersonRow, RevokedDeviceRow, UnitRow
from server.store.tables_sync import device


def add_unit(connection: Connection, unit: Unit, now_ms: int) -> None:
    connection.execute(
        insert(UnitRow).values(
            id=unit.id,
            name=unit.name,
            kind=unit.kind,
            village=unit.village,
            duties=orjson.dumps(unit.duties).decode(),
            created_at=now_ms,
        )
    )
    changed(connection)


def add_grid(connection: Connection, grid: Grid) -> None:
    connection.execute(insert(GridRow).values(id=grid.id, name=grid.name, unit_id=grid.unit_id))
    changed(connection)


def add_person(connection: Connection, person_id: str, **values: Any) -> None:
    """`values`: the columns of `person`."""
    connection.execute(insert(PersonRow).values(id=person_id, **values))
    changed(connection)


def change_person(connection: Connection, person_id: str, **values: Any) -> None:
    connection.execute(update(PersonRow).where(PersonRow.id == person_id).values(**values))
    changed(connection)


def add_delegation(connection: Connection, delegation_id: str, **values: Any) -> None:
    connection.execute(insert(DelegationRow).values(id=delegation_id, **values))
    changed(connection)


def end_delegation(connection: Connection, delegation_id: str, now_ms: int) -> None:
    connection.execute(
        update(DelegationRow).where(DelegationRow.id == delegation_id).values(revoked_at=now_ms)
    )
    changed(connection)


def delegations(connection: Connection, *, person_id: str | None = None) -> list[Any]:
    """Rows not ended early, newest first; with `person_id` only those he gave or got."""
    query = (
        select(DelegationRow.__table__)
        .where(DelegationRow.revoked_at.is_(None))
        .order_by(DelegationRow.from_at.desc())
    )
    if person_id is not None:
        query = query.where((DelegationRow.head_id == person_id) | (DelegationRow.delegate_id == person_id))
    return list(connection.execute(query))


def devices(connection: Connection, person_id: str) -> list[Any]:
    """(id, person, made_at, seen_at, revoked_at) of a person's devices, the last used first."""
    query = (
        select(
            device.c.id,
            device.c.person,
            device.c.made_at,
            device.c.seen_at,
            RevokedDeviceRow.at.label("revoked_at"),
        )
        .outerjoin(RevokedDeviceRow, RevokedDeviceRow.id == device.c.id)
        .where(device.c.person == person_id)
        .order_by(device.c.seen_at.desc())
    )
    return list(connection.execute(query))


def device_owner(connection: Connection, device_id: str) -> str | None:
    return connection.execute(select(device.c.person).where(device.c.id == device_id)).scalar()


def is_revoked(connection: Connection, device_id: str) -> bool:
    found = connection.execute(select(RevokedDeviceRow.at).where(RevokedDeviceRow.id == device_id))
    return found.first() is not None


def revoke_device(connection: Connection, device_id: str, person_id: str, now_ms: int) -> None:
    if not is_revoked(connection, device_id):
        connection.execute(insert(RevokedDeviceRow).values(id=device_id, person_id=person_id, at=now_ms))
