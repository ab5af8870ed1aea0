"""Reads the one transition table, `lifecycle.json`, which the PWA holds a copy of (DOMAIN §B)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class OpRule:
    """One operation: a fact, a decision or the server's own; who, from which states, what makes it stale."""

    name: str
    kind: str
    offline: bool
    roles: frozenset[str]
    named: frozenset[str]  # roles that may only on a ticket that they were given by name
    states: frozenset[str]
    to: str | None
    depends: frozenset[str]
    touches: tuple[str, ...]
    delegable: bool


def _rule(name: str, raw: dict[str, Any]) -> OpRule:
    return OpRule(
        name=name,
        kind=raw["kind"],
        offline=raw["offline"],
        roles=frozenset(raw["roles"]),
        named=frozenset(raw.get("named", ())),
        states=frozenset(raw["from"]),
        to=raw["to"],
        depends=frozenset(raw["depends"]),
        touches=tuple(raw["touches"]),
        delegable=raw.get("delegable", False),
    )


TABLE: dict[str, Any] = json.loads(Path(__file__).with_name("lifecycle.json").read_text("utf-8"))
OPS: dict[str, OpRule] = {name: _rule(name, raw) for name, raw in TABLE["ops"].items()}
STATES: frozenset[str] = frozenset(TABLE["states"])
OPEN_STATES: frozenset[str] = frozenset(s for s, raw in TABLE["states"].items() if raw["open"])
PERSON_OPS: frozenset[str] = frozenset(n for n, r in OPS.items() if r.kind != "server")
"""Operations that a phone or the office may push; the server's own come only through `sync.push.perform`."""
