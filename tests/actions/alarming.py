"""What tests of alarms look at: alarms, alerts and the outbox as they stand in the database, and a rota."""

import uuid
from typing import Any

import sqlalchemy as sa

from server.domain.alarm import Alarm
from server.domain.rota import Turn
from server.store import alarms, rota
from server.store.engine import reading, writing
from server.store.tables_alerts import alarm, delivery
from tests.device import Phone
from tests.town import DAY_MS, Town, person_id, unit_id


def on_duty(town: Town, post: str, username: str, unit: str | None = None, **more: Any) -> None:
    """A turn around now."""
    now = town.clock.now_ms
    turn = Turn(
        str(uuid.uuid4()),
        post,
        unit_id(unit) if unit else None,
        person_id(username),
        now - DAY_MS,
        now + DAY_MS,
        **more,
    )
    with writing(town.desk.engine) as connection:
        rota.add(connection, [turn], "test", now)


def all_alarms(town: Town) -> list[Alarm]:
    """In the order in which they were raised."""
    with reading(town.desk.engine) as connection:
        ids = (
            connection.execute(sa.select(alarm.c.id).order_by(alarm.c.raised_at, alarm.c.id)).scalars().all()
        )
        found = alarms.load(connection, ids)
    return [found[id_] for id_ in ids]


def about(town: Town, subject: str, *, running: bool = True) -> list[Alarm]:
    """The alarms of a subject, without those that ended."""
    found = [each for each in all_alarms(town) if each.subject[1] == subject]
    return [each for each in found if each.ended_at is None] if running else found


def the_alarm(town: Town, subject: str) -> Alarm:
    """The one running alarm of a subject."""
    (found,) = about(town, subject)
    return found


def people(found: Alarm) -> set[str]:
    """User names of those whom an alarm called."""
    return {_NAMES.get(person, person) for person in found.people}


def outbox(town: Town, **wanted: Any) -> list[Any]:
    """Rows of the outbox with these values."""
    asked = sa.select(delivery).where(*(delivery.c[name] == value for name, value in wanted.items()))
    with reading(town.desk.engine) as connection:
        return list(connection.execute(asked.order_by(delivery.c.queued_at, delivery.c.rung)))


def alerts(phone: Phone) -> list[dict[str, Any]]:
    """The alerts that a phone holds."""
    return [doc for (type_, _), doc in phone.base.rows.items() if type_ == "alert"]


def docs(phone: Phone, type_: str) -> list[dict[str, Any]]:
    return [doc for (kind, _), doc in phone.base.rows.items() if kind == type_]


_CAST = (
    "worker",
    "worker2",
    "worker3",
    "head",
    "head3",
    "officer",
    "lead",
    "duty",
    "leader",
    "group",
    "auditor",
)
_NAMES = {person_id(name): name for name in _CAST}
