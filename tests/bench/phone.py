"""What the worker feels: a cold start, a tap, a photo, and the bytes that the line has to carry."""

import statistics
import tempfile
from contextlib import nullcontext
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from server.demo.people import PASSWORD
from tests.bench import bundle, phone_photo, phone_shift, town
from tests.bench.budget import Measured, heading, show
from tests.bench.phone_browser import SLOWER, Phone
from tests.bench.phone_profile import Profile, profiled
from tests.device import Phone as Device
from tests.e2e.wire import Wire
from tests.serving import running

TICKETS = 500
WORKER = "walker0"
SHIFT_WORKER = "shifter0"
ACCEPT = "button:has-text('签收')"
_LISTED = """bench.when('listed', () => document.querySelector('.filter .num')?.textContent === '%d'
  && document.querySelector('a.ticket') !== null)"""
_ACCEPTED = """() => {
  bench.forget()
  bench.next('tapped', 'click', 'button')
  bench.stored('durable')
  bench.when('said', () => /已存本机/.test(document.querySelector('.said')?.textContent ?? ''))
  bench.when('in the story', () => /已存本机/.test(document.querySelector('main')?.textContent ?? ''))
}"""


def measure(quick: bool) -> list[Measured]:
    """Every budget of the phone; where one is missed, what the time went into."""
    heading(f"Phone: Chromium, the page's thread slowed {SLOWER} times, on the same cores as the server")
    rows: list[Measured] = []

    def take(new: list[Measured]) -> None:
        rows.extend(new)
        for row in new:
            show(row)

    count, times = (60, 3) if quick else (TICKETS, 7)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        built = town.found(Path(folder) / "data", "")
        _hand_out(built, WORKER, count)
        _hand_out(built, SHIFT_WORKER, phone_shift.TICKETS)
        with running(built.environment) as server:
            for worker in (WORKER, SHIFT_WORKER):
                answer_alarms(server.url, worker)
            take(bundle.measure(playwright, server.port, Path(folder), WORKER))
            phone = Phone(playwright, server.port, WORKER, Path(folder) / "phone")
            phone.sign_in()
            phone.line.cut()
            take(_cold_start(phone, count, times))
            take(_tap(phone, times))
            take(phone_photo.measure(phone, times))
            phone.close()
            take(phone_shift.measure(playwright, server.port, Path(folder), SHIFT_WORKER))
    return rows


def answer_alarms(url: str, worker: str) -> None:
    """收到 to the urgent tickets handed out: an alarm nobody answered covers the list that is measured."""
    phone = Device(Wire(url), worker, PASSWORD)
    phone.sync()
    for kind, id_ in list(phone.base.rows):
        if kind == "alert":
            phone.act("alert.ack", id_, {}, base=None)
    phone.sync()


def _hand_out(built: town.Town, worker: str, count: int) -> None:
    town.give(built, town.call_in(built, count), town.hire(built, 1, prefix=worker.rstrip("0")))


def _cold_start(phone: Phone, count: int, times: int) -> list[Measured]:
    """From the tap on the home screen's icon to a list in which the first ticket can be tapped and none is missing."""
    took, worked = [], []
    for _ in range(times):
        with phone.open(watch=_LISTED % count) as page:
            phone.cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
            page.goto(phone.url)
            took.append(phone.marks("listed")["listed"])
            worked.append(phone.thread_ms())
            page.locator("a.ticket").first.click(trial=True)
    rows = [
        Measured(
            f"cold start without a line to a list of {count}, median", statistics.median(took), "ms", 1000
        ),
        Measured("… the slowest of them", max(took), "ms"),
        Measured("… work of the page's thread in it, median", statistics.median(worked), "ms"),
    ]
    if not rows[0].held:
        found = Profile()
        with phone.open(watch=_LISTED % count) as page, profiled(phone.cdp, found):
            page.goto(phone.url)
            phone.marks("listed")
        print("\n".join(["    what the page's thread did:", *found.lines()]))
    return rows


def _tap(phone: Phone, times: int) -> list[Measured]:
    """签收 on a ticket of the long list, as often as `times`; from the click as the browser had it."""
    durable, said, told = [], [], []
    with phone.open() as page:
        page.goto(phone.url)
        for _ in range(times):
            marks = _accept_first(phone, page)
            durable.append(marks["durable"] - marks["tapped"])
            said.append(max(marks["durable"], marks["said"]) - marks["tapped"])
            told.append(marks["in the story"] - marks["tapped"])
        rows = [
            Measured("tap on 签收 to durable and said so, median", statistics.median(said), "ms", 100),
            Measured("… the slowest of them", max(said), "ms"),
            Measured("… the operation on the disk, median", statistics.median(durable), "ms"),
            Measured("… and shown in the ticket's story, median", statistics.median(told), "ms"),
        ]
        if not rows[0].held:
            found = Profile()
            _accept_first(phone, page, found)
            print("\n".join(["    what the page's thread did:", *found.lines()]))
    return rows


def _accept_first(phone: Phone, page: Page, found: Profile | None = None) -> dict[str, float]:
    page.locator("a.ticket", has_text="待签收").first.click()
    page.locator(ACCEPT).wait_for()
    page.wait_for_timeout(1500)  # the screen has come to rest, and the sync without a line too
    page.evaluate(_ACCEPTED)
    with nullcontext() if found is None else profiled(phone.cdp, found):
        page.locator(ACCEPT).click()
        marks = phone.marks("tapped", "durable", "said", "in the story")
    page.locator(".said p").wait_for(state="detached")
    page.go_back()
    return marks
