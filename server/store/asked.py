"""Small questions that are asked with every request, handed to the database's driver as they are.

SQLAlchemy makes the words, once for each database; executing them through it costs several times what the lookup
itself does. What the driver gives comes as plain tuples: a boolean of SQLite is 0 or 1.
"""

from collections import namedtuple
from collections.abc import Callable
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

Statement = Any  # of SQLAlchemy: a SELECT, a union of them, or text
Rows = list[Any]


class _Words(NamedTuple):
    """SQL of one database; `order`: its parameters where it counts them; `constants`: those that are ours."""

    sql: str
    order: tuple[str, ...] | None
    constants: dict[str, Any]
    row: Callable[[tuple[Any, ...]], Any] | None


class Asked:
    """A SELECT with named parameters; given as a function where its words depend on the database.

    `named`: the rows are named tuples.
    """

    def __init__(self, statement: Statement | Callable[[str], Statement], *, named: bool = False) -> None:
        self._statement = statement
        self._named = named
        self._made: dict[str, _Words] = {}

    def rows(self, connection: Connection, **bound: Any) -> Rows:
        """All rows. Raises what SQLAlchemy would for an error of the database."""
        made = self._made.get(connection.dialect.name) or self._make(connection)
        given = made.constants | bound
        values: Any = given if made.order is None else [given[name] for name in made.order]
        driver: Any = connection.connection.driver_connection
        known: Any = connection.dialect.dbapi
        try:
            found: Rows = driver.execute(made.sql, values).fetchall()
        except known.Error as error:
            raise sa.exc.DBAPIError.instance(
                made.sql, None, error, known.Error, dialect=connection.dialect
            ) from error
        return found if made.row is None else [made.row(each) for each in found]

    def row(self, connection: Connection, **bound: Any) -> Any:
        """The first row, or None."""
        found = self.rows(connection, **bound)
        return found[0] if found else None

    def _make(self, connection: Connection) -> _Words:
        dialect = connection.dialect
        statement = self._statement(dialect.name) if callable(self._statement) else self._statement
        compiled: Any = statement.compile(dialect=dialect)
        order = tuple(compiled.positiontup) if dialect.positional else None
        row = None
        if self._named:
            kind: Any = namedtuple("Row", [column.key for column in statement.selected_columns])  # type: ignore[misc]  # the statement knows its columns
            row = kind._make
        made = self._made[dialect.name] = _Words(str(compiled), order, dict(compiled.params), row)
        return made
