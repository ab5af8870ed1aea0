"""Alarms into the outbox: who is to hear of which rung by which channel, and what need not be sent any more."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from server.domain.alarm import Alarm
from server.domain.derived import derived_id
from server.store import channels, deliveries, reach, subscriptions
from server.store.bulk import chunks
from server.store.channels import Channel
from server.store.deliveries import APP, PUSH, New
from server.store.tables_alerts import delivery

_WAITS = ("queued", "sent", "delivered", "seen")
_BY_PHONE = frozenset({"sms", "voice"})


_ACKED = (
    sa.update(delivery)
    .where(delivery.c.alert_id == sa.bindparam("which"))
    .values(
        acked_at=sa.func.coalesce(delivery.c.acked_at, sa.bindparam("at_ms", type_=sa.BigInteger)),
        state=sa.case((delivery.c.state.in_(_WAITS), "acked"), else_=delivery.c.state),
    )
)


@dataclass(frozen=True, slots=True)
class Ring:
    """One rung of an alarm that was climbed just now, and who is called or told by it."""

    alarm: Alarm
    rung: int
    people: tuple[str, ...]


def enqueue(connection: sa.Connection, rings: Sequence[Ring], now_ms: int) -> None:
    """Put what these rungs ask for into the outbox, once: a row's id is made of alert, rung, channel and target."""
    if not rings:
        return
    people = sorted({person for ring in rings for person in ring.people})
    devices = subscriptions.devices_of(connection, people)
    ways = {kind: channels.carrying(connection, kind) for kind in {ring.alarm.kind for ring in rings}}
    in_person = any(way.scope == "person" for each in ways.values() for way in each)
    addresses = _addresses(connection, people) if in_person else {}
    rows: list[New] = []
    for ring in rings:
        wanted = _wanted(ring)
        for person in ring.people:
            rows.append(_row(ring, person, APP, person))
            if wanted is None or PUSH in wanted:
                rows += [_row(ring, person, PUSH, device) for device in devices.get(person, ())]
        for way in ways[ring.alarm.kind]:
            if wanted is None or way.kind in wanted:
                rows += _by_way(ring, way, addresses)
    for part in chunks(rows):
        deliveries.enqueue(connection, part, now_ms)


def note_acked(connection: sa.Connection, acked: Iterable[tuple[str, int]]) -> None:
    """These alerts were acknowledged (alert, at): nothing more needs to be sent about them."""
    for alert, at_ms in acked:
        connection.execute(_ACKED, {"which": alert, "at_ms": at_ms})


def note_ended(connection: sa.Connection, alarm_ids: Sequence[str]) -> None:
    """These alarms are over: what still waits to be sent is not sent."""
    if alarm_ids:
        connection.execute(
            sa.update(delivery)
            .where(delivery.c.alarm_id.in_(list(alarm_ids)), delivery.c.state == "queued")
            .values(state="failed", error="ended")
        )


def note_removed(connection: sa.Connection, alerts: Sequence[str]) -> None:
    """Whom these alerts were for was taken off: what still waits to be sent is not sent."""
    if alerts:
        connection.execute(
            sa.update(delivery)
            .where(delivery.c.alert_id.in_(list(alerts)), delivery.c.state == "queued")
            .values(state="failed", error="removed")
        )


def _wanted(ring: Ring) -> frozenset[str] | None:
    """The channels that the rung is for; None: all."""
    named = ring.alarm.ladder[ring.rung]["channels"] if ring.rung < len(ring.alarm.ladder) else None
    return None if named is None else frozenset(named)


def _by_way(ring: Ring, way: Channel, addresses: dict[str, reach.Reach]) -> Iterator[New]:
    if way.scope == "group":
        # A group's chat is read by whoever is in it: nothing of a confidential ticket goes there (DOMAIN §E).
        if ring.people and ring.alarm.call["handlers"] is None:
            yield _row(ring, None, way.kind, "group", way.id)
        return
    for person in ring.people:
        if _has(addresses.get(person), way.kind):
            yield _row(ring, person, way.kind, person, way.id)


def _has(found: reach.Reach | None, kind: str) -> bool:
    if found is None:
        return False
    if kind == "email":
        return found.email is not None
    return found.phone is not None if kind in _BY_PHONE else bool(found.accounts.get(kind) or found.phone)


def _addresses(connection: sa.Connection, people: Sequence[str]) -> dict[str, reach.Reach]:
    return {person: reach.find(connection, person) for person in people}


def _row(ring: Ring, person: str | None, channel: str, target: str, channel_id: str | None = None) -> New:
    alarm = ring.alarm
    alert = alarm.people[person]["alert"] if person is not None else None
    cause = alert or alarm.id
    return New(
        id=derived_id("delivery", cause, str(ring.rung), channel_id or channel, target),
        alert=alert,
        alarm=alarm.id,
        person=person,
        rung=ring.rung,
        channel=channel,
        target=target,
        kind=alarm.kind,
        drill=alarm.drill is not None,
        channel_id=channel_id,
    )
