"""How to reach people beside the app: phone, mail, accounts at other services. Staff data, never in a log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from server.store.tables_alerts import person_reach

_SOME = sa.select(person_reach.c.person_id, person_reach.c.phone).where(
    person_reach.c.phone.is_not(None), person_reach.c.person_id.in_(sa.bindparam("ids", expanding=True))
)


@dataclass(frozen=True)
class Reach:
    """One person's addresses. `accounts`: channel kind → account there. Not in reprs, which end up in logs."""

    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    accounts: Mapping[str, str] = field(default_factory=dict, repr=False)


def find(connection: Connection, person_id: str) -> Reach:
    """A person's addresses, empty if none were written down."""
    row = connection.execute(sa.select(person_reach).where(person_reach.c.person_id == person_id)).first()
    if row is None:
        return Reach()
    return Reach(row.phone, row.email, orjson.loads(row.accounts))


def phones(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Phone numbers by person, of those who have one."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    return {row.person_id: row.phone for row in connection.execute(_SOME, {"ids": wanted})}


def write(connection: Connection, person_id: str, reach: Reach, now_ms: int) -> None:
    """Put these addresses in place of those before."""
    values = {
        "phone": reach.phone,
        "email": reach.email,
        "accounts": orjson.dumps(dict(reach.accounts), option=orjson.OPT_SORT_KEYS).decode(),
        "changed_at": now_ms,
    }
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(
        insert(person_reach)
        .values(person_id=person_id, **values)
        .on_conflict_do_update(index_elements=[person_reach.c.person_id], set_=values)
    )
