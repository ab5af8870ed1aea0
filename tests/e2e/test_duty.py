"""The duty room at its desk: who has not answered, an event from report to close, the rota, the ladders, a drill."""

import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.device import Phone
from tests.e2e.conftest import City, Person
from tests.e2e.steps import unit_id
from tests.e2e.test_axe import violations

Crew = Callable[..., Person]
Colleague = Callable[[str], Phone]


def at(page: Page, person: Person, path: str, heading: str) -> None:
    page.goto(person.url + path)
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()


def alarm_of(page: Page, title: str) -> Locator:
    return page.get_by_role("article").filter(has=page.get_by_role("link", name=title, exact=True))


def report(colleague: Colleague, username: str, text: str) -> str:
    id_ = str(uuid.uuid4())
    args = {"matter": "fire", "text": text, "place": {"village": "闸口村", "address": "工业路3号"}}
    receipt = colleague(username).do("incident.report", id_, args, base=None)
    assert receipt["outcome"] == "applied", receipt
    return id_


def silence(colleague: Colleague, username: str) -> None:
    """He answers everything that he was alarmed for."""
    phone = colleague(username)
    phone.sync()
    for (kind, id_), alert in list(phone.base.rows.items()):
        if kind == "alert" and alert["acked_at"] is None:
            phone.do("alert.ack", id_, {}, base=None)


def decide(page: Page, button: str, fill: Callable[[Locator], None]) -> None:
    """One decision on the open event, through its dialog, until the server has it."""
    page.get_by_role("group", name="处置操作").get_by_role("button", name=button, exact=True).click()
    dialog = page.get_by_role("dialog", name=button, exact=True)
    fill(dialog)
    dialog.get_by_role("button", name=f"确认{button}").click()
    expect(dialog).to_be_hidden()


def test_the_duty_room_sees_who_is_silent_and_who_answered(
    crew: Crew, city: City, colleague: Colleague
) -> None:
    duty = crew("duty", desk=True)
    page = duty.page
    title = city.post()["title"]
    at(page, duty, "/office/emergency", "应急")
    card = alarm_of(page, title)
    expect(card).to_contain_text("无人收到")
    expect(card.get_by_role("list", name="升级阶梯").get_by_role("listitem")).to_have_count(4)
    silent = card.get_by_role("listitem").filter(has_text="李伟").filter(has_text="未收到")
    expect(silent.get_by_role("link", name=re.compile("拨打 李伟"))).to_have_attribute(
        "href", re.compile("^tel:")
    )
    expect(page).to_have_title(re.compile(r"^（\d+）"))
    assert violations(page) == []
    duty.picture("duty-emergency")
    silence(colleague, "worker")
    page.get_by_text(re.compile("已有人收到、仍在处置")).click()
    expect(card).to_contain_text(re.compile("李伟 .*收到"))


def test_an_event_from_report_to_close(crew: Crew, colleague: Colleague) -> None:
    duty = crew("duty", desk=True)
    page = duty.page
    at(page, duty, "/office/emergency", "应急")
    text = f"厂房起火 {uuid.uuid4().hex[:6]}"
    report(colleague, "worker3", text)
    card = page.get_by_role("article").filter(has_text=text)
    card.get_by_role("button", name="收到", exact=True).click()
    # answered: the card folds away, and no full screen stands over the event's own page
    expect(page.locator("article").filter(has_text=text)).to_contain_text(re.compile("何强 .*收到"))
    page.get_by_role("row").filter(has_text=text).get_by_role("link").click()
    expect(page.get_by_role("heading", name="火灾", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="119")).to_have_attribute("href", "tel:119")

    def muster(dialog: Locator) -> None:
        dialog.get_by_label("单位", exact=True).click()
        page.get_by_role("option", name="大罗沙村").click()
        dialog.get_by_label("理由").fill("增援疏散")
        dialog.get_by_text(re.compile("^确认：立即")).click()

    decide(page, "吹哨", muster)
    expect(page.get_by_text("大罗沙村 · ")).to_be_visible()

    def close(dialog: Locator) -> None:
        dialog.get_by_label("结案小结").fill("明火扑灭，无人员伤亡。")
        dialog.get_by_text(re.compile("^确认：现场")).click()

    duty.picture("duty-incident")
    decide(page, "结案", close)
    expect(page.get_by_role("button", name="重新打开")).to_be_visible()
    expect(page.get_by_text("明火扑灭，无人员伤亡。").first).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize(
    ("path", "heading", "picture"),
    [
        ("/office/rota", "值班表", "duty-rota"),
        ("/office/alarms", "告警设置", "duty-settings"),
        ("/office/drills", "演练", "duty-drills"),
        ("/office/emergency/incidents", "全部突发事件", "duty-incidents"),
    ],
)
def test_the_duty_rooms_other_pages_stand(
    crew: Crew, colleague: Colleague, path: str, heading: str, picture: str
) -> None:
    lead = crew("lead", desk=True)
    silence(colleague, "lead")
    at(lead.page, lead, path, heading)
    expect(lead.page.get_by_text("正在读取…")).to_have_count(0)
    assert violations(lead.page) == []
    lead.picture(picture)


def test_a_ladder_is_changed_and_put_back(crew: Crew, colleague: Colleague) -> None:
    lead = crew("lead", desk=True)
    page = lead.page
    silence(colleague, "lead")
    at(page, lead, "/office/alarms", "告警设置")
    # `has` looks inside a card, so the card's own heading names it
    card = page.locator("section").filter(has=page.get_by_role("heading", name="吹哨集结", exact=True))
    minutes = card.get_by_label("第 3 级的分钟数")
    minutes.fill("12")
    minutes.press("Tab")
    expect(card.get_by_text("12 分钟无人收到 → 提醒值班领导")).to_be_visible()
    card.get_by_role("button", name="保存阶梯").click()
    expect(card.get_by_text("本镇设置")).to_be_visible()
    card.get_by_role("button", name="恢复默认").click()
    expect(card.get_by_text("10 分钟无人收到 → 提醒值班领导")).to_be_visible()


def test_a_drill_says_so_in_words_until_it_is_ended(crew: Crew, colleague: Colleague) -> None:
    lead = crew("lead", desk=True)
    page = lead.page
    title = f"夜间演练 {uuid.uuid4().hex[:6]}"
    body = {"kind": "muster", "title": title, "units": [unit_id("南城村")]}
    assert colleague("lead").post("/drills", body).status == 201
    silence(colleague, "lead")
    at(page, lead, "/office/drills", "演练")
    running = page.get_by_role("region", name=title)
    expect(running.get_by_text("演练", exact=True).first).to_be_visible()
    running.get_by_role("button", name="结束演练").click()
    running.get_by_role("button", name="确认结束").click()
    expect(running).to_have_count(0)
