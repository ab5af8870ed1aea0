"""What the database holds, read in one snapshot."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server.domain.ticket import Ticket
from server.store.engine import reading
from server.store.people import Directory, directory
from server.store.tables_sync import OPEN, bucket_digest, entitlement, operation, published, receipt
from server.store.tables_ticket import ticket as ticket_table


@dataclass(frozen=True)
class Truth:
    """Operations, tickets, rows and rights by id, bucket or person."""

    operations: Mapping[str, Any]
    receipts: Mapping[str, list[Any]]
    tickets: Mapping[str, Ticket]
    published: Mapping[str, Any]
    entitled: Mapping[str, set[str]]
    digests: Mapping[str, tuple[int, str]]
    register: Directory


def read_truth(engine: sa.Engine) -> Truth:
    with reading(engine) as connection:
        entitled: dict[str, set[str]] = {}
        for row in connection.execute(sa.select(entitlement).where(entitlement.c.to_seq == OPEN)):
            entitled.setdefault(row.person, set()).add(row.bucket)
        receipts: dict[str, list[Any]] = {}
        for row in connection.execute(sa.select(receipt)):
            receipts.setdefault(row.op_id, []).append(row)
        bodies = connection.execute(sa.select(ticket_table.c.id, ticket_table.c.body))
        return Truth(
            {row.id: row for row in connection.execute(sa.select(operation))},
            receipts,
            {row.id: Ticket.from_dict(json.loads(row.body)) for row in bodies},
            {row.id: row for row in connection.execute(sa.select(published))},
            entitled,
            {row.bucket: (row.count, row.checksum) for row in connection.execute(sa.select(bucket_digest))},
            directory(connection),
        )
