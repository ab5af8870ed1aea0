"""Rows for the outbox, and subscriptions to send them to."""

import base64
import dataclasses
import os
import uuid
from typing import Any

import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from sqlalchemy.engine import Engine

from server.alerts.couriers import couriers_of
from server.alerts.outbox import Courier, Outbox
from server.clock import now_ms
from server.config import Settings
from server.store import deliveries, subscriptions
from server.store.engine import reading, writing
from server.store.subscriptions import Subscribed
from server.store.tables_alerts import delivery
from tests.cast import person_id


def engine_of(app: Flask) -> Engine:
    found: Engine = app.extensions["jiban"].engine
    return found


def settings_of(app: Flask, **more: Any) -> Settings:
    told: Settings = app.extensions["jiban"].settings
    return dataclasses.replace(told, **more)


def browser_keys() -> dict[str, str]:
    """What a browser gives: its public point and its secret."""
    point = (
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    )
    return {"p256dh": _text(point), "auth": _text(os.urandom(16))}


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def subscribe(
    engine: Engine, endpoint: str, keys: dict[str, str] | None = None, person: str = "worker"
) -> str:
    """A device of this person, subscribed; its id."""
    keys = keys or browser_keys()
    device = str(uuid.uuid4())
    with writing(engine) as connection:
        subscriptions.register(
            connection,
            Subscribed(device, person_id(person), endpoint, keys["p256dh"], keys["auth"]),
            now_ms(),
        )
    return device


def put(
    engine: Engine,
    *targets: str,
    channel: str = "push",
    person: str = "worker",
    channel_id: str | None = None,
    kind: str = "urgent_ticket",
    drill: bool = False,
    life_ms: int = deliveries.LIFE_MS,
    at_ms: int | None = None,
) -> list[str]:
    """Something to send to each of these; the ids of the rows."""
    rows = [
        deliveries.New(
            str(uuid.uuid4()),
            str(uuid.uuid4()),
            None,
            person_id(person),
            0,
            channel,
            target,
            kind,
            drill,
            channel_id,
        )
        for target in targets
    ]
    with writing(engine) as connection:
        deliveries.enqueue(connection, rows, at_ms or now_ms(), life_ms=life_ms)
    deliveries.take_ring()
    return [row.id for row in rows]


def row(engine: Engine, id_: str) -> Any:
    with reading(engine) as connection:
        return connection.execute(sa.select(delivery).where(delivery.c.id == id_)).one()


def states(engine: Engine) -> dict[str, int]:
    """How many rows are in each state."""
    query = sa.select(delivery.c.state, sa.func.count()).group_by(delivery.c.state)
    with reading(engine) as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def outbox(app: Flask, courier: Courier | None = None, threads: int = 4, **more: Any) -> Outbox:
    settings = settings_of(app, alarm_threads=threads, **more)
    courier = courier or couriers_of(settings, engine_of(app))
    return Outbox(engine_of(app), settings.data / "outbox", courier, threads, now_ms)
