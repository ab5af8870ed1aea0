"""The audit trail: rows that each carry the hash of the one before, so that none can be changed or taken out
without every later hash being wrong (DOMAIN §E: tamper-evident audit)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import insert, select, text
from sqlalchemy.engine import Connection, Row

from server.store.tables_people import AuditRow

FIRST = "0" * 64
_LOCK = 5_012_345  # an arbitrary number that names the audit chain among PostgreSQL's advisory locks


@dataclass(frozen=True)
class Entry:
    """One row as the auditor reads it; `at_ms` UTC."""

    seq: int
    at_ms: int
    actor: str
    action: str
    subject: str
    details: dict[str, Any]


def append(
    connection: Connection, at_ms: int, actor: str, action: str, subject: str = "", **details: Any
) -> None:
    """Write one row in the caller's write transaction. `details` must hold no contact data and no secrets."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer anyway
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    newest = select(AuditRow.seq, AuditRow.hash).order_by(AuditRow.seq.desc()).limit(1)
    last = connection.execute(newest).first()
    seq, previous = (last.seq + 1, last.hash) if last else (1, FIRST)
    packed = orjson.dumps(details, option=orjson.OPT_SORT_KEYS).decode()
    connection.execute(
        insert(AuditRow).values(
            seq=seq,
            at=at_ms,
            actor=actor,
            action=action,
            subject=subject,
            details=packed,
            previous=previous,
            hash=_hash(previous, seq, at_ms, actor, action, subject, packed),
        )
    )


def _hash(previous: str, *parts: object) -> str:
    return hashlib.sha256(orjson.dumps([previous, *map(str, parts)])).hexdigest()


def entries(
    connection: Connection,
    *,
    before_seq: int | None = None,
    actor: str = "",
    action: str = "",
    limit: int = 100,
) -> list[Entry]:
    """The newest rows first; `before_seq` continues an earlier list."""
    query = select(AuditRow.__table__).order_by(AuditRow.seq.desc()).limit(limit)
    if before_seq is not None:
        query = query.where(AuditRow.seq < before_seq)
    if actor:
        query = query.where(AuditRow.actor == actor)
    if action:
        query = query.where(AuditRow.action == action)
    return [
        Entry(row.seq, row.at, row.actor, row.action, row.subject, orjson.loads(row.details))
        for row in connection.execute(query)
    ]


def first_broken(connection: Connection) -> int | None:
    """The `seq` of the first row that does not follow from the one before, None when the chain is whole."""
    previous, expected = FIRST, 1
    for row in _all(connection):
        right = _hash(previous, row.seq, row.at, row.actor, row.action, row.subject, row.details)
        if row.seq != expected or row.previous != previous or row.hash != right:
            return int(row.seq)
        previous, expected = row.hash, expected + 1
    return None


def _all(connection: Connection) -> Iterator[Row[Any]]:
    query = select(AuditRow.__table__).order_by(AuditRow.seq)
    with connection.execution_options(yield_per=1000).execute(query) as rows:
        yield from rows
