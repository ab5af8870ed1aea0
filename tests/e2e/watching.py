"""People on watch: whose alarms ring unanswered, and what the duty room's screen says of them."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from server.demo.people import PASSWORD
from tests.device import Phone
from tests.e2e.person import Person
from tests.e2e.wire import Wire
from tests.serving import Server

Crew = Callable[..., Person]
Colleague = Callable[[str], Phone]

UNSENT = "未送达—请立即拨打值班室"
WATCHERS = ("worker", "worker2", "worker3", "head", "head3", "duty", "leader", "officer", "lead")
CLOCK = r"\d\d:\d\d:\d\d"


def calm(server: Server) -> None:
    """Everybody answers what the demo town has left ringing; what calls nobody of them is urgent no more.

    Left alone it would climb to the duty room and the leader, into the middle of a test.
    """
    for name in WATCHERS:
        phone = Phone(Wire(server.url), name, PASSWORD)
        phone.sync()
        open_ = [
            id_ for (kind, id_), doc in phone.base.rows.items() if kind == "alert" and doc["acked_at"] is None
        ]
        for id_ in open_:
            phone.act("alert.ack", id_, {})
        phone.sync()
    officer = Phone(Wire(server.url), "officer", PASSWORD)
    for alarm in officer.get("/alarms?state=open").json["items"]:
        if alarm["kind"] == "urgent_ticket" and alarm["state"] in {"open", "unanswered"}:
            receipt = officer.do(
                "ticket.unflag_urgent", alarm["subject"]["id"], {"reason": "已查明，不紧急。"}
            )
            assert receipt["outcome"] == "applied", receipt


def on_watch(crew: Crew, name: str) -> Person:
    """Somebody with a phone who answers his alarms himself, at the screen that the app opens on."""
    person = crew(name)
    person.answers = False
    person.page.goto(person.url + "/")
    return person


def duty_desk(crew: Crew) -> Person:
    """The duty room before its live screen."""
    duty = crew("duty", desk=True)
    duty.page.goto(duty.url + "/office/emergency")
    expect(duty.page.get_by_role("heading", name="应急", level=1)).to_be_visible()
    return duty


def alarm_about(page: Page, words: str) -> Locator:
    """The alarm that covers the screen, about this."""
    return page.get_by_role("alertdialog").filter(has_text=words)


def receive(page: Page) -> None:
    page.get_by_role("alertdialog").get_by_role("button", name="收到", exact=True).click()


def strip_of(page: Page) -> Locator:
    return page.get_by_role("region", name="紧急提醒")


def alarm_card(desk: Page, kind: str, words: str) -> Locator:
    """The alarm on the duty room's screen."""
    return desk.get_by_role("article", name=re.compile(f"^{kind} .*{re.escape(words)}"))


def show_answered(desk: Page) -> None:
    """While another alarm is unanswered, those that somebody has stand folded below it."""
    folded = desk.get_by_role("group").filter(has_text=re.compile("^已有人收到、仍在处置"))
    expect(folded).to_be_visible()
    if folded.get_attribute("open") is None:
        folded.get_by_text("已有人收到、仍在处置").click()


def unfold(card: Locator) -> None:
    """An answered alarm shows its ladder and its people when asked."""
    card.get_by_role("button", name=re.compile("^展开")).click()


def person_in(card: Locator, name: str) -> Locator:
    return card.get_by_role("list", name="人员").get_by_role("listitem").filter(has_text=name)


def rung_of(card: Locator, n: int) -> Locator:
    """The n-th step of the ladder, from 1."""
    return card.get_by_role("list", name="升级阶梯").get_by_role("listitem").nth(n - 1)


def climbed(card: Locator, n: int) -> None:
    """It says when."""
    expect(rung_of(card, n)).to_contain_text(re.compile(CLOCK))
    expect(rung_of(card, n)).not_to_contain_text("预计")


def alarms(duty: Phone, subject: str, kind: str) -> list[dict[str, Any]]:
    """What the server tells the duty room about the alarms of this subject."""
    answer = duty.get(f"/alarms?state=all&subject={subject}")
    assert answer.status == 200, answer.json
    return [each for each in answer.json["items"] if each["kind"] == kind]


def choose(page: Page, label: str, name: str) -> None:
    """Pick from a list that can be typed into."""
    field = page.get_by_role("dialog").get_by_role("combobox", name=label)
    field.click()
    field.fill(name)
    page.get_by_role("option", name=re.compile(name)).first.click()
    field.press("Tab")
