"""Incidents in bulk: loaded locked and in order of id, written back with the columns that queries need."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from server.domain.incident import Incident, Json
from server.domain.incident_channel import DEFAULT_TEMPLATES
from server.store import bulk, facts
from server.store.tables_alerts import alarm, alert, drill, incident
from server.store.tables_sync import OPEN, held, published
from server.store.tables_ticket import ticket

TEMPLATES = "channel_templates"  # the fact that holds the town's own templates of rapid channels, JSON
_BY_ID = (
    sa.select(incident.c.body)
    .where(incident.c.id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(incident.c.id)
)
_BY_ID_LOCKED = _BY_ID.with_for_update()
_WHICH = sa.select(incident.c.id).where(incident.c.id.in_(sa.bindparam("ids", expanding=True)))
_IDS: sa.BindParameter[list[str]] = sa.bindparam("ids", expanding=True)
_BEHIND = sa.union(
    _WHICH,
    sa.select(alarm.c.subject_id).where(alarm.c.subject_type == "incident", alarm.c.id.in_(_IDS)),
    sa.select(alarm.c.subject_id)
    .join(alert, alert.c.alarm_id == alarm.c.id)
    .where(alarm.c.subject_type == "incident", alert.c.id.in_(_IDS)),
)
_SURVIVORS = sa.select(incident.c.into_id).where(incident.c.id.in_(_IDS), incident.c.into_id.is_not(None))


def load(connection: sa.Connection, ids: Iterable[str], *, lock: bool = False) -> dict[str, Incident]:
    """Incidents by id; unknown ids are missing. `lock` takes the rows in order of id, for a write transaction."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = connection.execute(_BY_ID_LOCKED if lock else _BY_ID, {"ids": wanted})
    found = (Incident.from_dict(orjson.loads(body)) for (body,) in rows)
    return {each.id: each for each in found}


def find(connection: sa.Connection, incident_id: str) -> Incident | None:
    """One incident, or None."""
    return load(connection, [incident_id]).get(incident_id)


def which(connection: sa.Connection, ids: Iterable[str]) -> set[str]:
    """Those of the ids that are incidents."""
    wanted = sorted(set(ids))
    return set(connection.scalars(_WHICH, {"ids": wanted})) if wanted else set()


def behind(connection: sa.Connection, ids: Iterable[str]) -> set[str]:
    """The incidents among these ids, those that the alarms and alerts among them are about, and what they were
    merged into: all that has to be locked before the alarms are."""
    wanted = {"ids": sorted(set(ids))}
    if not wanted["ids"]:
        return set()
    found = set(connection.scalars(_BEHIND, wanted))
    return found | set(connection.scalars(_SURVIVORS, {"ids": sorted(found)})) if found else found


def from_ticket(connection: sa.Connection, ticket_id: str) -> list[str]:
    """The incidents that were opened from this ticket."""
    near = sa.select(incident.c.id, incident.c.body).where(
        incident.c.body.contains(ticket_id, autoescape=True)
    )
    found = [(row.id, orjson.loads(row.body)["ticket"]) for row in connection.execute(near)]
    return sorted(id_ for id_, told in found if told is not None and told["id"] == ticket_id)


def taken_ids(connection: sa.Connection, ids: Collection[str]) -> set[str]:
    """Those of the ids that stand for a ticket, an alarm or a drill: rights to one must not open another."""
    found: set[str] = set()
    for table in (ticket, alarm, drill):
        found.update(connection.scalars(sa.select(table.c.id).where(table.c.id.in_(sorted(ids)))))
    return found


def running_drill(connection: sa.Connection) -> str | None:
    """The drill that began last and has not ended."""
    return connection.scalar(
        sa.select(drill.c.id)
        .where(drill.c.ended_at.is_(None))
        .order_by(drill.c.started_at.desc(), drill.c.id)
    )


def save(connection: sa.Connection, before: Mapping[str, Incident], changed: Sequence[Incident]) -> None:
    """Write `changed`; `before` are the same incidents as they were loaded, without those that are new."""
    bulk.insert(connection, incident, [_row(each) for each in changed if each.id not in before])
    bulk.update(connection, incident, [_row(each) for each in changed if each.id in before])


def _row(of: Incident) -> dict[str, Any]:
    return {
        "id": of.id,
        "rev": of.rev,
        "state": of.state,
        "matter": of.matter,
        "level": of.level,
        "drill": of.drill,
        "reporter": of.reporter,
        "village": of.place.get("village"),
        "reported_at": of.reported_at,
        "closed_at": of.closed_at,
        "left_at": of.closed_at if of.left_phones else None,
        "into_id": of.merged_into,
        "body": orjson.dumps(of.to_dict()).decode(),
    }


def closed_before(connection: sa.Connection, before_ms: int, limit: int) -> list[tuple[str, int]]:
    """(id, closed at) of closed incidents that still are on phones."""
    rows = connection.execute(
        sa.select(incident.c.id, incident.c.closed_at)
        .where(incident.c.state == "closed", incident.c.left_at.is_(None), incident.c.closed_at <= before_ms)
        .order_by(incident.c.closed_at, incident.c.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


def page(
    connection: sa.Connection,
    *,
    states: Sequence[str],
    drill_only: bool | None,
    among: Collection[str] | None,
    number: int,
    size: int,
) -> tuple[list[Incident], int]:
    """One page (from 1), the newest first, and how many there are in all. `among`: only these ids."""
    conditions: list[sa.ColumnElement[bool]] = []
    if states:
        conditions.append(incident.c.state.in_(states))
    if drill_only is not None:
        conditions.append(incident.c.drill.is_not(None) if drill_only else incident.c.drill.is_(None))
    if among is not None:
        conditions.append(incident.c.id.in_(sorted(among)))
    total = connection.execute(
        sa.select(sa.func.count()).select_from(incident).where(*conditions)
    ).scalar_one()
    rows = connection.execute(
        sa.select(incident.c.body)
        .where(*conditions)
        .order_by(incident.c.reported_at.desc(), incident.c.id)
        .limit(size)
        .offset((number - 1) * size)
    )
    return [Incident.from_dict(orjson.loads(body)) for (body,) in rows], total


def ever_of(connection: sa.Connection, person_id: str) -> set[str]:
    """Ids of incidents that ever stood in the person's own bucket; whether he may see them still is asked apart."""
    return set(
        connection.scalars(
            sa.select(held.c.id).where(
                held.c.type == "incident", held.c.bucket == f"person:{person_id}", held.c.from_seq < OPEN
            )
        )
    )


def alarms_of(connection: sa.Connection, incident_ids: Sequence[str]) -> list[Json]:
    """The alarms that these incidents raised, as their documents say, the oldest first."""
    rows = connection.execute(
        sa.select(published.c.doc)
        .join(alarm, sa.and_(alarm.c.id == published.c.id, published.c.type == "alarm"))
        .where(alarm.c.subject_type == "incident", alarm.c.subject_id.in_(list(incident_ids)))
        .order_by(alarm.c.raised_at, alarm.c.id)
    )
    return [orjson.loads(doc) for (doc,) in rows]


def templates(connection: sa.Connection) -> list[Json]:
    """The templates of rapid channels: the town's own, else the default."""
    told = facts.read(connection, TEMPLATES)
    found: list[Json] = orjson.loads(told) if told else [dict(each) for each in DEFAULT_TEMPLATES]
    return found


def save_templates(connection: sa.Connection, wanted: Sequence[Json]) -> None:
    """From now on these; none at all brings the default back."""
    facts.write(connection, TEMPLATES, orjson.dumps(list(wanted)).decode() if wanted else "")
