"""Alarms in bulk: loaded locked and in order of id, written back with a row per person alarmed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from server.domain.alarm import Alarm, next_at
from server.store import bulk
from server.store.tables_alerts import alarm, alert

_BY_ID = (
    sa.select(alarm.c.body).where(alarm.c.id.in_(sa.bindparam("ids", expanding=True))).order_by(alarm.c.id)
)
_BY_SUBJECT = (
    sa.select(alarm.c.body)
    .where(
        alarm.c.subject_type == sa.bindparam("type"),
        alarm.c.subject_id.in_(sa.bindparam("ids", expanding=True)),
        alarm.c.left_at.is_(None),
    )
    .order_by(alarm.c.id)
)
_NAMED = sa.select(alert.c.id, alert.c.alarm_id).where(alert.c.id.in_(sa.bindparam("ids", expanding=True)))
_DUE = (
    sa.select(alarm.c.body)
    .where(alarm.c.next_at <= sa.bindparam("now"))
    .order_by(alarm.c.next_at, alarm.c.id)
    .limit(sa.bindparam("n"))
)
_ENDED = (
    sa.select(alarm.c.id)
    .where(alarm.c.left_at.is_(None), alarm.c.ended_at <= sa.bindparam("before"))
    .order_by(alarm.c.ended_at)
    .limit(sa.bindparam("n"))
)


def load(connection: sa.Connection, ids: Iterable[str], *, lock: bool = False) -> dict[str, Alarm]:
    """Alarms by id; unknown ids are missing. `lock` takes the rows in order of id, for a write transaction."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    asked = _BY_ID.with_for_update() if lock else _BY_ID
    return _read(connection.execute(asked, {"ids": wanted}))


def about(connection: sa.Connection, type_: str, ids: Iterable[str]) -> dict[str, Alarm]:
    """The alarms of these subjects that are still on phones, locked."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    return _read(connection.execute(_BY_SUBJECT.with_for_update(), {"type": type_, "ids": wanted}))


def ever_about(connection: sa.Connection, type_: str, id_: str) -> list[str]:
    """Ids of all alarms of this subject, on phones or not."""
    query = sa.select(alarm.c.id).where(alarm.c.subject_type == type_, alarm.c.subject_id == id_)
    return list(connection.execute(query).scalars())


def of_alerts(connection: sa.Connection, ids: Iterable[str]) -> dict[str, str]:
    """alert → its alarm."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    return {row.id: row.alarm_id for row in connection.execute(_NAMED, {"ids": wanted})}


def climbing(connection: sa.Connection, now_ms: int, n_max: int) -> list[Alarm]:
    """Alarms whose next rung is due, the longest waiting first."""
    return list(_read(connection.execute(_DUE, {"now": now_ms, "n": n_max})).values())


def next_climb(connection: sa.Connection) -> int | None:
    """When the next rung of any alarm is due."""
    return connection.execute(sa.select(sa.func.min(alarm.c.next_at))).scalar()


def ended_before(connection: sa.Connection, before_ms: int, n_max: int) -> list[str]:
    """Alarms that ended by then and still are on phones."""
    return list(connection.execute(_ENDED, {"before": before_ms, "n": n_max}).scalars())


def save(
    connection: sa.Connection, before: Mapping[str, Alarm], changed: Sequence[Alarm], now_ms: int
) -> None:
    """Write `changed`; `before` are the same alarms as they were loaded, without those that are new."""
    bulk.insert(connection, alarm, [_columns(each, now_ms) for each in changed if each.id not in before])
    bulk.update(connection, alarm, [_columns(each, now_ms) for each in changed if each.id in before])
    rows = [row for each in changed for row in _alerts(before.get(each.id), each)]
    bulk.upsert(connection, alert, rows)


def _read(rows: Iterable[Any]) -> dict[str, Alarm]:
    found = (Alarm.from_dict(orjson.loads(body)) for (body,) in rows)
    return {each.id: each for each in found}


def _columns(of: Alarm, now_ms: int) -> dict[str, Any]:
    subject_type, subject_id = of.subject
    return {
        "id": of.id,
        "rev": of.rev,
        "kind": of.kind,
        "drill": of.drill,
        "subject_type": subject_type,
        "subject_id": subject_id,
        "state": of.state,
        "raised_at": of.raised_at,
        "acked_at": of.acked_at,
        "ended_at": of.ended_at,
        "next_at": next_at(of),
        "left_at": now_ms if of.left_phones else None,
        "body": orjson.dumps(of.to_dict()).decode(),
    }


def _alerts(before: Alarm | None, of: Alarm) -> list[dict[str, Any]]:
    """Rows of the persons whose entry changed; what receipts wrote to them stays."""
    return [
        {
            "id": entry["alert"],
            "alarm_id": of.id,
            "person_id": person,
            "rung": entry["rung"],
            "informed": entry["informed"],
            "raised_at": entry["raised_at"],
            "acked_at": entry["acked_at"],
            "ack_received_at": entry["ack_received_at"],
        }
        for person, entry in of.people.items()
        if before is None or before.people.get(person) is not entry
    ]
