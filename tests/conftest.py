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
from server.store.base import metadata
from tests import cast, postgres, quick
from tests.cast import Browser
from tests.town import (  # noqa: F401 - fixtures
    any_town,
    postgres_town,
    postgres_town_template,
    town,
    town_template,
)

LONG = {"process", "sim", "fuzz"}


def pytest_configure() -> None:
    postgres.choose_folder()
    if memory := quick.memory_folder():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", memory)  # where pytest makes its `tmp_path`


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: at the end no worker waits for another's."""
    items.sort(key=lambda item: not LONG & {mark.name for mark in item.iter_markers()})


@pytest.fixture(scope="session", autouse=True)
def _quick() -> Iterator[None]:
    with quick.quick_passwords(), quick.quick_routes():
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with postgres.running_server() as address:
        yield address


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database of the test's own."""
    with postgres.database(postgres_server, f"empty_{os.getpid()}") as url:
        yield url


@pytest.fixture(scope="session")
def postgres_cast(
    postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, str]]:
    """The keys, and the name of a PostgreSQL database that holds the cast; both copied for each test."""
    folder, name = tmp_path_factory.mktemp("cast-pg"), f"cast_{os.getpid()}"
    with postgres.database(postgres_server, name) as url:
        _settle(Settings(data=folder, database=url))
        yield folder, name


@pytest.fixture(scope="session")
def town_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a key and a SQLite database that holds the cast; copied for each test."""
    folder = tmp_path_factory.mktemp("town")
    _settle(Settings(data=folder))
    return folder


def _settle(settings: Settings) -> None:
    """Tables, key and cast in an empty database. The migrations are tested by themselves."""
    make_master_key(settings.master_key_file)
    app = create_app(settings)
    engine = app.extensions["jiban"].engine
    metadata.create_all(engine)
    start.know_migrations(app)
    with app.app_context():
        flask_migrate.stamp()
    start.remember_key(engine, master_key(settings.master_key_file))
    cast.load_cast(app)
    engine.dispose()


def _as_tested(app: Flask) -> Flask:
    quick.share_statements(app.extensions["jiban"].engine)
    app.testing = False  # errors are answered, as in production, not raised
    start.know_migrations(app)  # as under the flask command
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
def postgres_settings(
    postgres_server: str, postgres_cast: tuple[Path, str], tmp_path: Path
) -> Iterator[Settings]:
    """Settings of a town of its own for the test, on PostgreSQL."""
    folder, name = postgres_cast
    shutil.copytree(folder, tmp_path / "data-pg")
    with postgres.database(postgres_server, f"copy_of_{name}", name) as url:
        yield Settings(data=tmp_path / "data-pg", database=url)


@pytest.fixture
def postgres_app(postgres_settings: Settings) -> Iterator[Flask]:
    """The app on PostgreSQL, with the cast."""
    made = _as_tested(create_app(postgres_settings))
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
