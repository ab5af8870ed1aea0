"""What a person's row said at an earlier moment, read back from the audit trail, which is never pruned."""

from dataclasses import replace

import orjson
import sqlalchemy as sa

from server.domain.roles import Actor
from server.store.tables_people import AuditRow

_WRITES = ("person.create", "person.change")


def as_of(connection: sa.Connection, person: Actor, at_ms: int) -> Actor | None:
    """The person with the role and unit that he had at `at_ms` (ms UTC); None if he was nobody here yet."""
    said: dict[str, str | None] = {}
    rows = connection.execute(
        sa.select(AuditRow.details)
        .where(AuditRow.subject == person.id, AuditRow.action.in_(_WRITES), AuditRow.at <= at_ms)
        .order_by(AuditRow.seq)
    )
    for details in rows.scalars():
        told = orjson.loads(details)
        said |= {name: told[name] for name in ("role", "unit_id") if name in told}
        if "unit" in told:  # as an account's first line calls it
            said["unit_id"] = told["unit"]
    role = said.get("role")
    return None if role is None else replace(person, role=role, unit_id=said.get("unit_id"))
