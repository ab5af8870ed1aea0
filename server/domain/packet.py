"""The packet that leaves the house, and the hash to which an approval is bound (SYNC: facts and decisions)."""

import hashlib
import json
from collections.abc import Iterable

from server.domain.callbacks import effective
from server.domain.rules import Rules
from server.domain.ticket import Json, Ticket

_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_EVIDENCE = frozenset({"ticket.arrive", "ticket.on_site_done", "ticket.note"})


def _counting(timeline: Iterable[Json], cycle: int) -> list[Json]:
    return [e for e in timeline if e["cycle"] == cycle and e["name"] in _EVIDENCE and "retracted_by" not in e]


def as_packed(entry: Json | None) -> Json | None:
    """A callback as it leaves with the reply."""
    if entry is None:
        return None
    return {
        "id": entry["id"],
        "by": entry["actor"]["name"],
        "occurred_at": entry["occurred_at"],
        "summary": entry["text"],
        **entry["callback"],
    }


def build(ticket: Ticket, reply: Json, rules: Rules) -> Json:
    """The packet of a reply: texts, finding, resolution, effective callback, photo hashes, joint results.

    The callbacks to the callers of merged tickets go along, each on his own ticket (DOMAIN §B, merge).
    """
    cycle = reply["cycle"]
    facts = _counting(ticket.timeline, cycle)
    joint = [e for e in facts if e["name"] == "ticket.on_site_done" and "joint" in e]
    return {
        "finding": reply["finding"],
        "resolution": reply["resolution"],
        "text": reply["text"],
        "public_text": reply["public_text"],
        "cycle": cycle,
        "callback": as_packed(effective(ticket.timeline, cycle, rules)),
        "merged_callbacks": {child["id"]: child["effective"] for child in ticket.merged},
        "photos": sorted({p["sha256"] for e in facts for p in e["photos"]}),
        "joint_results": sorted(
            ({"id": e["id"], "unit": e["joint"]["name"], "text": e["text"]} for e in joint),
            key=lambda one: one["id"],
        ),
    }


def packet_hash(packet: Json) -> str:
    """SHA-256 of the packet's canonical JSON, 64 hex digits."""
    return hashlib.sha256(_CANONICAL.encode(packet).encode()).hexdigest()
