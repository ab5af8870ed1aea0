"""Rows of the intake: what the city sent at first, contact data sealed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
import sqlalchemy as sa

from server.store.tables_ticket import contact, intake_seen


@dataclass(frozen=True)
class Seen:
    """A number of the city's, the ticket it became and the keyed hash of each field as first sent."""

    external_no: str
    ticket_id: str
    fields: Mapping[str, str]
    received_at_ms: int


def find_seen(connection: sa.Connection, external_nos: Sequence[str]) -> dict[str, Seen]:
    """What came in under these numbers, by number."""
    rows = connection.execute(sa.select(intake_seen).where(intake_seen.c.external_no.in_(external_nos)))
    return {
        row.external_no: Seen(row.external_no, row.ticket_id, orjson.loads(row.fields), row.received_at)
        for row in rows
    }


def add_seen(connection: sa.Connection, seen: Sequence[Seen]) -> None:
    """Remember first contents, in the transaction that makes the tickets."""
    if not seen:
        return
    connection.execute(
        sa.insert(intake_seen),
        [
            {
                "external_no": each.external_no,
                "ticket_id": each.ticket_id,
                "fields": orjson.dumps(each.fields).decode(),
                "received_at": each.received_at_ms,
            }
            for each in seen
        ],
    )


def add_sealed(connection: sa.Connection, rows: Sequence[tuple[str, str, bytes, str | None]]) -> None:
    """Store (ticket id, part, sealed bytes, phone hash)."""
    if rows:
        names = ("ticket_id", "part", "sealed", "phone_hash")
        connection.execute(sa.insert(contact), [dict(zip(names, row, strict=True)) for row in rows])


def sealed_of(connection: sa.Connection, ticket_id: str) -> dict[str, bytes]:
    """Sealed bytes by part: "" as the ticket came in, then one for each supplement."""
    rows = connection.execute(
        sa.select(contact.c.part, contact.c.sealed).where(contact.c.ticket_id == ticket_id)
    )
    return {row.part: row.sealed for row in rows}
