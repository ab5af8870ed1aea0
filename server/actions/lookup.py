"""A ticket looked up by the city's number, to raise the alarm for it before one can see it (DOMAIN §E)."""

from sqlalchemy.engine import Engine

from server.domain.roles import Actor, is_accused, may_see
from server.domain.ticket import Ticket
from server.store import audit, tickets
from server.store.engine import reading, writing


def by_number(engine: Engine, actor: Actor, external_no: str, now_ms: int) -> tuple[Ticket, bool] | None:
    """The ticket and whether it is the reader's to read; a look at one that is not goes to the audit trail.

    None for a number that is unknown, and in the same way for a ticket that he may not even know of: a
    confidential one, or a complaint about his own unit.
    """
    with reading(engine) as connection:
        ticket = tickets.find_by_no(connection, external_no)
        into = ticket.merged_into if ticket is not None else None
        survivor = tickets.find(connection, into) if into is not None else None
    if ticket is None:
        return None
    if may_see(actor, ticket, survivor):
        return ticket, True
    if ticket.confidential or is_accused(actor, ticket):
        return None
    with writing(engine) as connection:
        audit.append(connection, now_ms, actor.id, "ticket.look_up", ticket.id, number=external_no)
    return ticket, False
