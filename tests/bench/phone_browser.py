"""A phone for measuring: real Chromium with a profile that stays, its CPU slowed, its line cut and mended."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, Playwright

from server.demo.people import PASSWORD
from tests.e2e.line import Line
from tests.e2e.person import ARGUMENTS, CHROMIUM, PHONE

SLOWER = 4
HERE = {"latitude": 23.0001, "longitude": 113.6801, "accuracy": 9}  # where the tickets of town.py are
PATIENCE_MS = 20_000
PROBE = (Path(__file__).parent / "phone_probe.js").read_text(encoding="utf-8")
_PIECE_S = 0.005
_ASKED_EVERY_S = 0.1


@dataclass
class Phone:
    """One person's phone. `open` starts the browser, each time from what the profile holds."""

    playwright: Playwright
    server_port: int
    username: str
    profile: Path
    page: Page = field(init=False)
    cdp: CDPSession = field(init=False)

    def __post_init__(self) -> None:
        self.line = Line(self.server_port)
        self.url = f"http://127.0.0.1:{self.line.port}"

    @contextmanager
    def open(self, *, slower: int = SLOWER, watch: str = "", workers: bool = True) -> Iterator[Page]:
        """An empty page in a new browser; `watch` is said to the probe of every page before the app runs."""
        context = self.playwright.chromium.launch_persistent_context(
            str(self.profile),
            executable_path=CHROMIUM,
            args=ARGUMENTS,
            viewport=PHONE,  # type: ignore[arg-type]
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            has_touch=True,
            permissions=["geolocation"],
            geolocation=HERE,  # type: ignore[arg-type]
            reduced_motion="reduce",
            service_workers="allow" if workers else "block",
        )
        context.set_default_timeout(PATIENCE_MS)
        try:
            context.add_init_script(f"{PROBE}\n{watch}")
            self.page = context.pages[0]
            self.cdp = context.new_cdp_session(self.page)
            self.cdp.send("Emulation.setCPUThrottlingRate", {"rate": slower})
            yield self.page
        finally:
            context.close()

    def sign_in(self) -> None:
        """By hand, at full speed, until everything is on the phone and the app would start without a line."""
        with self.open(slower=1) as page:
            page.goto(f"{self.url}/login")
            page.get_by_label("用户名").fill(self.username)
            page.get_by_label("密码", exact=True).fill(PASSWORD)
            page.get_by_role("button", name="登录", exact=True).click()
            page.get_by_role("button", name="跳过").click()
            page.locator("a.ticket").first.wait_for()
            page.evaluate("navigator.serviceWorker.ready.then(() => true)")
            page.wait_for_function("navigator.serviceWorker.controller !== null")
            page.get_by_text("在线", exact=True).wait_for()

    def marks(self, *names: str) -> dict[str, float]:
        """The named moments, as soon as all are known (ms since the page's navigation began)."""
        # Asked in the plainest way: the page's thread would work for a tool that comes with more.
        until = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < until:
            told = self.cdp.send("Runtime.evaluate", {"expression": "bench.marks", "returnByValue": True})
            found: dict[str, float] = told["result"].get("value") or {}
            if all(name in found for name in names):
                return found
            time.sleep(_ASKED_EVERY_S)
        raise RuntimeError(f"not all of {names} came about")

    def long_tasks(self, since: float, until: float) -> list[tuple[float, float]]:
        """(start, length) in ms of the tasks of over 50 ms that held the page's own thread in that time."""
        told: list[tuple[float, float]] = self.page.evaluate("bench.longTasks")
        return [(start, length) for start, length in told if start + length > since and start < until]

    def thread_ms(self) -> float:
        """What the page's own thread has worked so far, as the operating system counts it."""
        told: dict[str, Any] = self.cdp.send("Performance.getMetrics")
        return 1000 * next(float(one["value"]) for one in told["metrics"] if one["name"] == "TaskDuration")

    def close(self) -> None:
        self.line.close()


@contextmanager
def whole_browser_slowed(phone: Phone, slower: int = SLOWER) -> Iterator[None]:
    """Stop and continue the processes of the pages, so that workers are slowed too: the DevTools' way slows only
    the page's own thread."""
    pids = _renderers(phone.profile)
    ended = threading.Event()

    def hold_back() -> None:
        while not ended.is_set():
            _tell(pids, signal.SIGSTOP)
            time.sleep(_PIECE_S * (slower - 1))
            _tell(pids, signal.SIGCONT)
            time.sleep(_PIECE_S)

    thread = threading.Thread(target=hold_back)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        _tell(pids, signal.SIGCONT)


def _tell(pids: list[int], what: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, what)


def _renderers(profile: Path) -> list[int]:
    """Processes of pages and workers of the browser that has this profile open."""
    commands = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            commands[int(folder.name)] = (folder / "cmdline").read_bytes()
        except OSError:
            continue
    ours = f"--user-data-dir={profile}".encode()
    browsers = {pid for pid, words in commands.items() if ours in words}
    family = {pid for pid in commands if browsers & _ancestors(pid)}
    found = [pid for pid in family if b"--type=renderer" in commands[pid]]
    if not found:
        raise RuntimeError("no process of a page was found")
    return found


def _ancestors(pid: int) -> set[int]:
    found: set[int] = set()
    while pid > 1:
        found.add(pid)
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            break
    return found
