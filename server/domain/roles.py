"""Who sees a ticket and who may do what to it (DOMAIN §E), and the buckets that carry it to phones."""

from collections.abc import Mapping
from dataclasses import dataclass

from server.domain.lifecycle import OPS
from server.domain.ticket import Ticket

ROLES = (
    "grid_worker",
    "unit_clerk",
    "unit_head",
    "dispatcher",
    "office_lead",
    "leading_group",
    "town_leader",
    "duty_room",
    "petition_officer",
    "kb_liaison",
    "auditor",
    "sys_admin",
)
UNIT_ROLES = frozenset({"unit_clerk", "unit_head"})
TOWN_ROLES = frozenset({"dispatcher", "town_leader", "office_lead"})
_NAMED_ROLES = frozenset({"grid_worker", "unit_clerk", "unit_head"})
_TICKETLESS_ROLES = frozenset({"kb_liaison", "auditor", "sys_admin"})
PETITION_TAG = "petition"
EMERGENCIES = "emergencies"
EMERGENCY_ROLES = frozenset({"duty_room", "office_lead", "dispatcher", "town_leader"})
"""Who watches all alarms and incidents (DOMAIN D20, §B emergency flow)."""
_OTHER_BUCKETS = {"duty_room": "urgent", "leading_group": "determining", "petition_officer": "petition"}


@dataclass(frozen=True, slots=True)
class Unit:
    """A member unit. `kind`: village (with its name in `village`), community, department or enterprise."""

    id: str
    name: str
    kind: str = "department"
    village: str | None = None
    duties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delegation:
    """A head lets a person sign for his unit from `from_ms` until before `to_ms` (DOMAIN D29)."""

    unit_id: str
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class Actor:
    """A person as the rules see him. `system`, `city` are actors too, with roles of the same names."""

    id: str
    username: str
    name: str
    role: str
    unit_id: str | None = None
    grid_id: str | None = None
    delegate_of: tuple[Delegation, ...] = ()
    revoked_at_ms: int | None = None


SYSTEM = Actor("system", "system", "系统", "system")
CITY = Actor("city", "city", "市12345热线", "city")


def barred_units(respondent: str | None, units: Mapping[str, Unit]) -> list[str]:
    """Units that must never learn of a complaint about `respondent`: it and its village's (信访条例 §30)."""
    if respondent is None:
        return []
    accused = units.get(respondent)
    if accused is None or not accused.village:
        return [respondent]
    return sorted({respondent} | {u.id for u in units.values() if u.village == accused.village})


def handlers_of(ticket: Ticket) -> set[str]:
    """The persons by name on the ticket: assignee, assistants, named handlers of a confidential one."""
    people = set(ticket.handlers)
    if ticket.confidential:
        return people
    people.update(ticket.assistants)
    if ticket.assignee is not None:
        people.add(ticket.assignee)
    return people


def open_units(ticket: Ticket) -> set[str]:
    """Units all of whose workers see a ticket that names nobody yet; if urgent, the joint units too."""
    if ticket.assignee is not None or ticket.lead_unit is None:
        return set()
    found = {ticket.lead_unit}
    if ticket.urgent:
        found.update(ticket.joint_units)
    return found


def buckets_of_ticket(ticket: Ticket) -> set[str]:
    """Names of the buckets that hold the ticket; empty when it has left the phones (SYNC: buckets)."""
    if ticket.state == "merged" or ticket.left_phones or ticket.category == "praise":
        return set()
    if ticket.confidential:
        return {"town-confidential", *(f"person:{p}" for p in ticket.handlers)}
    found = {"town", *(f"person:{p}" for p in handlers_of(ticket))}
    barred = ticket.barred_units
    if ticket.grid is not None and ticket.lead_unit not in barred:
        found.add(f"grid:{ticket.grid}")
    found.update(f"unit-open:{u}" for u in open_units(ticket) if u not in barred)
    for unit in (ticket.lead_unit, *ticket.joint_units):
        if unit is not None and unit not in barred:
            found.add(f"unit:{unit}")
    if ticket.urgent:
        found.add("urgent")
    if ticket.state == "determining":
        found.add("determining")
    if PETITION_TAG in ticket.tags:
        found.add("petition")
    return found


def buckets_of_person(actor: Actor) -> set[str]:
    """Names of the buckets that a person is entitled to; none once revoked."""
    if actor.revoked_at_ms is not None:
        return set()
    found = {f"person:{actor.id}"}
    role = actor.role
    if role in EMERGENCY_ROLES:
        found.add(EMERGENCIES)
    if role == "grid_worker":
        if actor.grid_id is not None:
            found.add(f"grid:{actor.grid_id}")
        if actor.unit_id is not None:
            found.add(f"unit-open:{actor.unit_id}")
    elif role in UNIT_ROLES and actor.unit_id is not None:
        found.add(f"unit:{actor.unit_id}")
    elif role in TOWN_ROLES:
        found.add("town")
        if role == "office_lead":
            found.add("town-confidential")
    else:
        extra = _OTHER_BUCKETS.get(role)
        if extra is not None:
            found.add(extra)
    return found


def is_accused(actor: Actor, ticket: Ticket) -> bool:
    """Whether the ticket is about the person's unit, so that he must not learn of it; the desk has to (DOMAIN §E)."""
    return actor.unit_id is not None and actor.unit_id in ticket.barred_units and actor.role not in TOWN_ROLES


def may_see(actor: Actor, ticket: Ticket, survivor: Ticket | None = None) -> bool:
    """Whether the person may read the ticket at all. A merged one is seen by those who see its survivor."""
    if actor.role in _TICKETLESS_ROLES:
        return False
    if actor.role in ("office_lead", "system", "city"):
        return True
    if is_accused(actor, ticket):
        return False
    if ticket.confidential:
        return actor.id in ticket.handlers
    if actor.role in TOWN_ROLES:
        return True
    if ticket.state == "merged" and survivor is not None and may_see(actor, survivor):
        return True
    return _has_by_place(actor, ticket)


def knows_survivor(actor: Actor, ticket: Ticket, survivor: Ticket | None) -> bool:
    """Whether the person may be told into what the ticket was merged, if it was (SYNC: wire, pull)."""
    return ticket.merged_into is None or (survivor is not None and may_see(actor, survivor))


def _has_by_place(actor: Actor, ticket: Ticket) -> bool:
    if actor.role in _NAMED_ROLES and (
        actor.id == ticket.assignee or actor.id in ticket.assistants or actor.id in ticket.handlers
    ):
        return True
    if actor.role in UNIT_ROLES:
        return actor.unit_id is not None and (
            actor.unit_id == ticket.lead_unit or actor.unit_id in ticket.joint_units
        )
    if actor.role == "grid_worker":
        in_grid = actor.grid_id is not None and actor.grid_id == ticket.grid
        return in_grid or (actor.unit_id is not None and actor.unit_id in open_units(ticket))
    if actor.role == "duty_room":
        return ticket.urgent
    if actor.role == "leading_group":
        return ticket.state == "determining" or "determined" in ticket.flags
    return actor.role == "petition_officer" and PETITION_TAG in ticket.tags


def signs_for(actor: Actor, unit_id: str | None, at_ms: int) -> bool:
    """Whether the person signs replies of the unit at that moment: its head, or the head's dated delegate."""
    if unit_id is None:
        return False
    if actor.role == "unit_head" and actor.unit_id == unit_id:
        return True
    return any(d.unit_id == unit_id and d.from_ms <= at_ms < d.to_ms for d in actor.delegate_of)


def _was_named(actor: Actor, ticket: Ticket) -> bool:
    """Whether the ticket is or was the person's own: a head who takes one on himself works on it like a clerk."""
    return actor.id == ticket.assignee or any(stint["assignee"] == actor.id for stint in ticket.stints)


def may_do(actor: Actor, name: str, ticket: Ticket | None, at_ms: int) -> bool:
    """Whether the role may do this operation at all (API: operations), whatever the state."""
    rule = OPS[name]
    if actor.role in rule.named and ticket is not None and _was_named(actor, ticket):
        return True
    if actor.role in rule.roles:
        if rule.delegable and ticket is not None:
            return signs_for(actor, ticket.lead_unit, at_ms)
        return True
    return rule.delegable and ticket is not None and signs_for(actor, ticket.lead_unit, at_ms)
