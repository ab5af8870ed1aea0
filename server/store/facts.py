"""Facts about this database by name: is it the demo town, its key's fingerprint, versions, heartbeats."""

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from server.store.asked import Asked
from server.store.tables_people import SettingRow

DEMO = "demo"
DEMO_CAST = "demo_cast"  # JSON list of the user names that the sign-in page offers
KEY_FINGERPRINT = "key_fingerprint"
HEARTBEAT = "heartbeat:"  # + the name of a worker process → ms UTC of its last round


_READ = Asked(select(SettingRow.value).where(SettingRow.key == bindparam("key")))


def read(connection: Connection, key: str) -> str | None:
    """The fact's value, None if it was never written."""
    found = _READ.row(connection, key=key)
    return found[0] if found else None


def write(connection: Connection, key: str, value: str) -> None:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(
        insert(SettingRow)
        .values(key=key, value=value)
        .on_conflict_do_update(index_elements=[SettingRow.key], set_={"value": value})
    )


def beginning_with(connection: Connection, prefix: str) -> dict[str, str]:
    """All facts whose names begin so, by the rest of their names."""
    query = select(SettingRow.key, SettingRow.value).where(SettingRow.key.startswith(prefix, autoescape=True))
    return {row.key.removeprefix(prefix): row.value for row in connection.execute(query)}
