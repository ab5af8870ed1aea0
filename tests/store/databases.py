"""A database of its own for a test of queries: empty tables, on SQLite or PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from server.store.base import metadata
from server.store.engine import engine_options, install


@contextmanager
def empty_tables(url: str, tables: Sequence[sa.Table]) -> Iterator[Engine]:
    """Exactly these tables, empty, until the end of the block."""
    made = sa.create_engine(url, **engine_options(url))
    install(made)
    metadata.drop_all(made, tables=tables)
    metadata.create_all(made, tables=tables)
    try:
        yield made
    finally:
        metadata.drop_all(made, tables=tables)
        made.dispose()
