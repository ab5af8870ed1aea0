"""Reads the table of emergency operations, `emergency_ops.json`, which the PWA holds a copy of (DOMAIN §B)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.domain.roles import ROLES


@dataclass(frozen=True, slots=True)
class EmergencyRule:
    """One operation: fact, decision or the server's own; whose; from which states, and what makes it stale."""

    name: str
    kind: str
    offline: bool
    roles: frozenset[str]
    states: frozenset[str]
    depends: frozenset[str]
    touches: tuple[str, ...]


def _rule(name: str, raw: dict[str, Any]) -> EmergencyRule:
    return EmergencyRule(
        name=name,
        kind=raw["kind"],
        offline=raw["offline"],
        roles=frozenset(ROLES if raw["roles"] == "all" else raw["roles"]),
        states=frozenset(raw.get("from", ())),
        depends=frozenset(raw.get("depends", ())),
        touches=tuple(raw.get("touches", ())),
    )


EMERGENCY_TABLE: dict[str, Any] = json.loads(
    Path(__file__).with_name("emergency_ops.json").read_text("utf-8")
)
EMERGENCY_OPS: dict[str, EmergencyRule] = {
    name: _rule(name, raw) for name, raw in EMERGENCY_TABLE["ops"].items()
}
INCIDENT_STATES: tuple[str, ...] = tuple(EMERGENCY_TABLE["states"])
PERSON_EMERGENCY_OPS: frozenset[str] = frozenset(n for n, r in EMERGENCY_OPS.items() if r.kind != "server")
"""What a phone or the office may push; the server's own come only through `sync.perform`."""
