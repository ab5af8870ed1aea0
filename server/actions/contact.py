"""Looking at a caller's name and number: who may, and that it is written down (DOMAIN E, PII)."""

from typing import Any

from server.actions.desk import Desk
from server.domain.roles import Actor, handlers_of
from server.domain.ticket import Ticket
from server.store import audit, intake_rows
from server.store.engine import writing

_BY_NAME_ONLY = frozenset({"grid_worker", "petition_officer", "leading_group"})


def may_reveal(actor: Actor, ticket: Ticket) -> bool:
    """Whether calling this resident is the person's work; asked of one who may see the ticket.

    A grid worker must be on the ticket by name, unless nobody is yet.
    """
    if actor.id in handlers_of(ticket):
        return True
    if actor.role == "grid_worker":
        return ticket.assignee is None
    return actor.role not in _BY_NAME_ONLY


def reveal(desk: Desk, actor: Actor, ticket: Ticket, purpose: str, now_ms: int) -> dict[str, Any]:
    """The contact data and the unmasked text, after the look was written to the audit trail."""
    with writing(desk.engine) as connection:
        sealed = intake_rows.sealed_of(connection, ticket.id)
        audit.append(connection, now_ms, actor.id, "contact.reveal", ticket.id, purpose=purpose)
    opened = {part: desk.vault.open(ticket.id, part, box) for part, box in sealed.items()}
    first = opened.pop("", {})
    return {
        "name": first.get("name"),
        "phone": first.get("phone"),
        "title": first.get("title"),
        "content": first.get("content"),
        "supplements": [str(each.get("content", "")) for each in opened.values()],
    }
