"""What must hold of alarms after any trouble: none missing, none doubled, none climbed after an answer."""

from collections import Counter
from collections.abc import Iterator

import sqlalchemy as sa

from server.domain.alarm import Alarm, alarm_id
from server.domain.ticket_alarms import is_live
from server.store import alarms
from server.store.engine import reading
from server.store.tables_alerts import alarm as alarm_table
from server.store.tables_alerts import alert as alert_table
from server.store.tables_alerts import delivery
from tests.sim.truth import Truth

RUNNING = {"open", "acked", "unanswered"}


def check_alarms(engine: sa.Engine, truth: Truth) -> Iterator[str]:
    """Every claim about alarms, read off the database."""
    with reading(engine) as connection:
        ids = connection.execute(sa.select(alarm_table.c.id)).scalars().all()
        found = alarms.load(connection, ids)
        told = Counter(
            (row.alert_id or row.alarm_id, row.rung, row.channel, row.channel_id, row.target)
            for row in connection.execute(sa.select(delivery))
        )
        rows = {row.id: row for row in connection.execute(sa.select(alert_table))}
    yield from (f"A1 {what} is in the outbox {n} times" for what, n in told.items() if n > 1)
    for each in found.values():
        yield from _consistent(each, truth)
        for person, entry in each.people.items():
            row = rows.pop(entry["alert"], None)
            if row is None or (row.person_id, row.acked_at, row.rung) != (
                person,
                entry["acked_at"],
                entry["rung"],
            ):
                yield f"A2 the alert of {person} in {each.key} is {row}"
    yield from (f"A2 alert {id_} belongs to no alarm" for id_ in rows)
    yield from _nobody_forgotten(found, truth)


def _consistent(each: Alarm, truth: Truth) -> Iterator[str]:
    if each.id != alarm_id(each.key):
        yield f"A1 {each.key} is not its own"
    if [climb["rung"] for climb in each.climbs] != list(range(len(each.climbs))):
        yield f"A3 {each.key} skipped or repeated a rung: {each.climbs}"
    heard = each.ack_received_at
    late = [c["rung"] for c in each.climbs if heard is not None and c["done_at"] > heard]
    if late:
        yield f"A3 {each.key} climbed to {late} after it was answered"
    documents = {each.id, *(entry["alert"] for entry in each.people.values())}
    missing = documents - truth.published.keys()
    if missing:
        yield f"A2 {each.key} is not published: {missing}"
    elif truth.published[each.id].rev != each.rev:
        yield f"A2 {each.key} is published at rev {truth.published[each.id].rev}, it is {each.rev}"


def _nobody_forgotten(found: dict[str, Alarm], truth: Truth) -> Iterator[str]:
    calling = {
        each.subject[1] for each in found.values() if each.kind == "urgent_ticket" and each.state in RUNNING
    }
    for ticket in truth.tickets.values():
        if is_live(ticket) and ticket.id not in calling:
            yield f"A4 nobody is alarmed of the emergency {ticket.external_no} ({ticket.state})"
        if not is_live(ticket) and ticket.id in calling:
            yield f"A4 {ticket.external_no} still rings: {ticket.state}"
