"""What every test may ask for."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask

from server import start
from server.app import create_app
from server.config import Settings, master_key
from server.keys import make_master_key
from server.store import dump
from server.store.base import metadata
from tests import cast, postgres
from tests.cast import Browser
from tests.town import any_town, town, town_template  # noqa: F401 - fixtures


def pytest_configure() -> None:
    postgres.choose_folder()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with postgres.running_server() as address:
        yield address


@pytest.fixture(scope="session")
def postgres_url(postgres_server: str) -> Iterator[str]:
    """This worker's own database, empty at first."""
    name = f"jiban_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    with postgres.database(postgres_server, name) as url:
        yield url


@pytest.fixture(scope="session")
def town_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a key and a SQLite database that holds the cast; copied for each test."""
    folder = tmp_path_factory.mktemp("town")
    _settle(Settings(data=folder))
    return folder


def _settle(settings: Settings) -> Flask:
    """Tables, key and cast in an empty database. The migrations are tested by themselves."""
    if not settings.master_key_file.exists():
        make_master_key(settings.master_key_file)
    app = create_app(settings)
    engine = app.extensions["jiban"].engine
    dump.drop_all(engine)
    metadata.create_all(engine)
    with app.app_context():
        flask_migrate.stamp()
    start.remember_key(engine, master_key(settings.master_key_file))
    cast.load_cast(app)
    if engine.dialect.name == "sqlite":
        engine.dispose()
    return app


def _as_tested(app: Flask) -> Flask:
    app.testing = False  # errors are answered, as in production, not raised
    app.test_client_class = Browser
    return app


@pytest.fixture
def settings(town_folder: Path, tmp_path: Path) -> Settings:
    """Settings of a town of its own for the test, on SQLite; override to change them."""
    data = tmp_path / "data"
    shutil.copytree(town_folder, data)
    return Settings(data=data)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The app on SQLite, with the cast."""
    made = _as_tested(create_app(settings))
    yield made
    made.extensions["jiban"].engine.dispose()


@pytest.fixture
def postgres_app(postgres_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The app on PostgreSQL, with the cast."""
    made = _as_tested(_settle(Settings(data=tmp_path / "data-pg", database=postgres_url)))
    yield made
    made.extensions["jiban"].engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def any_app(request: pytest.FixtureRequest) -> Flask:
    """The app with the cast, once on SQLite and once on PostgreSQL."""
    found: Flask = request.getfixturevalue("app" if request.param == "sqlite" else "postgres_app")
    return found


@pytest.fixture
def visit(app: Flask) -> Callable[..., Browser]:
    """`visit("worker")`: a new browser in which he is signed in; `visit()`: nobody is."""

    def make(username: str | None = None) -> Browser:
        client = app.test_client()
        assert isinstance(client, Browser)
        return client.sign_in(username) if username else client

    return make
