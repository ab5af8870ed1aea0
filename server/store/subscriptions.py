"""Where a browser's push service takes messages for a device, and what each device says of itself."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server.store.bulk import insert_new
from server.store.tables_alerts import push_device, push_subscription

PER_PERSON_MAX = 20
"""Browsers of one person that are subscribed at once: one more lets the oldest go."""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """One device's subscription, as its browser gave it."""

    device: str
    person: str
    endpoint: str
    p256dh: str
    auth: str


def register(connection: sa.Connection, new: Subscribed, now_ms: int) -> None:
    """Take the place of what the device had, and of whoever had this endpoint: the last registrar owns it."""
    hashed = hashlib.sha256(new.endpoint.encode()).hexdigest()
    connection.execute(
        sa.delete(push_subscription).where(
            sa.or_(push_subscription.c.device == new.device, push_subscription.c.endpoint_hash == hashed)
        )
    )
    row = {
        "device": new.device,
        "person_id": new.person,
        "endpoint": new.endpoint,
        "endpoint_hash": hashed,
        "p256dh": new.p256dh,
        "auth": new.auth,
        "created_at": now_ms,
    }
    connection.execute(sa.insert(push_subscription), [row])
    _back(connection, new.device)


def let_oldest_go(connection: sa.Connection, new: Subscribed) -> None:
    """After a registration from outside: nobody fills the table with browsers that do not exist."""
    others = (
        sa.select(push_subscription.c.device)
        .where(push_subscription.c.person_id == new.person, push_subscription.c.device != new.device)
        .order_by(push_subscription.c.created_at.desc(), push_subscription.c.device)
        .offset(PER_PERSON_MAX - 1)
    )
    old = list(connection.execute(others).scalars())
    if old:
        connection.execute(sa.delete(push_subscription).where(push_subscription.c.device.in_(old)))
        connection.execute(
            sa.update(push_device).where(push_device.c.device.in_(old)).values(subscribed=False, reason=None)
        )


def _back(connection: sa.Connection, device: str) -> None:
    connection.execute(
        sa.update(push_device)
        .where(push_device.c.device == device)
        .values(subscribed=True, reason=None, gone_at=None)
    )


def forget(connection: sa.Connection, device: str, person: str) -> None:
    """He unsubscribed."""
    connection.execute(
        sa.delete(push_subscription).where(
            push_subscription.c.device == device, push_subscription.c.person_id == person
        )
    )


def has(connection: sa.Connection, device: str, person: str) -> bool:
    query = sa.select(push_subscription.c.device).where(
        push_subscription.c.device == device, push_subscription.c.person_id == person
    )
    return connection.execute(query).first() is not None


def devices_of(connection: sa.Connection, people: Sequence[str]) -> dict[str, list[str]]:
    """person → his subscribed devices."""
    query = (
        sa.select(push_subscription.c.person_id, push_subscription.c.device)
        .where(push_subscription.c.person_id.in_(list(people)))
        .order_by(push_subscription.c.device)
    )
    found: dict[str, list[str]] = {}
    for row in connection.execute(query):
        found.setdefault(row.person_id, []).append(row.device)
    return found


def note_gone(connection: sa.Connection, device: str, endpoint: str, now_ms: int) -> None:
    """The push service knows it no more. A subscription renewed in the meantime stays."""
    at = sa.and_(push_subscription.c.device == device, push_subscription.c.endpoint == endpoint)
    person = connection.execute(sa.select(push_subscription.c.person_id).where(at)).scalar()
    if person is None:
        return
    connection.execute(sa.delete(push_subscription).where(at))
    unheard = Reported(
        device, person, "granted", subscribed=False, reason="gone", platform="", installed=False
    )
    insert_new(connection, push_device, [_device_row(unheard, now_ms) | {"device": device}])
    connection.execute(
        sa.update(push_device)
        .where(push_device.c.device == device)
        .values(subscribed=False, reason="gone", gone_at=now_ms)
    )


def note_answers(connection: sa.Connection, well: Sequence[str], badly: Sequence[str], now_ms: int) -> None:
    """Which devices' push services took a message, and which refused one."""
    for devices, values in ((well, {"ok_at": now_ms}), (badly, {"failed_at": now_ms})):
        if devices:
            at = push_subscription.c.device.in_(sorted(set(devices)))
            connection.execute(sa.update(push_subscription).where(at).values(**values))


@dataclass(frozen=True, slots=True)
class Reported:
    """What a device says of itself."""

    device: str
    person: str
    permission: str
    subscribed: bool
    reason: str | None
    platform: str
    installed: bool


def is_gone(connection: sa.Connection, device: str) -> bool:
    """Whether its push service said that the subscription is no more."""
    query = sa.select(push_device.c.gone_at).where(push_device.c.device == device)
    return connection.execute(query).scalar() is not None


def report(connection: sa.Connection, told: Reported, now_ms: int, *, gone: bool = False) -> None:
    """Kept for the drills' report: one row per device, the last word counts. What is `gone` stays so until the
    device subscribes anew, whatever its browser still believes."""
    values = _device_row(told, now_ms)
    if gone:
        values |= {"subscribed": False, "reason": "gone"}
    insert_new(connection, push_device, [values | {"device": told.device}])
    connection.execute(sa.update(push_device).where(push_device.c.device == told.device).values(**values))


def _device_row(told: Reported, now_ms: int) -> dict[str, Any]:
    return {
        "person_id": told.person,
        "permission": told.permission,
        "subscribed": told.subscribed,
        "reason": told.reason,
        "platform": told.platform,
        "installed": told.installed,
        "reported_at": now_ms,
    }
