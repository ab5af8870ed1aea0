"""Configured channels beside app and push. Their fields hold tokens and addresses, so they are sealed at rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag

from server.store.contacts import Vault
from server.store.tables_alerts import channel

_PART = "channel"


@dataclass(frozen=True, slots=True)
class Channel:
    """One configured channel, still sealed. `kinds`: the alarm kinds it carries; empty: all."""

    id: str
    kind: str
    name: str
    enabled: bool
    scope: str  # group: one message per alarm and rung | person
    kinds: tuple[str, ...]
    sealed: bytes
    created_at: int
    last_at: int | None = None
    last_state: str | None = None
    last_error: str | None = None

    def carries(self, alarm_kind: str) -> bool:
        return self.enabled and (not self.kinds or alarm_kind in self.kinds)


def seal(vault: Vault, channel_id: str, fields: Mapping[str, str]) -> bytes:
    """Fields as bytes that open for this channel only."""
    return vault.seal(channel_id, _PART, dict(fields))


def unseal(vault: Vault, found: Channel) -> dict[str, str]:
    """Its fields; empty if they were sealed with another key."""
    try:
        return {name: str(value) for name, value in vault.open(found.id, _PART, found.sealed).items()}
    except InvalidTag:
        return {}


def everyone(connection: sa.Connection) -> list[Channel]:
    """All of them, in the order in which they were made."""
    query = sa.select(channel).order_by(channel.c.created_at, channel.c.id)
    return [_channel(row) for row in connection.execute(query)]


def carrying(connection: sa.Connection, alarm_kind: str) -> list[Channel]:
    """The enabled channels that carry alarms of this kind."""
    return [each for each in everyone(connection) if each.carries(alarm_kind)]


def find(connection: sa.Connection, channel_id: str) -> Channel | None:
    found = connection.execute(sa.select(channel).where(channel.c.id == channel_id)).first()
    return _channel(found) if found else None


def save(connection: sa.Connection, new: Channel) -> None:
    """Insert it, or change everything but when it was made and what it did last."""
    values = {
        "kind": new.kind,
        "name": new.name,
        "enabled": new.enabled,
        "scope": new.scope,
        "kinds": orjson.dumps(list(new.kinds)).decode(),
        "sealed": new.sealed,
    }
    changed = connection.execute(sa.update(channel).where(channel.c.id == new.id).values(**values))
    if not changed.rowcount:
        connection.execute(sa.insert(channel).values(id=new.id, created_at=new.created_at, **values))


def remove(connection: sa.Connection, channel_id: str) -> bool:
    return bool(connection.execute(sa.delete(channel).where(channel.c.id == channel_id)).rowcount)


def note(connection: sa.Connection, channel_id: str, state: str, error: str | None, at_ms: int) -> None:
    """What it did last, for the page where it is configured."""
    connection.execute(
        sa.update(channel)
        .where(channel.c.id == channel_id)
        .values(last_at=at_ms, last_state=state, last_error=error)
    )


def _channel(row: Any) -> Channel:
    return Channel(
        id=row.id,
        kind=row.kind,
        name=row.name,
        enabled=row.enabled,
        scope=row.scope,
        kinds=tuple(orjson.loads(row.kinds)),
        sealed=bytes(row.sealed),
        created_at=row.created_at,
        last_at=row.last_at,
        last_state=row.last_state,
        last_error=row.last_error,
    )
