"""Statements about many rows at once, in the words of both databases.

SQL text is made once per table. Its rows go to SQLite's driver as they are (SQLAlchemy's handling of parameters
was half of the time), and to PostgreSQL as one JSON text: a statement per row took three times as long, and
arrays as long again, for the driver escapes them in Python.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from operator import itemgetter
from typing import Any, TypeVar

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection

CHUNK = 1_000
T = TypeVar("T")
Rows = Sequence[Mapping[str, Any]]

_TYPES = ((sa.Boolean, "bool"), (sa.Float, "float8"), (sa.Integer, "int8"))


def insert(connection: Connection, table: sa.Table, rows: Rows) -> None:
    """Insert rows; all of them name the same columns, at least two."""
    _execute(connection, table, rows, "")


def insert_new(connection: Connection, table: sa.Table, rows: Rows) -> None:
    """Insert what is not there yet; the others stay as they are."""
    _execute(connection, table, rows, "DO NOTHING")


def upsert(connection: Connection, table: sa.Table, rows: Rows, *, keep: Iterable[str] = ()) -> None:
    """Insert, or overwrite the named columns but the key and those to `keep`. No key comes twice."""
    kept = {*(column.name for column in table.primary_key), *keep}
    changed = [f"{name} = excluded.{name}" for name in (rows[0] if rows else ()) if name not in kept]
    _execute(connection, table, rows, f"DO UPDATE SET {', '.join(changed)}" if changed else "DO NOTHING")


def update(connection: Connection, table: sa.Table, rows: Rows) -> None:
    """Change the named columns, besides `id`, of the rows with these ids; all of them name the same columns.

    Indices of columns that are not named stay untouched, on both databases.
    """
    if not rows:
        return
    names = tuple(name for name in rows[0] if name != "id")
    postgres = connection.dialect.name == "postgresql"
    sql = _update_sql(table, names, postgres=postgres)
    if postgres:
        connection.exec_driver_sql(sql, (orjson.dumps(rows).decode(),))
    else:
        connection.exec_driver_sql(sql, list(map(itemgetter(*names, "id"), rows)))


def among(dialect: str, column: Any) -> Any:
    """`column IN :ids` as one statement for any number of ids; bind `ids=listed(connection, …)`."""
    if dialect == "postgresql":
        return column == sa.any_(sa.bindparam("ids", type_=postgresql.ARRAY(sa.Text)))
    values = sa.func.json_each(sa.bindparam("ids", type_=sa.Text)).table_valued("value")
    return column.in_(sa.select(values.c.value))


def listed(connection: Connection, ids: Sequence[Any]) -> Any:
    """The value to bind for `among`."""
    return list(ids) if connection.dialect.name == "postgresql" else json.dumps(list(ids))


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    left = iter(items)
    while part := list(islice(left, size)):
        yield part


def _execute(connection: Connection, table: sa.Table, rows: Rows, conflict: str) -> None:
    if not rows:
        return
    names = tuple(rows[0])
    postgres = connection.dialect.name == "postgresql"
    sql = _sql(table, names, conflict, postgres=postgres)
    if postgres:
        connection.exec_driver_sql(sql, (orjson.dumps(rows).decode(),))
    else:
        connection.exec_driver_sql(sql, list(map(itemgetter(*names), rows)))


@cache
def _sql(table: sa.Table, names: tuple[str, ...], conflict: str, *, postgres: bool) -> str:
    if postgres:
        columns = ", ".join(f"{name} {_type(table.c[name])}" for name in names)
        source = f"SELECT {', '.join(names)} FROM json_to_recordset(%s::json) AS given({columns})"  # noqa: S608 - names of our own tables
    else:
        source = f"VALUES ({', '.join('?' * len(names))})"
    key = ", ".join(column.name for column in table.primary_key)
    tail = f" ON CONFLICT ({key}) {conflict}" if conflict else ""
    return f"INSERT INTO {table.name} ({', '.join(names)}) {source}{tail}"


@cache
def _update_sql(table: sa.Table, names: tuple[str, ...], *, postgres: bool) -> str:
    if not postgres:
        changes = ", ".join(f"{name} = ?" for name in names)
        return f"UPDATE {table.name} SET {changes} WHERE id = ?"  # noqa: S608 - names of our own tables
    columns = ", ".join(f"{name} {_type(table.c[name])}" for name in (*names, "id"))
    changes = ", ".join(f"{name} = given.{name}" for name in names)
    return (
        f"UPDATE {table.name} SET {changes} FROM json_to_recordset(%s::json) AS given({columns}) "  # noqa: S608
        f"WHERE {table.name}.id = given.id"
    )


def _type(column: sa.Column[Any]) -> str:
    return next((name for kind, name in _TYPES if isinstance(column.type, kind)), "text")
