"""Configured channels made, changed and taken away, each with its line in the audit and never a secret there."""

from dataclasses import replace
from typing import Any

from sqlalchemy.engine import Connection

from server.domain.roles import Actor
from server.store import audit, channels
from server.store.channels import Channel
from server.store.contacts import Vault
from server.store.engine import writing

MASK = "••••"
_TAIL = 4


def masked(value: str) -> str:
    """What is left to see of a secret: enough to tell two apart, nothing of a short one."""
    return MASK + value[-_TAIL:] if len(value) >= 3 * _TAIL else MASK


def merged(kept: dict[str, str], given: dict[str, str], secrets: frozenset[str]) -> dict[str, str]:
    """The fields as they shall be: an empty one is none, a secret left out or sent as its mask stays as it was."""
    found = {name: value for name, value in given.items() if value and not value.startswith(MASK)}
    for name in secrets & kept.keys():
        if name not in given or given[name].startswith(MASK):
            found[name] = kept[name]
    return found


def astray(
    kept: dict[str, str],
    given: dict[str, str],
    filled: dict[str, str],
    addresses: frozenset[str],
    secrets: frozenset[str],
) -> list[str]:
    """The secrets that would go to another address than the one they were given for: they must be given anew."""
    moved = {name for name in addresses if kept.get(name) != filled.get(name)}
    if not moved:
        return []
    stays = {name for name in kept if name not in given or given[name].startswith(MASK)}
    return sorted((secrets & stays) - moved)


def create(
    connection: Connection, vault: Vault, by: Actor, new: Channel, fields: dict[str, str], now_ms: int
) -> None:
    """Store a new channel with these fields, sealed."""
    channels.save(connection, replace(new, sealed=channels.seal(vault, new.id, fields)))
    audit.append(connection, now_ms, by.id, "channel.create", new.id, **_about(new))


def change(
    connection: Connection,
    vault: Vault,
    by: Actor,
    old: Channel,
    new: Channel,
    fields: dict[str, str],
    now_ms: int,
) -> None:
    """Store a channel's new settings; the audit names the fields that changed, not what they hold."""
    before = channels.unseal(vault, old)
    names = sorted(name for name in before.keys() | fields.keys() if before.get(name) != fields.get(name))
    channels.save(connection, replace(new, sealed=channels.seal(vault, new.id, fields)))
    audit.append(connection, now_ms, by.id, "channel.change", new.id, **_about(new), fields=names)


def remove(connection: Connection, by: Actor, old: Channel, now_ms: int) -> None:
    """Take a channel away; what waits to be sent by it fails."""
    channels.remove(connection, old.id)
    audit.append(connection, now_ms, by.id, "channel.remove", old.id, **_about(old))


def note_test(engine: Any, by: Actor, tested: Channel, state: str, error: str | None, now_ms: int) -> None:
    """What the test button found, on the channel and in the audit."""
    with writing(engine) as connection:
        channels.note(connection, tested.id, state, error, now_ms)
        audit.append(
            connection, now_ms, by.id, "channel.test", tested.id, kind=tested.kind, state=state, error=error
        )


def _about(one: Channel) -> dict[str, Any]:
    return {"kind": one.kind, "name": one.name, "enabled": one.enabled, "kinds": list(one.kinds)}
