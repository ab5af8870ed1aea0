"""Somebody in front of a real browser: a phone, or a desk, that keeps what it stored."""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, Page, Playwright
from playwright.sync_api import Error as PlaywrightError

from server.demo.people import PASSWORD
from tests.e2e.line import Line
from tests.serving import Server

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
WITH_TOUR = {"worker", "worker2", "worker3", "head", "head3"}
PICTURES = Path(os.environ.get("JIBAN_PICTURES", Path(__file__).parents[2] / "build" / "pictures"))
# The policy of the page forbids Playwright's own waiting for an expression.
CONTROLLED = """navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller !== null ||
  new Promise((good) => navigator.serviceWorker.addEventListener('controllerchange', () => good(true))))"""
PATIENCE_MS = 20_000  # a busy machine is slow; a test that waits this long has failed


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
