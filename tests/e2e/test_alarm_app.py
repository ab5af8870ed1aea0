"""The alarm in the open app, without anything that pushes: by polling alone, in two tabs, on two devices; and that
nothing rings on once somebody has said 收到."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.device import Phone
from tests.e2e.city import City
from tests.e2e.person import Person
from tests.e2e.test_alarm_push import PLACE, WORKER, alarm_of, alert_for, enter

POLL_S = 30
# Counts what rings: sound, vibration, the lock on the screen. A page says how much of each is going on.
EARS = """
window.ears = {sounding: 0, shakes: 0, still: 0, locks: 0}
const Plain = window.AudioContext
window.AudioContext = class extends Plain {
  constructor() { super(); ears.sounding += 1 }
  close() { ears.sounding -= 1; return super.close() }
}
navigator.vibrate = (pattern) => { pattern === 0 ? ears.still += 1 : ears.shakes += 1; return true }
Object.defineProperty(navigator, 'wakeLock', {value: {request: () => {
  ears.locks += 1
  return Promise.resolve({release: () => { ears.locks -= 1; return Promise.resolve() }})
}}})
"""


@pytest.fixture
def worker(person: Callable[..., Person]) -> Person:
    made = person(WORKER)
    made.script = EARS
    return enter(made)


def heard(page: Page) -> dict[str, int]:
    found: dict[str, int] = page.evaluate("window.ears")
    return found


def silent(page: Page) -> None:
    """Nothing rings, and nothing starts to again."""
    expect(alarm_of(page)).to_have_count(0)
    before = heard(page)
    page.wait_for_timeout(5_000)
    assert heard(page) == before
    assert (before["sounding"], before["locks"]) == (0, 0)


def test_without_pokes_the_alarm_comes_with_the_next_poll_and_ends_with_received(
    worker: Person, city: City
) -> None:
    page = worker.page
    refused: list[str] = []
    page.route(
        "**/sync/pokes", lambda route: (refused.append(route.request.url), route.fulfill(status=503))[1]
    )
    page.goto(worker.url + "/me")
    expect(page.get_by_role("heading", name="我的")).to_be_visible()
    page.wait_for_timeout(2_000)
    assert refused
    began = time.monotonic()
    ticket = city.post(place=PLACE)
    expect(alarm_of(page)).to_contain_text(ticket["title"], timeout=(POLL_S + 15) * 1000)
    took = time.monotonic() - began
    assert took < POLL_S + 10, took
    page.wait_for_timeout(5_000)
    ringing = heard(page)
    assert (ringing["sounding"], ringing["locks"]) == (1, 1)
    # Only when the page has been touched may it shake; until then it must not try.
    alarm_of(page).get_by_role("heading", name="紧急工单").click()
    page.wait_for_timeout(5_000)
    assert heard(page)["shakes"] > 0
    alarm_of(page).get_by_role("button", name="收到", exact=True).click()
    page.wait_for_url(f"**/tickets/{ticket['id']}")
    silent(page)


def test_two_tabs_ring_until_one_is_answered(worker: Person, city: City) -> None:
    page, other = worker.page, worker.context.new_page()
    other.goto(worker.url + "/me")
    ticket = city.post(place=PLACE)
    expect(alarm_of(page)).to_contain_text(ticket["title"])
    expect(alarm_of(other)).to_contain_text(ticket["title"])
    worker.lose_signal()  # the tabs have only each other to learn it from
    alarm_of(other).get_by_role("button", name="收到", exact=True).click()
    expect(alarm_of(page)).to_have_count(0)
    expect(page.get_by_role("region", name="紧急提醒")).to_contain_text("收到")
    silent(page)
    silent(other)
    other.close()


def test_what_is_answered_on_another_device_stops_ringing_here(
    worker: Person, city: City, colleague: Callable[[str], Phone]
) -> None:
    page = worker.page
    ticket = city.post(place=PLACE)
    expect(alarm_of(page)).to_contain_text(ticket["title"])
    alert = alert_for(worker, ticket["title"])
    assert colleague(WORKER).do("alert.ack", alert["id"])["outcome"] == "applied"
    expect(alarm_of(page)).to_have_count(0, timeout=(POLL_S + 10) * 1000)
    silent(page)
