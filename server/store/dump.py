"""The database out to files and back: SQLite by its own online backup, PostgreSQL table by table as JSON lines."""

import base64
import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import MetaData, Table, insert, inspect, select, text
from sqlalchemy.engine import Connection, Engine

from server.store.engine import reading, writing

SQLITE_FILE = "jiban.db"
ROWS_AT_ONCE = 500
_BYTES = "$bytes"  # bytes have no JSON of their own


class BrokenDump(Exception):
    """The files are not whole; nothing was brought back."""


def save_sqlite(engine: Engine, target: Path) -> None:
    """A consistent copy while the server goes on writing."""
    raw = engine.raw_connection()
    try:
        copy = sqlite3.connect(target)
        try:
            source: sqlite3.Connection = raw.driver_connection  # type: ignore[assignment]  # SQLite's it is
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, whole by itself
        finally:
            copy.close()
    finally:
        raw.close()
    check_sqlite(target)


def check_sqlite(file: Path) -> None:
    """Raises BrokenDump unless it is a whole SQLite database."""
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        found = connection.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.DatabaseError as error:
        raise BrokenDump(f"{file.name}: {error}") from error
    finally:
        connection.close()
    if found != ("ok",):
        raise BrokenDump(f"{file.name}: {found}")


def save_tables(engine: Engine, folder: Path) -> None:
    """Every table of one snapshot as `<table>.jsonl`."""
    folder.mkdir()
    with reading(engine) as connection:
        for table in _tables(connection):
            with (folder / f"{table.name}.jsonl").open("wb") as file:
                for line in _lines(connection, table):
                    file.write(line)


def _tables(connection: Connection) -> list[Table]:
    """The tables as the database has them, in an order that foreign keys allow."""
    found = MetaData()
    found.reflect(connection)
    return found.sorted_tables


def _lines(connection: Connection, table: Table) -> Iterator[bytes]:
    with connection.execution_options(yield_per=ROWS_AT_ONCE).execute(select(table)) as rows:
        for row in rows:
            named = {str(key): value for key, value in row._mapping.items()}  # keys may be a kind of str
            yield orjson.dumps(named, default=_packed, option=orjson.OPT_APPEND_NEWLINE)


def _packed(value: Any) -> dict[str, str]:
    return {_BYTES: base64.b64encode(bytes(value)).decode()}


def load_tables(engine: Engine, folder: Path) -> None:
    """Fill the tables of an empty, migrated database; what Alembic notes of itself is there already."""
    with writing(engine) as connection:
        for table in _tables(connection):
            file = folder / f"{table.name}.jsonl"
            if table.name == "alembic_version" or not file.exists():
                continue
            with file.open("rb") as lines:
                while some := [_row(line) for line in islice(lines, ROWS_AT_ONCE)]:
                    connection.execute(insert(table), some)


def _row(line: bytes) -> dict[str, Any]:
    try:
        row: dict[str, Any] = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BrokenDump(str(error)) from error
    return {
        key: base64.b64decode(value[_BYTES]) if isinstance(value, dict) and _BYTES in value else value
        for key, value in row.items()
    }


def drop_all(engine: Engine) -> None:
    """An empty database."""
    with writing(engine) as connection:
        for table in reversed(_tables(connection)):
            table.drop(connection)


def revision(engine: Engine) -> str | None:
    """Alembic's name of the state of the tables."""
    with reading(engine) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
