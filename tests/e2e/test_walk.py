"""The walk of the product's main job, in real browsers: hotline, dispatch, a phone with no signal, approval, board."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.city import City
from tests.e2e.person import Person
from tests.e2e.steps import act, take_photos
from tests.serving import Server

MakePerson = Callable[..., Person]


@pytest.fixture
def city(server: Server) -> City:
    """Its alarms are answered: these tests are about the ticket."""
    return City(server, hushed=True)


def test_one_ticket_from_the_hotline_to_the_arrival_board(city: City, person: MakePerson) -> None:
    officer, worker, head = person("officer", desk=True), person("worker"), person("head")
    desk = officer.sign_in()
    phone = worker.sign_in()
    expect(phone.get_by_role("heading", name="我的工单")).to_be_visible()
    worker.ready_for_offline()

    # 1. The city line posts an urgent ticket; its clocks are there at once.
    ticket = city.post()
    assert [deadline["kind"] for deadline in ticket["deadlines"]] == [
        "acceptance",
        "arrival",
        "handling",
        "result",
    ]

    # 2. It is dispatched by place and duty at once; it is on the phone a moment later, and nowhere to dispatch.
    assert (ticket["state"], ticket["lead_unit"]["name"]) == ("assigned", "闸口村")
    desk.goto(officer.url + "/office/dispatch")
    expect(desk.get_by_role("heading", name="分派")).to_be_visible()
    officer.picture("dispatch")
    card = phone.get_by_role("link", name=re.compile(ticket["title"]))
    expect(card).to_be_visible()
    worker.picture("work-list")

    # 3. The signal is gone, the app is opened cold, a whole visit is done.
    worker.lose_signal()
    page = worker.restart()
    page.get_by_role("link", name=re.compile(ticket["title"])).click()
    act(page, "签收")
    expect(page.get_by_text("已存本机 · 待发送").first).to_be_visible()
    worker.picture("ticket-offline")
    act(page, "到场")
    take_photos(page, 1, 2)
    worker.picture("arrive")
    page.get_by_role("button", name="确认到场").click()
    expect(page.get_by_role("heading", name="经过")).to_be_visible()

    page = worker.restart(f"/tickets/{ticket['id']}")
    act(page, "处置完成")
    page.get_by_label("处置情况").fill("已设置围挡并更换井盖，恢复通行。")
    take_photos(page, 3)
    page.get_by_role("button", name="确认处置完成").click()
    act(page, "回访")
    page.get_by_role("radio", name="未接通").check(force=True)
    page.get_by_role("button", name="记录回访").click()
    act(page, "回访")
    page.get_by_role("radio", name="接通", exact=True).check(force=True)
    page.get_by_role("radio", name="已解决", exact=True).check(force=True)
    page.get_by_label("通话要点").fill("居民表示满意。")
    worker.picture("callback")
    page.get_by_role("button", name="记录回访").click()
    act(page, "回复")
    page.get_by_label("办理情况").fill("您好，您反映的井盖缺失问题，")

    # Killed in the middle of a sentence: the draft is still there.
    page.wait_for_timeout(1500)
    page = worker.restart(f"/tickets/{ticket['id']}/reply")
    expect(page.get_by_label("办理情况")).to_have_value("您好，您反映的井盖缺失问题，")
    page.get_by_label("办理情况").fill("您好，您反映的井盖缺失问题，工作人员已更换新井盖，恢复通行。")
    page.get_by_role("radio", name="属实", exact=True).check(force=True)
    page.get_by_role("radio", name="已解决", exact=True).check(force=True)
    page.get_by_role("button", name="提交审核").click()
    expect(page.get_by_role("heading", name="经过")).to_be_visible()
    page.goto(worker.url + "/outbox")
    worker.picture("outbox-offline")

    # 4. The signal is back: everything arrives, photos included.
    worker.find_signal()
    expect(page.get_by_text("已存本机 · 待发送")).to_have_count(0)
    page.goto(worker.url + f"/tickets/{ticket['id']}")
    expect(page.get_by_text(re.compile("已送达")).first).to_be_visible()
    worker.picture("ticket-delivered")

    # 5. The head reads it on one screen and approves it.
    review = head.sign_in()
    review.get_by_role("link", name=re.compile(ticket["title"])).click()
    expect(review.get_by_role("region", name="回复", exact=True).get_by_text("已更换新井盖")).to_be_visible()
    head.picture("review")
    review.get_by_role("button", name="批准", exact=True).click()

    # 6. The board shows who arrived, live; the ticket its whole story.
    desk.goto(officer.url + "/office/board")
    expect(
        desk.get_by_text(ticket["external_no"]).first.or_(desk.get_by_text("主干道井盖缺失").first)
    ).to_be_visible()
    officer.picture("board")
    desk.goto(officer.url + f"/office/tickets/{ticket['id']}")
    expect(desk.get_by_text("已回复").first).to_be_visible()
    officer.picture("office-ticket")
