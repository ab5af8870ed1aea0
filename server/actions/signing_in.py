"""Signing in and out and changing one's password: the rules; the cookies are the API's."""

import math
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Engine

from server.actions import passwords
from server.domain.roles import Actor
from server.store import audit, sessions
from server.store.engine import reading, writing
from server.store.people import directory
from server.store.tables_people import PersonRow

MINUTE_MS = 60_000


class Refused(Exception):
    """The sign-in or the change is not made. `code`: wrong_credentials, too_many_attempts, …"""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


@dataclass(frozen=True)
class Limits:
    """How many failures bring on a pause, and how long it is."""

    failures_max: int
    pause_ms: int


@dataclass(frozen=True)
class Account:
    """What is known of a name when somebody signs in with it."""

    person_id: str
    password_hash: str
    must_change_password: bool


def check(
    engine: Engine, username: str, password: str, browsers: list[str], *, limits: Limits, now_ms: int
) -> tuple[Actor, bool]:
    """→ (who it is, must he change his password); raises Refused.

    `browsers` are the keys that failures are counted under: this browser's mark, and its address while it has
    shown no mark of ours. Nobody else's browser is touched, so nobody can lock another out (API).
    """
    name = username.strip().lower()
    keys = [sessions.digest(each) for each in browsers]
    with reading(engine) as connection:
        locked = sessions.locked_until_ms(connection, name, keys, now_ms)
        account = _account(connection, name)
        people = directory(connection).people
    if locked is not None:
        raise _paused(locked, now_ms)
    if account is None:
        passwords.spend_the_time_of_a_check(password)
    elif passwords.holds(account.password_hash, password):
        return people[account.person_id], account.must_change_password
    locked = _count(engine, name, keys, limits, now_ms)
    raise Refused("wrong_credentials") if locked is None else _paused(locked, now_ms)


def _paused(until_ms: int, now_ms: int) -> Refused:
    left_s = math.ceil((until_ms - now_ms) / 1000)
    return Refused("too_many_attempts", minutes=math.ceil(left_s / 60), retry_after_s=left_s)


def _account(connection: Any, username: str) -> Account | None:
    row = connection.execute(
        select(PersonRow.id, PersonRow.password_hash, PersonRow.must_change_password).where(
            PersonRow.username == username, PersonRow.revoked_at.is_(None)
        )
    ).first()
    return Account(*row) if row else None


def _count(engine: Engine, name: str, keys: list[str], limits: Limits, now_ms: int) -> int | None:
    locked = None
    with writing(engine) as connection:
        for key in keys:
            until = sessions.count_failure(
                connection, name, key, now_ms, failures_max=limits.failures_max, pause_ms=limits.pause_ms
            )
            locked = until or locked
        if locked:
            audit.append(connection, now_ms, "system", "session.paused", name)
    return locked


def start(
    engine: Engine,
    person: Actor,
    session_id: str,
    *,
    csrf: str,
    agent: str,
    browsers: list[str],
    former: str | None,
    now_ms: int,
    expires_at_ms: int,
) -> None:
    """Write the session row; a session that the browser had before ends with it."""
    with writing(engine) as connection:
        if former:
            sessions.end(connection, former)
        sessions.forget_failures(connection, person.username, [sessions.digest(each) for each in browsers])
        sessions.start(
            connection,
            session_id,
            person_id=person.id,
            csrf=csrf,
            agent=agent,
            now_ms=now_ms,
            expires_at_ms=expires_at_ms,
        )
        audit.append(connection, now_ms, person.id, "session.start", person.id)


def end(engine: Engine, person_id: str, session_id: str, now_ms: int) -> None:
    with writing(engine) as connection:
        sessions.end(connection, session_id)
        audit.append(connection, now_ms, person_id, "session.end", person_id)


def change_password(
    engine: Engine, person: Actor, session_id: str, *, current: str, new: str, now_ms: int
) -> None:
    """Set an own new password and end the person's other sessions; raises Refused."""
    with reading(engine) as connection:
        account = _account(connection, person.username)
    if account is None or not passwords.holds(account.password_hash, current):
        raise Refused("wrong_password")
    if passwords.weak(new, person.username, current):
        raise Refused("weak_password")
    password_hash = passwords.hashed(new)
    with writing(engine) as connection:
        connection.execute(
            update(PersonRow)
            .where(PersonRow.id == person.id)
            .values(password_hash=password_hash, must_change_password=False)
        )
        sessions.end_all(connection, person.id, but=session_id)
        audit.append(connection, now_ms, person.id, "password.change", person.id)
