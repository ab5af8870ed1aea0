"""An alarm on a phone: in the open app, and as a push notification of a locked one, with a signal and without.

A push service cannot be reached from here, so messages are delivered over the browser's own debugging door, and a
subscription that succeeds is stubbed at the browser's edge. Everything else is the product.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as TooLate

from server.demo.people import PASSWORD
from tests.e2e.city import City
from tests.e2e.conftest import DUTY_PHONE
from tests.e2e.person import Person
from tests.e2e.test_axe import violations

PLACE = {"village": "南城村", "address": "南城大道8号", "lat": 23.0201, "lng": 113.6901, "crs": "WGS84"}
WORKER = "worker3"
NEWEST = """async () => {
  const found = (await indexedDB.databases()).find(({name}) => name.startsWith('jiban-base-'))
  const db = await new Promise((good, bad) => {
    const asked = indexedDB.open(found.name)
    asked.onsuccess = () => good(asked.result)
    asked.onerror = bad
  })
  const rows = await new Promise((good) => {
    const asked = db.transaction('rows').objectStore('rows').getAll()
    asked.onsuccess = () => good(asked.result)
  })
  db.close()
  return rows.filter(({type}) => type === 'alert').map(({doc}) => doc)
}"""
SHOWN = """async () => (await self.registration.getNotifications()).map((each) => ({
  title: each.title, body: each.body, tag: each.tag, stage: each.data.stage,
  actions: (each.actions ?? []).map(({title}) => title)}))"""
# A click that a program makes is not trusted, so nothing may be waited for with it: its work is left to be awaited.
CLICK = """async ([tag, action]) => {
  const [notification] = await self.registration.getNotifications({tag})
  const event = new NotificationEvent('notificationclick', {notification, action})
  self.work = []
  Object.defineProperty(event, 'waitUntil', {value: (work) => self.work.push(work)})
  self.dispatchEvent(event)
}"""


class Phone:
    """The parts of a phone that are not the page: its service worker, what stands on the lock screen."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.cdp = person.context.new_cdp_session(person.page)
        self.registrations: list[str] = []
        self.cdp.on("ServiceWorker.workerRegistrationUpdated", self._registered)
        self.cdp.send("ServiceWorker.enable")
        while not self.registrations:
            person.page.wait_for_timeout(50)

    def _registered(self, told: dict[str, Any]) -> None:
        self.registrations += [each["registrationId"] for each in told["registrations"]]

    def push(self, data: str) -> None:
        told = {"origin": self.person.url, "registrationId": self.registrations[-1], "data": data}
        self.cdp.send("ServiceWorker.deliverPushMessage", told)

    def push_alert(self, alert: dict[str, Any]) -> None:
        self.push(json.dumps({"v": 1, "alert": alert["id"], "kind": alert["kind"]}))

    def shown(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.person.context.service_workers[0].evaluate(SHOWN)
        return found

    def wait_for(self, fits: Callable[[dict[str, Any]], bool], seconds: float = 20) -> dict[str, Any]:
        for _ in range(int(seconds * 5)):
            for each in self.shown():
                if fits(each):
                    return each
            self.person.page.wait_for_timeout(200)
        raise AssertionError(f"not on the lock screen: {self.shown()}")

    def tap(self, tag: str, action: str = "") -> None:
        self.person.context.service_workers[0].evaluate(CLICK, [tag, action])


def alarm_of(page: Page) -> Locator:
    return page.get_by_role("alertdialog")


def calm(page: Page) -> None:
    """Answer whatever alarm the demo town or an earlier test has left."""
    for _ in range(9):
        try:
            alarm_of(page).get_by_role("button", name="收到", exact=True).click(timeout=1_500)
        except TooLate:
            return


def enter(made: Person) -> Person:
    """Sign in at the list, with the demo town's tour and every earlier alarm out of the way."""
    made.answers = False
    page = made.open("/login")
    page.get_by_label("用户名").fill(made.username)
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url(lambda url: "/login" not in url)
    made.ready_for_offline()
    for _ in range(2):
        calm(page)
        page.goto(made.url + "/tickets")
        try:
            page.get_by_role("button", name="跳过").click(timeout=5_000)
        except TooLate:
            continue  # an alarm lay over it, or has taken it away
        break
    return made


@pytest.fixture
def worker(person: Callable[..., Person]) -> Person:
    """A grid worker at his list, whose alarms nobody answers for him."""
    return enter(person(WORKER))


def alert_for(person: Person, title: str) -> dict[str, Any]:
    """His alert of that title, once it is on the phone."""
    for _ in range(100):
        for alert in person.page.evaluate(NEWEST):
            if alert["title"] == title:
                found: dict[str, Any] = alert
                return found
        person.page.wait_for_timeout(200)
    raise AssertionError(f"no alert of {title}")


def test_an_open_app_is_covered_by_the_alarm_until_somebody_says_received(worker: Person, city: City) -> None:
    page = worker.page
    page.goto(worker.url + "/me")
    ticket = city.post(place=PLACE)
    alarm = alarm_of(page)
    expect(alarm).to_contain_text(ticket["title"])
    expect(alarm.get_by_role("heading", name="紧急工单")).to_be_focused()
    expect(alarm).to_contain_text("南城村")
    expect(alarm).to_contain_text(re.compile(r"到场 剩"))
    button = alarm.get_by_role("button", name="收到", exact=True)
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 72
    worker.picture("alarm-light")
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.go_back()
    expect(alarm).to_be_visible()
    for _ in range(6):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('[role=alertdialog]') !== null")
    button.click()
    page.wait_for_url(f"**/tickets/{ticket['id']}")
    expect(alarm).to_have_count(0)
    page.goto(worker.url + "/alerts")
    expect(page.get_by_role("link", name=re.compile(ticket["title"]))).to_contain_text("已送达")
    worker.picture("alarm-list")


def test_received_without_a_signal_says_so_until_it_got_through(worker: Person, city: City) -> None:
    page = worker.page
    ticket = city.post(place=PLACE)
    alarm = alarm_of(page)
    expect(alarm).to_contain_text(ticket["title"])
    worker.lose_signal()
    alarm.get_by_role("button", name="收到", exact=True).click()
    strip = page.get_by_role("region", name="紧急提醒")
    expect(strip).to_contain_text("未送达—请立即拨打值班室")
    expect(strip.get_by_role("link", name=re.compile("拨打值班室"))).to_have_attribute(
        "href", f"tel:{DUTY_PHONE}".replace("-", "")
    )
    expect(strip).to_contain_text(ticket["title"])
    worker.picture("alarm-unsent")
    page.get_by_role("button", name="返回").click()
    expect(strip).to_contain_text("未送达")
    worker.find_signal()
    expect(strip).to_contain_text("已送达")
    expect(strip).not_to_contain_text("未送达")


def test_a_push_is_shown_without_content_and_its_tap_leads_to_the_alarm(worker: Person, city: City) -> None:
    page, phone = worker.page, Phone(worker)
    ticket = city.post(place=PLACE)
    alert = alert_for(worker, ticket["title"])
    phone.push_alert(alert)
    notice = phone.wait_for(lambda each: each["tag"] == alert["id"])
    assert notice["title"] == "有新的紧急工单"
    assert notice["actions"] == ["收到", "打开"]
    assert ticket["title"] not in json.dumps(phone.shown(), ensure_ascii=False)
    assert "南城村" not in json.dumps(phone.shown(), ensure_ascii=False)
    page.goto(worker.url + "/outbox")
    phone.tap(alert["id"])
    page.wait_for_url(f"**/alerts/{alert['id']}")
    alarm_of(page).get_by_role("button", name="收到", exact=True).click()
    page.wait_for_url(f"**/tickets/{ticket['id']}")


def test_received_on_the_notification_reaches_the_server(worker: Person, city: City) -> None:
    phone = Phone(worker)
    ticket = city.post(place=PLACE)
    alert = alert_for(worker, ticket["title"])
    phone.push_alert(alert)
    phone.wait_for(lambda each: each["tag"] == alert["id"])
    phone.tap(alert["id"], "ack")
    done = phone.wait_for(lambda each: each["tag"] == alert["id"] and each["stage"] == "delivered")
    assert re.fullmatch(r"已收到 · 已送达 \d\d:\d\d", done["body"])
    expect(alarm_of(worker.page)).to_have_count(0)
    assert alert_for(worker, ticket["title"])["acked_at"] is not None


def test_received_on_the_notification_offline_waits_and_does_not_look_done(
    worker: Person, city: City
) -> None:
    phone = Phone(worker)
    ticket = city.post(place=PLACE)
    alert = alert_for(worker, ticket["title"])
    worker.lose_signal()
    phone.push_alert(alert)
    phone.wait_for(lambda each: each["tag"] == alert["id"])
    phone.tap(alert["id"], "ack")
    waiting = phone.wait_for(lambda each: each["stage"] == "unsent", seconds=40)
    assert waiting["body"] == f"未送达—请拨打值班室 {DUTY_PHONE}"
    assert waiting["actions"] == ["重试", "拨打"]
    worker.find_signal()
    # Synced by the open page; the worker is told and looks at its notifications again.
    done = phone.wait_for(
        lambda each: each["tag"] == alert["id"] and each["stage"] == "delivered", seconds=40
    )
    assert "已送达" in done["body"]


def test_a_message_that_cannot_be_read_still_calls_the_person(worker: Person) -> None:
    phone = Phone(worker)
    phone.push("not for us")
    assert phone.wait_for(lambda each: each["tag"] == "unknown")["title"] == "有新的紧急事项，请打开即办"


def test_a_browser_without_a_push_service_says_so_in_plain_words(worker: Person) -> None:
    page = worker.page
    page.goto(worker.url + "/me")
    card = page.get_by_role("region", name="紧急提醒通知")
    expect(card).to_contain_text("连不上推送服务", timeout=40_000)
    expect(card).to_contain_text("短信等其他渠道照常")
    expect(card.get_by_role("button", name="再试一次")).to_be_visible()
    worker.picture("push-no-service")


STUB = """
const given = { endpoint: 'https://fcm.googleapis.com/fcm/send/e2e-' + location.port,
  options: { applicationServerKey: null },
  toJSON() { return { endpoint: this.endpoint, keys: { p256dh: PUBLIC, auth: 'AAAAAAAAAAAAAAAAAAAAAA' } } },
  unsubscribe() { held = null; return Promise.resolve(true) } }
let held = null
PushManager.prototype.subscribe = () => { held = given; return Promise.resolve(given) }
PushManager.prototype.getSubscription = () => Promise.resolve(held)
""".replace(
    "PUBLIC",
    json.dumps("BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM"),
)


def test_where_the_browser_subscribes_the_card_says_on_and_signing_out_gives_it_up(
    person: Callable[..., Person],
) -> None:
    worker = person("worker2")
    worker.script = STUB
    page = worker.sign_in()
    page.goto(worker.url + "/me")
    card = page.get_by_role("region", name="紧急提醒通知")
    expect(card).to_contain_text("已开启", timeout=40_000)
    worker.picture("push-on")
    with page.expect_request(lambda call: call.method == "DELETE" and "/push/subscriptions/" in call.url):
        page.get_by_role("button", name="退出登录").click()
        page.wait_for_url("**/login**")
