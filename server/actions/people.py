"""Accounts made, changed, given a new password, revoked, each with its rights and its line in the audit.

Rights change in the same transaction, so that a phone's next pull already follows them.
"""

from dataclasses import dataclass
from typing import Any

from server.actions import passwords
from server.actions.desk import Desk
from server.actions.recusal import recuse
from server.actions.signing_in import Refused
from server.domain.roles import ROLES, Actor, buckets_of_person
from server.store import audit, people_rows, sessions
from server.store.oplog import Oplog, Writing
from server.store.people import Directory, directory
from sync.op import uuid7

UNIT_ROLES = frozenset({"grid_worker", "unit_clerk", "unit_head"})
DELEGATE_ROLES = frozenset({"unit_clerk", "unit_head"})  # who see what the unit has to sign
DELEGATION_MS_MAX = 366 * 86_400_000


@dataclass(frozen=True)
class Form:
    """A person as the administrator writes him; unit and grid by id."""

    username: str
    name: str
    role: str
    unit_id: str | None = None
    grid_id: str | None = None


def create(log: Oplog, by: str, form: Form, now_ms: int, password: str | None = None) -> tuple[str, str]:
    """→ (id, password for the first sign-in); raises Refused: username_taken, unknown_unit, unknown_grid …

    Without `password` one is made up, and has to be changed at the first sign-in either way.
    """
    first = password or passwords.temporary()
    password_hash = passwords.hashed(first)
    with log.write(now_ms) as tx:
        person_id = add(tx, by, form, password_hash, now_ms)
    return person_id, first


def add(
    tx: Writing,
    by: str,
    form: Form,
    password_hash: str,
    now_ms: int,
    *,
    person_id: str = "",
    must_change: bool = True,
) -> str:
    """The same inside a transaction that writes more; `person_id` when it is settled beforehand (demo town)."""
    connection = tx.connection
    register = directory(connection)
    username = form.username.strip().lower()
    if register.person_named(username) is not None:
        raise Refused("username_taken", username=username)
    _check(register, form)
    person_id = person_id or uuid7(now_ms)
    people_rows.add_person(
        connection,
        person_id,
        username=username,
        name=form.name.strip(),
        role=form.role,
        unit_id=form.unit_id,
        grid_id=form.grid_id,
        password_hash=password_hash,
        must_change_password=must_change,
        created_at=now_ms,
    )
    _entitle(tx, person_id)
    audit.append(connection, now_ms, by, "person.create", person_id, role=form.role, unit=form.unit_id)
    return person_id


def change(desk: Desk, by: Actor, person_id: str, values: dict[str, Any], now_ms: int) -> None:
    """Change name, role, unit or grid (those present in `values`); raises Refused.

    With the change he is taken off the tickets that are about the unit he works for now.
    """
    with desk.log.write(now_ms) as tx:
        register = directory(tx.connection)
        old = _person(register, person_id)
        if person_id == by.id and values.get("role", old.role) != old.role:
            raise Refused("not_own_account")
        now = {"name": old.name, "role": old.role, "unit_id": old.unit_id, "grid_id": old.grid_id, **values}
        _check(register, Form(old.username, **now))
        people_rows.change_person(tx.connection, person_id, **now)
        _entitle(tx, person_id)
        changed = {key: now[key] for key in ("role", "unit_id", "grid_id") if now[key] != getattr(old, key)}
        audit.append(tx.connection, now_ms, by.id, "person.change", person_id, **changed)
        if changed.keys() & {"role", "unit_id"}:
            recuse(desk, tx, _person(directory(tx.connection), person_id), now_ms)


def reset_password(log: Oplog, by: Actor, person_id: str, now_ms: int) -> str:
    """→ a password for the next sign-in, to be changed there; all sessions of the person end."""
    password = passwords.temporary()
    password_hash = passwords.hashed(password)
    with log.write(now_ms) as tx:
        _person(directory(tx.connection), person_id)
        people_rows.change_person(
            tx.connection, person_id, password_hash=password_hash, must_change_password=True
        )
        sessions.end_all(tx.connection, person_id)
        audit.append(tx.connection, now_ms, by.id, "password.reset", person_id)
    return password


def revoke(log: Oplog, by: Actor, person_id: str, now_ms: int) -> None:
    """End a person's access: his sessions open nothing from now on, rights go at once; what he did stays."""
    if person_id == by.id:
        raise Refused("not_own_account")
    with log.write(now_ms) as tx:
        person = _person(directory(tx.connection), person_id)
        if person.revoked_at_ms is not None:
            return
        people_rows.change_person(tx.connection, person_id, revoked_at=now_ms)
        _entitle(tx, person_id)
        audit.append(tx.connection, now_ms, by.id, "person.revoke", person_id)


def restore(log: Oplog, by: Actor, person_id: str, now_ms: int) -> None:
    """Give a revoked person his access and rights back."""
    with log.write(now_ms) as tx:
        if _person(directory(tx.connection), person_id).revoked_at_ms is None:
            return
        people_rows.change_person(tx.connection, person_id, revoked_at=None)
        sessions.end_all(tx.connection, person_id)
        _entitle(tx, person_id)
        audit.append(tx.connection, now_ms, by.id, "person.restore", person_id)


def revoke_device(log: Oplog, by: Actor, device: str, now_ms: int) -> None:
    """End a device's sessions and its syncing for good; raises Refused: unknown_device."""
    with log.write(now_ms) as tx:
        owner = people_rows.device_owner(tx.connection, device)
        if owner is None or (by.role != "sys_admin" and owner != by.id):
            raise Refused("unknown_device")
        people_rows.revoke_device(tx.connection, device, owner, now_ms)
        sessions.end_all(tx.connection, owner, device=device)
        audit.append(tx.connection, now_ms, by.id, "device.revoke", device, person=owner)


def delegate(log: Oplog, head: Actor, delegate_id: str, from_ms: int, to_ms: int, *, now_ms: int) -> str:
    """A head lets somebody of his unit sign for him in [from, to) → the delegation's id; raises Refused."""
    if not from_ms < to_ms <= from_ms + DELEGATION_MS_MAX:
        raise Refused("invalid_args", field="to")
    with log.write(now_ms) as tx:
        register = directory(tx.connection)
        person = _person(register, delegate_id)
        fit = person.unit_id == head.unit_id and person.role in DELEGATE_ROLES
        if person.revoked_at_ms is not None or not fit or person.id == head.id:
            raise Refused("unknown_person")
        delegation_id = uuid7(now_ms)
        people_rows.add_delegation(
            tx.connection,
            delegation_id,
            head_id=head.id,
            delegate_id=delegate_id,
            from_at=from_ms,
            to_at=to_ms,
            created_at=now_ms,
        )
        audit.append(tx.connection, now_ms, head.id, "delegation.create", delegate_id, until_ms=to_ms)
    return delegation_id


def end_delegation(log: Oplog, head: Actor, delegation_id: str, now_ms: int) -> None:
    """A head takes his delegation back; raises Refused: unknown_delegation."""
    with log.write(now_ms) as tx:
        mine = [
            each
            for each in people_rows.delegations(tx.connection, person_id=head.id)
            if each.id == delegation_id and each.head_id == head.id
        ]
        if not mine:
            raise Refused("unknown_delegation")
        people_rows.end_delegation(tx.connection, delegation_id, now_ms)
        audit.append(tx.connection, now_ms, head.id, "delegation.end", mine[0].delegate_id)


def _person(register: Directory, person_id: str) -> Actor:
    person = register.people.get(person_id)
    if person is None:
        raise Refused("unknown_person")
    return person


def _check(register: Directory, form: Form) -> None:
    if form.role not in ROLES:
        raise Refused("invalid_args", field="role")
    unit = register.units.get(form.unit_id or "")
    if (form.unit_id is not None and unit is None) or (form.role in UNIT_ROLES and unit is None):
        raise Refused("unknown_unit", unit=form.unit_id)
    grid = register.grids.get(form.grid_id or "")
    if form.grid_id is not None and (grid is None or grid.unit_id != form.unit_id):
        raise Refused("unknown_grid", grid=form.grid_id)


def _entitle(tx: Writing, person_id: str) -> None:
    """The person's rights follow what his row says now."""
    tx.entitle(person_id, buckets_of_person(directory(tx.connection).people[person_id]))
