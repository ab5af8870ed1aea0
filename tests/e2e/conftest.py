"""Demo towns on real servers, and people in front of real browsers: phones that keep what they stored."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect, sync_playwright

from server.demo.people import PASSWORD
from tests.device import Phone
from tests.e2e.city import City
from tests.e2e.person import PATIENCE_MS, People, Person
from tests.e2e.wire import Wire
from tests.serving import ROOT, Server, free_port

DUTY_PHONE = "0769-88330000"
TEST_S_MAX = 600


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product in a folder of this run, so that a new version of the app can be brought out in it."""
    folder = tmp_path_factory.mktemp("release")
    shutil.copy(ROOT / "wsgi.py", folder)
    for part in ("server", "sync", "migrations", "pwa/dist"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="session")
def demo_data(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the demo town, loaded once and copied for each server."""
    data = tmp_path_factory.mktemp("demo") / "data"
    loading = Server(demo_settings(data), root=release)
    loading.start()
    loading.stop()
    return data


def demo_settings(data: Path) -> dict[str, str]:
    return {
        "JIBAN_DEMO": "1",
        "JIBAN_DATA": str(data),
        "JIBAN_LOG_LEVEL": "error",
        "JIBAN_DUTY_PHONE": DUTY_PHONE,
    }


@pytest.fixture(scope="module")
def start_town(
    release: Path, demo_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Server]]:
    """`start_town(JIBAN_X="…")`: a server with a fresh demo town, until the end of the module.

    Each module has its own, so that what one leaves behind (tickets, clocks that run, alarms) is not in the
    next one's way.
    """
    started: list[Server] = []

    def start(**settings: str) -> Server:
        data = tmp_path_factory.mktemp("town") / "data"
        shutil.copytree(demo_data, data)
        started.append(Server(demo_settings(data) | settings, root=release))
        started[-1].start()
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture(scope="module")
def server(start_town: Callable[..., Server]) -> Server:
    """The town of this module, with no setting of its own."""
    return start_town()


@pytest.fixture(scope="session")
def push_port() -> int:
    """Where the hurried town may push to on this machine, if a test listens there."""
    return free_port()


@pytest.fixture(scope="module")
def hurried(start_town: Callable[..., Server], push_port: int) -> Server:
    """A town where five minutes of a ladder take nine seconds; it may push to a service on this machine."""
    return start_town(JIBAN_LADDER_SCALE="0.03", JIBAN_PUSH_HOSTS=f"127.0.0.1:{push_port}")


@pytest.fixture(scope="session")
def playwright_here() -> Iterator[Playwright]:
    with sync_playwright() as found:
        yield found


@pytest.fixture
def city(server: Server) -> City:
    return City(server)


@pytest.fixture
def person(
    playwright_here: Playwright, server: Server, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Person]]:
    """`person("worker")`: with a phone; `person("officer", desk=True)`: at a desk. Not signed in yet."""
    people = People(playwright_here, server, tmp_path)
    failed_before = request.session.testsfailed
    yield people.make
    try:
        people.look_at(request.session.testsfailed > failed_before)
    finally:
        people.close()


@pytest.fixture(scope="module")
def people_of_module(
    playwright_here: Playwright, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[People]:
    people = People(playwright_here, server, tmp_path_factory.mktemp("people"))
    yield people
    people.close()


@pytest.fixture
def crew(people_of_module: People, request: pytest.FixtureRequest) -> Iterator[Callable[..., Person]]:
    """`crew("worker")`: signed in, and the same browser for all tests of the module."""
    failed_before = request.session.testsfailed
    yield people_of_module.signed_in
    people_of_module.look_at(request.session.testsfailed > failed_before)


@pytest.fixture
def colleague(server: Server) -> Callable[[str], Phone]:
    """Somebody elsewhere who works without a screen: his operations take the same way to the server."""
    return lambda username: Phone(Wire(server.url), username, PASSWORD)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "e2e" in item.path.parts:
            item.add_marker(pytest.mark.timeout(TEST_S_MAX))


@pytest.fixture(autouse=True)
def patience() -> None:
    expect.set_options(timeout=PATIENCE_MS)
