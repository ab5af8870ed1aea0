"""A person who changes units takes no ticket along that is about the new one."""

from server.actions.desk import Desk
from server.domain.derived import derived_id
from server.domain.recusal import must_let_go
from server.domain.roles import SYSTEM, Actor
from server.store import tickets
from server.store.oplog import Writing
from sync.log import Author
from sync.op import make_op
from sync.perform import perform_in

_SYSTEM_AUTHOR = Author("system", None, SYSTEM)


def recuse(desk: Desk, tx: Writing, person: Actor, now_ms: int) -> int:
    """Take the person, as he is from now on, off every ticket about his unit, within `tx`; how many there were."""
    named = tickets.named_on(tx.connection, person.id)
    ops = [
        make_op(
            derived_id("recuse", id_, person.id, str(now_ms)), "ticket.recuse", id_, {"person": person.id}
        )
        for id_, ticket in sorted(named.items())
        if must_let_go(person, ticket)
    ]
    if ops:
        perform_in(tx, desk.handler, ops, _SYSTEM_AUTHOR, now_ms)
    return len(ops)
