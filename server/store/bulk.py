"""Statements about many rows at once, in the words of both databases."""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

CHUNK = 1_000
T = TypeVar("T")


def upsert(connection: Connection, table: sa.Table, *, keep: Iterable[str] = ()) -> Any:
    """Insert, or overwrite all columns but the key and those to `keep`."""
    return _upsert(connection.dialect.name, table, tuple(keep))


@cache  # building a statement costs more than running it on a few rows
def _upsert(dialect: str, table: sa.Table, keep: tuple[str, ...]) -> Any:
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    key = [column.name for column in table.primary_key]
    fixed = {*key, *keep}
    return insert.on_conflict_do_update(
        index_elements=key,
        set_={
            column.name: insert.excluded[column.name] for column in table.columns if column.name not in fixed
        },
    )


def insert_new(connection: Connection, table: sa.Table) -> Any:
    """Insert what is not there yet; the others stay as they are."""
    return _insert_new(connection.dialect.name, table)


@cache
def _insert_new(dialect: str, table: sa.Table) -> Any:
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    return insert.on_conflict_do_nothing(index_elements=[column.name for column in table.primary_key])


def among(connection: Connection, column: Any) -> Any:
    """`column IN :ids` as one statement for any number of ids; bind `ids=listed(connection, …)`."""
    return _among(connection.dialect.name, column)


@cache
def _among(dialect: str, column: Any) -> Any:
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
