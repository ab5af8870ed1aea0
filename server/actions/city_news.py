"""What the city says later of a ticket, and what the town tells it back (API.md “Intake”, updates)."""

from typing import Any

import sqlalchemy as sa

from server.actions.desk import Desk
from server.actions.handler import Beside
from server.actions.intake import CITY_AUTHOR, Refused
from server.actions.op_ids import derived_id
from server.domain import mask
from server.domain.roles import CITY, Actor, is_accused
from server.domain.ticket import Ticket
from server.store import tickets
from server.store.engine import reading
from sync.clock import rfc3339
from sync.op import Op, make_op
from sync.perform import perform

_RESULT = "result"
_REPORTED_STATES = frozenset({"replied", "closed"})


def tell(desk: Desk, external_no: str, news: dict[str, Any], now_ms: int) -> str:
    """Carry out one update, once per `update_no`; answers the ticket's id.

    Raises Refused: not_found, update_no_taken (the number came before with other content), or the rules' own.
    """
    with reading(desk.engine) as connection:
        ticket = tickets.find_by_no(connection, external_no)
    if ticket is None:
        raise Refused("not_found", {})
    op = _op(ticket, external_no, news)
    verdict = perform(desk.log, desk.handler.carrying(_beside(desk, op, news)), [op], CITY_AUTHOR, now_ms)[0]
    if verdict.code == "op_mismatch":
        raise Refused("update_no_taken", {"update_no": news["update_no"]})
    if verdict.outcome == "refused":
        raise Refused(verdict.code or "invalid_args", dict(verdict.details))
    return ticket.id


def _op(ticket: Ticket, external_no: str, news: dict[str, Any]) -> Op:
    id_ = derived_id("update", external_no, news["update_no"])
    text = mask.content(news["text"]) if news.get("text") else None
    if news["kind"] == _RESULT:
        args = {"resolved": news.get("resolved"), "satisfaction": news.get("satisfaction"), "text": text}
        return make_op(id_, "ticket.city_result", ticket.id, args)
    args = {"kind": news["kind"], "text": text}
    if news.get("external_due_at_ms") is not None:
        args["external_due_at"] = rfc3339(news["external_due_at_ms"])
    return make_op(id_, "ticket.city_update", ticket.id, args)


def _beside(desk: Desk, op: Op, news: dict[str, Any]) -> dict[str, Beside]:
    """A supplement's full text is sealed like the ticket's own; what the ticket holds of it is masked."""
    if not news.get("text") or op.subject is None:
        return {}
    sealed = desk.vault.seal(op.subject, op.id, {"content": news["text"]})
    return {op.id: Beside(op.subject, {op.id: sealed})}


def report(connection: sa.Connection, ticket: Ticket, reader: Actor = CITY) -> dict[str, Any] | None:
    """The approved packet for the city to take over, None before approval.

    A merged ticket is answered by its survivor's reply together with its own caller's callback, and no other
    caller's; None for a `reader` whose own unit the survivor complains about (DOMAIN §E). `hash` names what was
    approved: the survivor's whole packet.
    """
    answering = ticket
    if ticket.state == "merged" and ticket.merged_into is not None:
        answering = tickets.find(connection, ticket.merged_into) or ticket
    packet: dict[str, Any] | None = (answering.reply or {}).get("packet")
    if is_accused(reader, answering):
        return None
    if packet is None or answering.reply is None or answering.state not in _REPORTED_STATES:
        return None
    told = {**packet, "hash": answering.reply["hash"], "approved_at": answering.reply["approved_at"]}
    if answering is not ticket:
        told |= {"callback": packet["merged_callbacks"].get(ticket.id), "merged_callbacks": {}}
    return told
