"""A drill from its start to the month's report: the real machinery, marked 演练 wherever it shows."""

import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.alerts.post import browser_keys
from tests.alerts.receivers import answers, running_service
from tests.e2e import watching
from tests.e2e.person import Person
from tests.e2e.watching import Colleague, Crew, alarm_about, alarm_card, choose, duty_desk, on_watch, receive
from tests.serving import Server


@pytest.fixture(scope="module")
def server(hurried: Server) -> Server:
    watching.calm(hurried)
    return hurried


def test_a_drill_is_marked_everywhere_and_the_report_names_who_could_not_be_reached(
    crew: Crew, colleague: Colleague, person: Callable[..., Person], push_port: int
) -> None:
    worker, duty = on_watch(crew, "worker"), duty_desk(crew)
    desk, page = duty.page, worker.page
    title = f"夜间集结演练{uuid.uuid4().hex[:4]}"

    # The head has not allowed notifications, the backup's subscription is gone.
    head = person("head")
    head.allowed = ("geolocation",)
    head.sign_in()
    backup = colleague("worker2")
    with running_service(push_port) as service:
        service.behave = answers(410)
        subscription = {"endpoint": f"{service.url}/gone", "keys": browser_keys()}
        made = backup.post("/push/subscriptions", {"device": backup.device, "subscription": subscription})
        assert made.status == 201, made.json

        desk.goto(duty.url + "/office/drills")
        desk.get_by_role("button", name="开始演练", exact=True).click()
        dialog = desk.get_by_role("dialog", name="开始演练")
        dialog.get_by_label("演练名称").fill(title)
        choose(desk, "单位", "闸口村")
        duty.picture("drill-start")
        dialog.get_by_role("button", name="立即开始").click()
        alarm = alarm_about(page, title)
        expect(alarm).to_contain_text("【演练】")
        worker.pictures("drill-alarm")
        receive(page)
        expect(alarm).to_have_count(0)
        page.goto(worker.url + "/alerts")
        expect(page.get_by_role("link", name=re.compile(title))).to_contain_text("演练")
        running = desk.get_by_role("region", name=title)
        expect(running.get_by_role("article")).to_contain_text("演练")
        expect(running.get_by_role("article")).to_contain_text(re.compile(f"李伟 {watching.CLOCK} 收到"))
        watching.unfold(running.get_by_role("article"))
        expect(watching.person_in(running.get_by_role("article"), "陈静")).to_contain_text("订阅失效")
    duty.pictures("drill-running")

    desk.goto(duty.url + "/office/emergency")
    expect(alarm_card(desk, "紧急工单", title)).to_contain_text("演练")
    duty.picture("drill-emergency")
    desk.goto(duty.url + "/office/drills")
    desk.get_by_role("region", name=title).get_by_role("button", name="结束演练").click()
    desk.get_by_role("button", name="确认结束").click()
    expect(desk.get_by_role("region", name=title)).to_have_count(0)

    told = desk.get_by_role("table", name="各人应答").get_by_role("row").filter(has_text="李伟")
    expect(told).to_contain_text("1 / 1")
    expect(told).to_contain_text(re.compile(r"\d:\d\d"))
    missing = desk.get_by_role("table", name=re.compile("^未授予通知权限"))
    expect(missing.get_by_role("row").filter(has_text="卢国强")).to_be_visible()
    gone = desk.get_by_role("table", name=re.compile("^推送订阅失效"))
    expect(gone.get_by_role("row").filter(has_text="陈静")).to_be_visible()
    duty.pictures("drill-report")
    with desk.expect_download():
        desk.get_by_role("button", name="导出 Excel").click()
