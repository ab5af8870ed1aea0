"""Signed-in browsers and failed sign-ins as rows."""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from server.store.asked import Asked
from server.store.people import VERSION
from server.store.tables_people import IntakeKeyRow, LoginAttemptRow, PersonRow, SessionRow, SettingRow

# The two know `ON CONFLICT`, each by its own name.
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True)
class Session:
    """A live session and what its person's row says about signing in; instants in ms UTC."""

    id: str
    person_id: str
    csrf: str
    seen_at_ms: int
    expires_at_ms: int
    device: str | None
    must_change_password: bool
    register: str | None = None  # the directory's version in the same snapshot


def digest(token: str) -> str:
    """What is stored of a token: its SHA-256."""
    return hashlib.sha256(token.encode()).hexdigest()


_FIND = Asked(
    select(
        SessionRow.person_id,
        SessionRow.csrf,
        SessionRow.seen_at,
        SessionRow.expires_at,
        SessionRow.device,
        PersonRow.must_change_password,
        select(SettingRow.value).where(SettingRow.key == VERSION).scalar_subquery(),
    )
    .join(PersonRow, PersonRow.id == SessionRow.person_id)
    .where(
        SessionRow.id == bindparam("id"),
        SessionRow.expires_at > bindparam("now"),
        PersonRow.revoked_at.is_(None),
    )
)


def find(connection: Connection, session_id: str, now_ms: int) -> Session | None:
    """The session if it lives and its person may still come in."""
    row = _FIND.row(connection, id=session_id, now=now_ms)
    if row is None:
        return None
    person_id, csrf, seen_at, expires_at, device, must_change, register = row
    return Session(session_id, person_id, csrf, seen_at, expires_at, device, bool(must_change), register)


# A revoked person's sessions stay as rows that open nothing, so that his phone can be told why.
_REVOKED = (
    select(SessionRow.person_id)
    .join(PersonRow, PersonRow.id == SessionRow.person_id)
    .where(SessionRow.id == bindparam("id"), PersonRow.revoked_at.is_not(None))
)


def is_of_revoked(connection: Connection, session_id: str) -> bool:
    """Whether this was the session of a person who has been revoked since."""
    return connection.execute(_REVOKED, {"id": session_id}).first() is not None


def start(
    connection: Connection,
    session_id: str,
    *,
    person_id: str,
    csrf: str,
    agent: str,
    now_ms: int,
    expires_at_ms: int,
) -> None:
    connection.execute(
        insert(SessionRow).values(
            id=session_id,
            person_id=person_id,
            csrf=csrf,
            agent=agent[:120],
            created_at=now_ms,
            seen_at=now_ms,
            expires_at=expires_at_ms,
        )
    )


def prolong(connection: Connection, session_id: str, now_ms: int, expires_at_ms: int) -> None:
    connection.execute(
        update(SessionRow).where(SessionRow.id == session_id).values(seen_at=now_ms, expires_at=expires_at_ms)
    )


def bind(connection: Connection, session_id: str, device: str) -> None:
    """Remember which device the session syncs, so that revoking the device ends it."""
    connection.execute(update(SessionRow).where(SessionRow.id == session_id).values(device=device))


def end(connection: Connection, session_id: str) -> None:
    connection.execute(delete(SessionRow).where(SessionRow.id == session_id))


def end_all(connection: Connection, person_id: str, *, but: str = "", device: str = "") -> int:
    """End a person's sessions (all, all but one, or those of one device) → how many ended."""
    query = delete(SessionRow).where(SessionRow.person_id == person_id, SessionRow.id != but)
    if device:
        query = query.where(SessionRow.device == device)
    return connection.execute(query).rowcount


def sweep(connection: Connection, now_ms: int, attempts_before_ms: int) -> None:
    """Forget what has run out: sessions, and counts of failed sign-ins older than the pause."""
    connection.execute(delete(SessionRow).where(SessionRow.expires_at <= now_ms))
    connection.execute(delete(LoginAttemptRow).where(LoginAttemptRow.first_at <= attempts_before_ms))


def locked_until_ms(connection: Connection, username: str, browsers: list[str], now_ms: int) -> int | None:
    """When sign-in opens again for this name in this browser; None: it is open."""
    row = connection.execute(
        select(LoginAttemptRow.locked_until_at)
        .where(
            LoginAttemptRow.username == username,
            LoginAttemptRow.browser.in_(browsers),
            LoginAttemptRow.locked_until_at > now_ms,
        )
        .order_by(LoginAttemptRow.locked_until_at.desc())
        .limit(1)
    ).first()
    return row.locked_until_at if row else None


def count_failure(
    connection: Connection, username: str, browser: str, now_ms: int, *, failures_max: int, pause_ms: int
) -> int | None:
    """One more failed sign-in → the end of the pause it brought on, or None. Counts fade after the pause."""
    key = (LoginAttemptRow.username == username, LoginAttemptRow.browser == browser)
    empty = {"username": username, "browser": browser, "failures": 0, "first_at": now_ms}
    connection.execute(
        _INSERT[connection.dialect.name](LoginAttemptRow).values(empty).on_conflict_do_nothing()
    )
    found = select(LoginAttemptRow.failures, LoginAttemptRow.first_at).where(*key).with_for_update()
    row = connection.execute(found).one()
    fresh = row.first_at + pause_ms <= now_ms
    failures = 1 if fresh else row.failures + 1
    locked = now_ms + pause_ms if failures >= failures_max else None
    values = {"failures": failures, "locked_until_at": locked}
    if fresh or locked:
        values["first_at"] = now_ms
    connection.execute(update(LoginAttemptRow).where(*key).values(**values))
    return locked


def forget_failures(connection: Connection, username: str, browsers: list[str]) -> None:
    of_these = (LoginAttemptRow.username == username, LoginAttemptRow.browser.in_(browsers))
    connection.execute(delete(LoginAttemptRow).where(*of_these))


def intake_key_name(connection: Connection, key: str) -> str | None:
    """The name of a live intake key, None if nobody was given it."""
    return connection.execute(
        select(IntakeKeyRow.name).where(IntakeKeyRow.id == digest(key), IntakeKeyRow.revoked_at.is_(None))
    ).scalar()


def add_intake_key(connection: Connection, key: str, name: str, now_ms: int) -> None:
    connection.execute(insert(IntakeKeyRow).values(id=digest(key), name=name, created_at=now_ms))
