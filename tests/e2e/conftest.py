"""A real server with the demo town, and people in front of real browsers: phones that keep what they stored."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import BrowserContext, Locator, Page, Playwright, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from server.demo.people import INTAKE_KEY, PASSWORD
from tests.device import Phone
from tests.e2e.line import Line
from tests.e2e.steps import answer_alarms
from tests.e2e.wire import Wire
from tests.serving import ROOT, Server, free_port

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
SPOT = {"latitude": 23.0129, "longitude": 113.6845, "accuracy": 9}
DUTY_PHONE = "0769-88330000"
WITH_TOUR = {"worker", "worker2", "worker3", "head", "head3"}
PICTURES = Path(os.environ.get("JIBAN_PICTURES", Path(__file__).parents[2] / "build" / "pictures"))
# The policy of the page forbids Playwright's own waiting for an expression.
CONTROLLED = """navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller !== null ||
  new Promise((good) => navigator.serviceWorker.addEventListener('controllerchange', () => good(true))))"""
TEST_S_MAX = 600
PATIENCE_MS = 20_000  # a busy machine is slow; a test that waits this long has failed


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product in a folder of this run, so that a new version of the app can be brought out in it."""
    folder = tmp_path_factory.mktemp("release")
    shutil.copy(ROOT / "wsgi.py", folder)
    for part in ("server", "sync", "migrations", "pwa/dist"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="session")
def server(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo town on a database of this run."""
    data = tmp_path_factory.mktemp("e2e") / "data"
    made = Server(
        {
            "JIBAN_DEMO": "1",
            "JIBAN_DATA": str(data),
            "JIBAN_LOG_LEVEL": "error",
            "JIBAN_DUTY_PHONE": DUTY_PHONE,
        },
        root=release,
    )
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def push_port() -> int:
    """Where the hurried town may push to on this machine, if a test listens there."""
    return free_port()


@pytest.fixture(scope="session")
def hurried(release: Path, push_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A demo town where five minutes of a ladder take nine seconds; it may push to a service on this machine."""
    data = tmp_path_factory.mktemp("hurried") / "data"
    settings = {"JIBAN_DEMO": "1", "JIBAN_DATA": str(data), "JIBAN_LOG_LEVEL": "error"}
    more = {
        "JIBAN_DUTY_PHONE": DUTY_PHONE,
        "JIBAN_LADDER_SCALE": "0.03",
        "JIBAN_PUSH_HOSTS": f"127.0.0.1:{push_port}",
    }
    made = Server(settings | more, root=release)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def playwright_here() -> Iterator[Playwright]:
    with sync_playwright() as found:
        yield found


@dataclass
class City:
    """The city line with its key."""

    server: Server
    hushed: bool = False  # a head answers its alarms at once: for tests that are about something else

    def post(self, **more: Any) -> dict[str, Any]:
        """A call that the city passes on; the intake's answer with what was sent."""
        number = uuid.uuid4().hex[:6]
        body: dict[str, Any] = {
            "external_no": f"E2E-{number}",
            "category": "complaint",
            "urgent": True,
            "confidential": False,
            "title": f"主干道井盖缺失 {number}",
            "content": "振兴路12号对开，主干道井盖缺失，夜间无照明。",
            "place": {
                "village": "闸口村",
                "address": "振兴路12号",
                "lat": 23.0128,
                "lng": 113.6846,
                "crs": "WGS84",
            },
            "contact": {"name": "陈先生", "phone": "13800130000"},
            "received_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        } | more
        answer = requests.post(
            f"{self.server.url}/api/v1/intake/tickets",
            json=body,
            headers={"Authorization": f"Bearer {INTAKE_KEY}"},
            timeout=20,
        )
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        if self.hushed:
            hush(self.server, made["id"])
        return body | made


def hush(server: Server, ticket: str) -> None:
    """The head of its village says 收到 to whatever rings for this ticket, so that it covers nobody's screen."""
    for username in ("head", "head3"):
        answer_alarms(Phone(Wire(server.url), username, PASSWORD), ticket)


@pytest.fixture
def city(server: Server) -> City:
    return City(server)


@dataclass
class Person:
    """Somebody with a browser of his own; closing and opening it again is a restart of the phone."""

    playwright: Playwright
    server: Server
    username: str
    profile: Path
    viewport: dict[str, int]
    dark: bool = False
    script: str = ""  # runs in every page before the app does
    answers: bool = True  # says 收到 to whatever alarm covers the screen, and goes on with what he was at
    allowed: tuple[str, ...] = ("geolocation", "notifications", "background-sync")
    line: Line = field(init=False)
    context: BrowserContext = field(init=False)
    page: Page = field(init=False)
    errors: list[str] = field(default_factory=list)
    toured: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.line = Line(self.server.port)

    @property
    def narrow(self) -> bool:
        return self.viewport["width"] < 600

    @property
    def url(self) -> str:
        """Where this browser finds the server: behind a line of its own."""
        return f"http://127.0.0.1:{self.line.port}"

    def open(self, path: str = "/") -> Page:
        """Start the app, from whatever this browser has stored."""
        self.context = self.playwright.chromium.launch_persistent_context(
            str(self.profile),
            executable_path=CHROMIUM,
            args=ARGUMENTS,
            viewport=self.viewport,  # type: ignore[arg-type]
            color_scheme="dark" if self.dark else "light",
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            has_touch=self.narrow,
            permissions=list(self.allowed),
            geolocation=SPOT,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        self.context.set_default_timeout(PATIENCE_MS)
        if self.script:
            self.context.add_init_script(self.script)
        self.page = self.context.pages[0] if self.context.pages else self.context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        alarm = self.page.get_by_role("alertdialog")
        self.page.add_locator_handler(alarm, self._answer, no_wait_after=True)
        self.page.goto(self.url + path)
        return self.page

    def _answer(self, alarm: Locator) -> None:
        """收到 leads to the alarm's ticket; this person comes back from there."""
        if not self.answers:
            return
        before = self.page.url
        try:
            alarm.get_by_role("button", name="收到", exact=True).click(timeout=3_000)
        except PlaywrightError:  # somebody else answered meanwhile
            return
        self.page.wait_for_timeout(500)
        if self.page.url != before:
            self.page.go_back()

    def sign_in(self) -> Page:
        """Open the app and sign in by hand; the tour of the demo town is put away."""
        self.open("/login")
        return self.enter(self.username)

    def enter(self, username: str) -> Page:
        """Fill in the sign-in screen that is open."""
        page = self.page
        page.get_by_label("用户名").fill(username)
        page.get_by_label("密码", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="登录", exact=True).click()
        page.wait_for_url(lambda url: "/login" not in url)
        if self.narrow and username in WITH_TOUR - self.toured:
            page.get_by_role("button", name="跳过").click()
            self.toured.add(username)
        return page

    def restart(self, path: str = "/") -> Page:
        """The phone was switched off and on again, wherever there is a signal or not."""
        self.context.close()
        return self.open(path)

    def lose_signal(self) -> None:
        """Nothing gets through, for the page and its service worker alike; the browser is not told."""
        self.line.cut()

    def find_signal(self) -> None:
        """The line is there again, and the browser notices, as a phone does when its radio comes back."""
        self.line.mend()
        self.radio_on()

    def radio_on(self) -> None:
        """The browser notices that it may try again."""
        self.context.set_offline(True)
        self.context.set_offline(False)

    def ready_for_offline(self) -> None:
        """The service worker has everything that a cold start needs."""
        self.page.evaluate(CONTROLLED)

    def picture(self, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.wait_for_timeout(400)  # what still slides into place is not worth a picture
        self.page.screenshot(path=PICTURES / f"{name}.png")

    def pictures(self, name: str) -> None:
        """By day and by night."""
        self.picture(name)
        self.page.emulate_media(color_scheme="dark")
        self.picture(f"{name}-dark")
        self.page.emulate_media(color_scheme="light")

    def close(self) -> None:
        if hasattr(self, "context"):
            self.context.close()
        self.line.close()


class People:
    """Everybody of one test, or of one module; each has a browser profile of his own."""

    def __init__(self, playwright: Playwright, server: Server, folder: Path) -> None:
        self._playwright, self._server, self._folder = playwright, server, folder
        self.made: list[Person] = []
        self._signed_in: dict[tuple[str, bool], Person] = {}

    def make(self, username: str, *, desk: bool = False, dark: bool = False) -> Person:
        """Somebody who has not opened the app yet."""
        profile = self._folder / f"{username}{len(self.made)}"
        view = DESK if desk else PHONE
        self.made.append(Person(self._playwright, self._server, username, profile, view, dark))
        return self.made[-1]

    def signed_in(self, username: str, *, desk: bool = False) -> Person:
        """The same person each time, with a signal."""
        known = self._signed_in.get((username, desk))
        if known is None:
            known = self._signed_in[username, desk] = self.make(username, desk=desk)
            known.sign_in()
            known.ready_for_offline()
        known.line.mend()
        return known

    def look_at(self, failed: bool) -> None:
        """Pictures of a failure; and no page may have thrown."""
        thrown = [error for made in self.made for error in made.errors]
        for made in self.made:
            made.errors.clear()
            if failed and hasattr(made, "page") and not made.page.is_closed():
                made.picture(f"failed-{made.username}")
        assert thrown == []

    def close(self) -> None:
        for made in self.made:
            made.close()


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
