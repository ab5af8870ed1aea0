"""What has to hold before the server answers: keys, tables, and that demo and real towns never mix."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from sqlalchemy import func, inspect, select
from sqlalchemy.engine import Connection, Engine

from server.alerts.couriers import vapid_of, widened_of
from server.api.context import Parts
from server.clock import now_ms
from server.config import SettingError, Settings, key_fingerprint, master_key
from server.keys import make_master_key
from server.store import dump, facts
from server.store.base import db
from server.store.engine import reading, writing
from server.store.tables_people import PersonRow, SettingRow

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
DEMO_LOADING = "loading"
DEMO_LOADED = "loaded"


def prepare(app: Flask) -> None:
    """Make or check the key, bring the tables up to date, load the demo town at its first start.

    Raises SettingError with words that say what to do.
    """
    parts: Parts = app.extensions["jiban"]
    settings, engine = parts.settings, parts.engine
    with _alone(settings):
        check_towns(settings, engine)
        if settings.demo and not settings.master_key_file.exists() and _is_new(engine):
            make_master_key(settings.master_key_file)
        key = master_key(settings.master_key_file)
        if settings.demo and _demo_state(engine) == DEMO_LOADING:
            dump.drop_all(engine)  # the last start was cut short; a demo town holds nothing of anybody's
        migrate(app)
        remember_key(engine, key)
        vapid_of(settings)
        widened_of(settings)
        if settings.demo and _demo_state(engine) is None:
            _load_demo(app, parts)


def check(settings: Settings, engine: Engine) -> None:
    """The same looked at, nothing made: for a server started by other hands than `server.run`."""
    key = master_key(settings.master_key_file)
    check_towns(settings, engine)
    if _is_new(engine):
        raise SettingError("The database is empty: run `flask --app wsgi db upgrade` first.")
    with reading(engine) as connection:
        _check_key(connection, key)


def migrate(app: Flask, revision: str = "head") -> None:
    """Bring the tables to this version, the newest one if none is named."""
    import flask_migrate

    know_migrations(app)
    with app.app_context():
        flask_migrate.upgrade(revision=revision)


def know_migrations(app: Flask) -> None:
    """Give the app Flask-Migrate and `flask db`. Who only serves does without: Alembic is 14 MB in each process."""
    from flask_migrate import Migrate

    if "migrate" not in app.extensions:
        Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True, compare_type=True)


def remember_key(engine: Engine, key: bytes) -> None:
    """Note the key's fingerprint in a new database; refuse a database that was used with another key."""
    with writing(engine) as connection:
        if not _check_key(connection, key):
            facts.write(connection, facts.KEY_FINGERPRINT, key_fingerprint(key))


def _check_key(connection: Connection, key: bytes) -> bool:
    known = facts.read(connection, facts.KEY_FINGERPRINT)
    if known is not None and known != key_fingerprint(key):
        raise SettingError(
            "The keys folder does not belong to this database: contact data could not be read. "
            "Bring back the keys folder that was saved with it."
        )
    return known is not None


def check_towns(settings: Settings, engine: Engine) -> None:
    """A demo start never touches real accounts, a real start never serves the demo's known passwords."""
    if _is_new(engine):
        return
    with reading(engine) as connection:
        demo = facts.read(connection, facts.DEMO) is not None
        people = connection.execute(select(func.count()).select_from(PersonRow)).scalar() or 0
    if settings.demo and people and not demo:
        raise SettingError(
            "JIBAN_DEMO is set, but this database holds real accounts. Start it with `make serve`, "
            "or point JIBAN_DATA (or DATABASE_URL) at an empty place for the demo town."
        )
    if demo and not settings.demo:
        raise SettingError(
            "This database holds the demo town, whose passwords everybody knows. Start it with `make run`, "
            "or point JIBAN_DATA (or DATABASE_URL) at an empty place."
        )


def _is_new(engine: Engine) -> bool:
    return not inspect(engine).has_table(SettingRow.__tablename__)


def _demo_state(engine: Engine) -> str | None:
    if _is_new(engine):
        return None
    with reading(engine) as connection:
        return facts.read(connection, facts.DEMO)


def _load_demo(app: Flask, parts: Parts) -> None:
    from server.demo.load import load

    with writing(parts.engine) as connection:
        facts.write(connection, facts.DEMO, DEMO_LOADING)
    with app.app_context():
        load(parts.desk, now_ms(), parts.photo_desk)
    with writing(parts.engine) as connection:
        facts.write(connection, facts.DEMO, DEMO_LOADED)


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Two servers started on one data folder at once prepare it one after the other."""
    settings.data.mkdir(parents=True, exist_ok=True)
    with (settings.data / "prepare.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
