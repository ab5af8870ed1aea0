"""A town to play in, made once and put back for every seed: template, app, and faults at its COMMIT."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from server.app import create_app
from server.config import Settings
from server.store.base import metadata
from server.store.engine import reading, writing
from sync import op as sync_op
from tests.quick import quick_passwords
from tests.sim.trouble import CommitTrouble
from tests.town import Town, settle, standing_clock

DATABASE = "jiban.db"


class Ground:
    """The app over a folder of its own; `fresh()` puts its database back to the empty town."""

    def __init__(self, folder: Path, database: str | None = None) -> None:
        self.settings = Settings(data=folder / "town", database=database, demo=True, log_level="error")
        with quick_passwords():
            settle(self.settings)
        self.app: Flask = create_app(self.settings)
        self.engine = self.app.extensions["jiban"].desk.engine
        self.sqlite = self.engine.dialect.name == "sqlite"
        self.file = self.settings.data / DATABASE
        self.template = folder / "template.db"
        if self.sqlite:
            self.save(self.template)
            # A crash of the machine is not among the faults here, so nothing needs to reach its disk.
            event.listen(self.engine, "connect", _careless)
        else:
            with reading(self.engine) as connection:
                tables = metadata.sorted_tables
                found = {table: connection.execute(table.select()).mappings() for table in tables}
                self.rows = {table: [dict(row) for row in rows] for table, rows in found.items()}
        self.commits = CommitTrouble(self.engine)

    @contextmanager
    def fresh(self, dice: Any) -> Iterator[Town]:
        """The town without tickets, its clock standing, new ids from the dice."""
        self.commits.trouble = None
        if self.sqlite:
            self.put_back(self.template)
        else:
            self._load_again()
        shutil.rmtree(self.settings.data / "photos", ignore_errors=True)
        shutil.rmtree(self.settings.data / "uploads", ignore_errors=True)
        real, sync_op.os = sync_op.os, SimpleNamespace(urandom=dice.randbytes)  # type: ignore[attr-defined]
        try:
            with quick_passwords(), standing_clock() as fake:
                yield Town(self.app, fake)
        finally:
            self.commits.trouble = None
            sync_op.os = real  # type: ignore[attr-defined]

    def save(self, target: Path) -> None:
        """A consistent copy of the database, SQLite only."""
        self.engine.dispose()
        with closing(sqlite3.connect(self.file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(self.file, target)

    def put_back(self, source: Path) -> None:
        """The copy takes the place of the database, SQLite only."""
        self.engine.dispose()
        for ending in ("-wal", "-shm"):
            Path(f"{self.file}{ending}").unlink(missing_ok=True)
        fresh = self.file.with_suffix(".fresh")
        shutil.copyfile(source, fresh)
        fresh.replace(self.file)  # another file: nobody still writes into this one

    def _load_again(self) -> None:
        names = ", ".join(f'"{table.name}"' for table in self.rows)
        with writing(self.engine) as connection:
            connection.execute(sa.text(f"TRUNCATE {names} CASCADE"))
            for table, rows in self.rows.items():
                if rows:
                    connection.execute(table.insert(), rows)


def _careless(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()
