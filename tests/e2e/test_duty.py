"""The duty room at its desk: who has not answered, an event from report to close, the rota, the ladders, a drill."""

import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.alerts.receivers import answers, running_service
from tests.device import Phone
from tests.e2e.city import City
from tests.e2e.person import Person
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


def pick(page: Page, box: Locator, name: str | re.Pattern[str]) -> None:
    box.click()
    page.get_by_role("option", name=name).filter(visible=True).first.click()
    page.keyboard.press("Tab")


def test_the_bell_follows_the_duty_room_to_its_other_pages(
    crew: Crew, city: City, colleague: Colleague
) -> None:
    duty = crew("duty", desk=True)
    page = duty.page
    silence(colleague, "duty")
    at(page, duty, "/office/tickets", "全部工单")
    city.post()
    bell = page.get_by_role("status").filter(has_text=re.compile(r"\d+ 起告警无人收到"))
    expect(bell).to_be_visible()
    expect(page).to_have_title(re.compile(r"^（\d+）"))
    bell.get_by_role("link", name="去应急").click()
    expect(page.get_by_role("heading", name="应急", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="去应急")).to_have_count(0)


def test_an_urgent_ticket_becomes_an_event(crew: Crew, city: City) -> None:
    duty = crew("duty", desk=True)
    page = duty.page
    ticket = city.post()
    at(page, duty, "/office/emergency", "应急")
    page.get_by_role("button", name=f"转为突发事件：{ticket['title']}").click()
    dialog = page.get_by_role("dialog", name="转为突发事件")
    pick(page, dialog.get_by_label("事项"), "道路塌陷")
    dialog.get_by_role("button", name="确认转为突发事件").click()
    expect(dialog.get_by_role("alert")).to_have_text("请先勾选确认。")
    dialog.get_by_text("确认：立即发出突发事件告警").click()
    dialog.get_by_role("button", name="确认转为突发事件").click()
    expect(dialog).to_be_hidden()
    # Nobody is rung for what he opened himself.
    card = page.get_by_role("article").filter(has_text=f"道路塌陷：{ticket['title']}")
    expect(card.get_by_role("button", name="收到", exact=True)).to_have_count(0)
    page.goto(duty.url + f"/office/tickets/{ticket['id']}")
    page.get_by_role("link", name="已转为突发事件").click()
    expect(page.get_by_role("heading", name="道路塌陷", level=1)).to_be_visible()
    expect(page.get_by_role("link", name=ticket["external_no"])).to_be_visible()


def test_turns_are_made_stood_in_for_swapped_and_cancelled(crew: Crew, colleague: Colleague) -> None:
    lead = crew("lead", desk=True)
    page = lead.page
    silence(colleague, "lead")
    at(page, lead, "/office/rota", "值班表")
    page.get_by_label("单位", exact=True).select_option("九曲村")
    page.get_by_role("button", name="下一周").click()
    week = page.get_by_role("region", name="一周值班表")

    def turn(day: str, person: int) -> str:
        week.get_by_role("button", name=re.compile(f"排班：值班网格员 · 九曲村 {day}")).click()
        dialog = page.get_by_role("dialog", name="排班")
        dialog.get_by_role("button", name="保存排班").click()
        expect(dialog.get_by_role("alert")).to_have_text("请选择人员。")
        dialog.get_by_label("值班人员").click()
        option = page.get_by_role("option").filter(visible=True).nth(person)
        name = option.inner_text()
        option.click()
        page.keyboard.press("Tab")
        dialog.get_by_role("button", name="保存排班").click()
        expect(dialog).to_be_hidden()
        return name

    def change(who: str, mode: str) -> Locator:
        week.get_by_role("button", name=re.compile(f"^{who}.*08:00–20:00")).first.click()
        dialog = page.get_by_role("dialog", name="调整这一班")
        dialog.get_by_role("radio", name=mode).check(force=True)
        return dialog

    first, second = turn("周一", 0), turn("周三", 1)
    expect(week.get_by_role("button", name=re.compile(f"^{first}"))).to_contain_text("08:00–20:00")
    dialog = change(first, "找人替班")
    pick(page, dialog.get_by_label("替班人员"), second)
    dialog.get_by_label("结束时间").fill("10:00")
    dialog.get_by_role("button", name="保存替班").click()
    expect(dialog).to_be_hidden()
    stand_in = week.get_by_role("button", name=re.compile(f"^{second}.*替班（代 {first}）"))
    expect(stand_in).to_contain_text("08:00–10:00")

    turn("周五", 0)
    dialog = change(second, "换班")
    dialog.get_by_label("与哪一班互换").select_option(index=1)
    dialog.get_by_role("button", name="确认换班").click()
    expect(dialog).to_be_hidden()
    expect(week.get_by_text(re.compile("换班（原")).first).to_be_visible()
    lead.picture("duty-rota-changed")

    stand_in.click()
    dialog = page.get_by_role("dialog", name="调整这一班")
    dialog.get_by_role("radio", name="取消这一班").check(force=True)
    dialog.get_by_role("button", name="取消这一班").click()
    expect(stand_in).to_have_count(0)
    page.get_by_role("button", name="撤销", exact=True).click()
    expect(stand_in).to_be_visible()
    assert violations(page) == []


def test_a_channel_is_added_tested_and_taken_away(crew: Crew, colleague: Colleague) -> None:
    lead = crew("lead", desk=True)
    page = lead.page
    silence(colleague, "lead")
    at(page, lead, "/office/alarms", "告警设置")
    name = f"值班群 {uuid.uuid4().hex[:6]}"
    with running_service() as service:
        service.behave = answers(200, b'{"code":0}', Content_Type="application/json")
        page.get_by_role("button", name="添加渠道").click()
        dialog = page.get_by_role("dialog", name="添加渠道")
        kind = dialog.get_by_label("类型")
        kind.select_option("feishu")
        dialog.get_by_label("名称").fill(name)
        dialog.get_by_role("button", name="保存渠道").click()
        expect(dialog.get_by_role("alert")).to_have_text("请填写令牌（token）。")
        dialog.get_by_label("令牌（token）").fill("abcd-ef-1234")
        dialog.get_by_label("服务器地址（可不填）").fill(service.url)
        dialog.get_by_role("button", name="保存渠道").click()
        row = page.get_by_role("row").filter(has_text=name)
        expect(row).to_contain_text("••••1234")
        row.get_by_role("button", name="测试").click()
        expect(row.get_by_role("status")).to_contain_text("测试已发出")
        assert "渠道测试" in service.calls[0].json["content"]["text"]
        service.behave = answers(404)
        row.get_by_role("button", name="测试").click()
        expect(row.get_by_role("status")).to_contain_text("测试失败：地址不存在")
        lead.picture("duty-channel")
    row.get_by_role("button", name="修改").click()
    dialog = page.get_by_role("dialog", name="修改渠道")
    dialog.get_by_label("名称").fill(f"{name} 备用")
    dialog.get_by_role("button", name="保存渠道").click()
    row = page.get_by_role("row").filter(has_text=f"{name} 备用")
    expect(row).to_contain_text("••••1234")  # the secret stayed as it was
    row.get_by_role("button", name="删除").click()
    page.get_by_role("button", name="确认删除").click()
    expect(row).to_have_count(0)


def test_a_number_is_checked_in_words_and_kept(crew: Crew, colleague: Colleague) -> None:
    admin = crew("admin", desk=True)
    page = admin.page
    at(page, admin, "/office/people", "人员")
    page.get_by_label("按姓名或用户名查找").fill("p08")
    page.get_by_role("row").nth(1).get_by_role("button").click()
    drawer = page.get_by_role("dialog")
    phone = drawer.get_by_label("手机")
    expect(phone).to_have_value(re.compile("^138"))
    phone.fill("没有手机")
    drawer.get_by_role("button", name="保存联系方式").click()
    expect(drawer.get_by_role("alert")).to_contain_text("请填写正确的号码")
    phone.fill("0769-8833 1234")
    drawer.get_by_label("邮箱").fill("someone")
    drawer.get_by_role("button", name="保存联系方式").click()
    expect(drawer.get_by_role("alert")).to_have_text("请填写正确的邮箱地址。")
    drawer.get_by_label("邮箱").fill("someone@town.example")
    drawer.get_by_role("button", name="保存联系方式").click()
    expect(drawer.get_by_text("已保存。")).to_be_visible()
    expect(phone).to_have_value("076988331234")
    assert violations(page) == []
    admin.picture("duty-reach")
