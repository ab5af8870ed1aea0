"""突发直报 and what the duty room makes of it: alarmed together, mustered, tasked, merged, closed, exported."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from python_calamine import CalamineWorkbook

from server.clock import now_ms
from sync.op import uuid7
from tests.device import Phone
from tests.e2e import watching
from tests.e2e.conftest import DUTY_PHONE
from tests.e2e.steps import take_photos
from tests.e2e.watching import (
    UNSENT,
    Colleague,
    Crew,
    alarm_about,
    alarm_card,
    choose,
    duty_desk,
    on_watch,
    receive,
    strip_of,
)
from tests.serving import Server

CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def server(hurried: Server) -> Server:
    watching.calm(hurried)
    return hurried


def report(phone: Phone, text: str, matter: str = "road_collapse") -> str:
    """Somebody elsewhere reports; the incident's id."""
    id_ = uuid7(now_ms())
    place = {"village": "闸口村", "address": "振兴路12号"}
    receipt = phone.do("incident.report", id_, {"matter": matter, "text": text, "place": place})
    assert receipt["outcome"] == "applied", receipt
    return id_


def taken(phone: Phone, incident: str) -> None:
    """This person has heard of the incident, and his screen is free."""
    phone.sync()
    rows = list(phone.base.rows.items())
    for (kind, id_), doc in rows:
        if kind == "alert" and doc["subject"]["id"] == incident and doc["acked_at"] is None:
            phone.act("alert.ack", id_, {})
    phone.sync()


def start(desk: Page, what: str) -> None:
    desk.get_by_role("group", name="处置操作").get_by_role("button", name=what, exact=True).click()


def confirm(desk: Page, what: str, reason: str = "", *, label: str = "理由", sure: bool = False) -> None:
    """Fill in what the dialog asks for, and do it."""
    dialog = desk.get_by_role("dialog", name=what)
    if reason:
        dialog.get_by_label(label, exact=True).fill(reason)
    if sure:
        dialog.get_by_role("checkbox").press("Space")
    dialog.get_by_role("button", name=f"确认{what}").click()
    expect(dialog).to_have_count(0)


def story(desk: Page) -> Any:
    return desk.get_by_role("region", name="经过")


def test_a_report_in_two_taps_says_that_it_has_not_arrived_and_then_alarms_duty_room_and_leader(
    crew: Crew,
) -> None:
    worker, leader, head = on_watch(crew, "worker"), on_watch(crew, "leader"), on_watch(crew, "head")
    desk = duty_desk(crew)
    page = worker.page
    page.goto(worker.url + "/tickets")
    worker.lose_signal()
    page.get_by_role("link", name="突发直报").click()
    page.get_by_role("link", name="火灾", exact=True).click()
    expect(page.get_by_role("link", name=re.compile("119"))).to_be_visible()
    page.get_by_label("现场情况").fill("村口旧厂房起火，二楼有人。")
    take_photos(page, 4)
    worker.pictures("direct-report")
    page.get_by_role("button", name="立即上报").click()
    expect(page.get_by_text(UNSENT)).to_be_visible()
    call = page.get_by_role("link", name=re.compile("拨打值班室")).first
    expect(call).to_have_attribute("href", f"tel:{DUTY_PHONE}".replace("-", ""))
    worker.pictures("direct-report-unsent")
    shown = alarm_card(desk.page, "突发直报", "火灾")
    expect(shown).to_have_count(0)

    worker.find_signal()
    expect(page.get_by_role("status").filter(has_text=re.compile(r"已送达值班室 \d\d:\d\d"))).to_be_visible()
    alarm = alarm_about(leader.page, "火灾")
    expect(alarm.get_by_role("link", name=re.compile("119"))).to_be_visible()
    leader.pictures("direct-report-alarm")
    expect(strip_of(head.page)).to_contain_text("告知您知晓，无需您处置。")
    assert head.page.get_by_role("alertdialog").count() == 0
    head.picture("direct-report-informed")
    expect(shown).to_be_visible()
    desk.pictures("direct-report-desk")
    shown.get_by_role("button", name="收到", exact=True).click()
    watching.show_answered(desk.page)
    expect(shown).to_contain_text(re.compile(f"何强 {watching.CLOCK} 收到"))
    expect(page.get_by_role("region", name="收到情况")).to_contain_text("何强")
    worker.picture("direct-report-delivered")
    expect(strip_of(leader.page)).to_contain_text("值班室何强已收到，请知悉")
    leader.picture("direct-report-taken")
    shown.get_by_role("link", name=re.compile("火灾")).click()
    expect(desk.page.get_by_role("heading", name="火灾", level=1)).to_be_visible()
    expect(desk.page.get_by_text("村口旧厂房起火，二楼有人。").first).to_be_visible()
    expect(story(desk.page).get_by_role("img").first).to_be_visible()
    desk.pictures("incident-desk")


def test_the_duty_room_musters_a_unit_and_raises_and_lowers_the_level(
    crew: Crew, colleague: Colleague
) -> None:
    helper, desk = on_watch(crew, "worker3"), duty_desk(crew).page
    text = "振兴路中段塌陷，一辆车陷落。"
    incident = report(colleague("worker"), text)
    for name in ("duty", "leader"):
        taken(colleague(name), incident)
    desk.get_by_role("table", name="突发事件").get_by_role("row").filter(has_text=text).get_by_role(
        "link"
    ).first.click()
    start(desk, "吹哨")
    choose(desk, "单位", "南城村")
    confirm(desk, "吹哨", "现场人手不足。", sure=True)
    alarm = alarm_about(helper.page, "道路塌陷")
    expect(alarm.get_by_role("heading", name="吹哨集结")).to_be_visible()
    helper.picture("incident-muster-alarm")
    receive(helper.page)
    helper.page.wait_for_url(f"**/incidents/{incident}")
    helper.page.get_by_role("button", name="出发", exact=True).click()
    expect(
        story(desk).get_by_role("listitem").filter(has_text="周杰").filter(has_text="出发")
    ).to_be_visible()
    helper.pictures("incident-member")

    start(desk, "升级")
    desk.get_by_role("radio", name="重大", exact=True).check(force=True)
    confirm(desk, "升级", "有人被困。", sure=True)
    expect(story(desk)).to_contain_text("等级：重大")
    start(desk, "降级")
    desk.get_by_role("radio", name="一般", exact=True).check(force=True)
    desk.get_by_role("dialog").get_by_role("button", name="确认降级").click()
    expect(desk.get_by_role("dialog").get_by_role("alert")).to_contain_text("请填写理由")
    confirm(desk, "降级", "人已救出。")
    expect(story(desk)).to_contain_text("人已救出。")
    crew("duty", desk=True).picture("incident-story")


def test_two_reports_of_one_event_become_one_and_can_be_taken_apart(crew: Crew, colleague: Colleague) -> None:
    duty = duty_desk(crew)
    desk = duty.page
    first, second = (
        report(colleague("worker"), "河堤渗水。", "flood_typhoon"),
        report(colleague("worker2"), "河堤在漏水！", "flood_typhoon"),
    )
    for name in ("duty", "leader"):
        for each in (first, second):
            taken(colleague(name), each)
    desk.goto(f"{duty.url}/office/emergency/incidents/{second}")
    start(desk, "合并")
    desk.get_by_role("dialog").get_by_role("radio", name=re.compile("河堤渗水")).check(force=True)
    duty.picture("incident-merge")
    confirm(desk, "合并", "同一处河堤。", sure=True)
    expect(desk.get_by_text("本次上报已并入同一事件。")).to_be_visible()
    duty.picture("incident-merged")
    desk.get_by_role("link", name="打开主事件").click()
    desk.wait_for_url(f"**/{first}")
    expect(desk.get_by_role("link", name=re.compile("河堤在漏水"))).to_be_visible()
    desk.go_back()
    start(desk, "撤销合并")
    confirm(desk, "撤销合并", "是两处。")
    expect(desk.get_by_role("button", name="吹哨", exact=True)).to_be_visible()


def test_a_rapid_channel_its_tasks_and_the_end_of_it(
    crew: Crew, colleague: Colleague, tmp_path: Path
) -> None:
    helper, duty = on_watch(crew, "worker3"), duty_desk(crew)
    desk = duty.page
    incident = report(colleague("worker"), "化工原料泄漏，气味刺鼻。", "pollution")
    for name in ("duty", "leader"):
        taken(colleague(name), incident)
    desk.goto(f"{duty.url}/office/emergency/incidents/{incident}")
    start(desk, "开快办群")
    confirm(desk, "开快办群", sure=True)
    members = desk.get_by_role("region", name="快办群成员")
    expect(members).to_contain_text("缺席席位：工作组联络员")
    expect(members).to_contain_text("黄敏")
    taken(colleague("lead"), incident)

    # 办: the member acknowledges on his phone, and does it.
    start(desk, "交办任务")
    choose(desk, "人员", "周杰")
    confirm(desk, "交办任务", "封闭振兴路口，劝离群众。", label="任务内容")
    alarm = alarm_about(helper.page, "封闭振兴路口")
    expect(alarm).to_be_visible()
    helper.picture("task-alarm")
    receive(helper.page)
    helper.page.wait_for_url(f"**/incidents/{incident}")
    tasks = desk.get_by_role("table", name="交办任务")
    expect(tasks.get_by_role("row").filter(has_text="封闭振兴路口")).to_contain_text("收到，办理中")
    helper.page.get_by_role("link", name=re.compile("^完成：封闭振兴路口")).click()
    helper.page.get_by_label("完成情况").fill("已封闭，群众已劝离。")
    helper.page.get_by_role("button", name="确认完成").click()
    expect(tasks.get_by_role("row").filter(has_text="封闭振兴路口")).to_contain_text("已封闭，群众已劝离。")
    helper.picture("task-done")

    # 交: nobody acknowledges, and it climbs.
    start(desk, "交办任务")
    desk.get_by_role("dialog").get_by_role("radio", name="交", exact=True).check(force=True)
    choose(desk, "单位", "闸口村")
    confirm(desk, "交办任务", "转告村内企业停产。", label="任务内容")
    expect(tasks.get_by_role("row").filter(has_text="转告村内企业停产")).to_contain_text("已升级至")
    duty.pictures("incident-tasks")
    duty.page.goto(duty.url + "/office/emergency")
    shown = alarm_card(desk, "吹哨集结", "环境污染").filter(has_text="转告村内企业停产")
    expect(shown).to_contain_text("交办：转告村内企业停产。")
    duty.page.goto(f"{duty.url}/office/emergency/incidents/{incident}")

    start(desk, "结案")
    confirm(desk, "结案", "泄漏已处置，水样合格，人员无恙。", label="结案小结", sure=True)
    expect(desk.get_by_text("泄漏已处置，水样合格，人员无恙。").first).to_be_visible()
    expect(desk.get_by_role("button", name="重新打开")).to_be_visible()
    duty.picture("incident-closed")
    with desk.expect_download() as download:
        desk.get_by_role("button", name="导出 Excel").click()
    file = tmp_path / "incident.xlsx"
    download.value.save_as(file)
    book = CalamineWorkbook.from_filelike(io.BytesIO(file.read_bytes()))
    told = "\n".join(
        str(cell)
        for name in book.sheet_names
        for row in book.get_sheet_by_name(name).to_python()
        for cell in row
    )
    for words in ("化工原料泄漏", "封闭振兴路口", "已封闭，群众已劝离。", "泄漏已处置，水样合格"):
        assert words in told, words


SCREENS_IN_ENGLISH = {
    "/office/emergency": "Emergency",
    "/office/rota": "Rota",
    "/office/drills": "Drills",
    "/office/alarms": "Alarm settings",
}


def test_the_duty_rooms_pages_and_the_report_speak_english_too(crew: Crew, colleague: Colleague) -> None:
    duty, worker = duty_desk(crew), on_watch(crew, "worker")
    incident = report(colleague("worker"), "Water main burst.", "utility_outage")
    for name in ("duty", "leader"):
        taken(colleague(name), incident)
    for person in (duty, worker):
        person.page.evaluate("localStorage.setItem('jiban.language', 'en')")
    try:
        for path, heading in SCREENS_IN_ENGLISH.items():
            duty.page.goto(duty.url + path)
            expect(duty.page.get_by_role("heading", name=heading, level=1)).to_be_visible()
            expect(duty.page.get_by_role("columnheader", name=CHINESE)).to_have_count(0)
            expect(duty.page.get_by_role("heading", name=CHINESE, level=2)).to_have_count(0)
            duty.picture(f"english{path.replace('/', '-')}")
        duty.page.goto(f"{duty.url}/office/emergency/incidents/{incident}")
        expect(duty.page.get_by_role("button", name="Muster", exact=True)).to_be_visible()
        duty.picture("english-incident-desk")
        for path in ("/report", "/report/fire", f"/incidents/{incident}", "/alerts"):
            worker.page.goto(worker.url + path)
            expect(worker.page.get_by_role("heading", level=1)).not_to_have_text(CHINESE)
            expect(worker.page.get_by_role("button", name=CHINESE)).to_have_count(0)
            worker.picture(f"english-phone{path.replace('/', '-').replace(incident, 'one')}")
    finally:
        for person in (duty, worker):
            person.page.evaluate("localStorage.removeItem('jiban.language')")
