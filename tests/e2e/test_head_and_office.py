"""The head's decision without a signal, and the office at its desk: import, list, figures, the other language."""

import re
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter
from playwright.sync_api import expect

from server.demo.people import PEOPLE
from tests.device import Phone
from tests.e2e.city import City
from tests.e2e.person import Person
from tests.e2e.steps import card, dispatch, entries, everything_delivered, work_up_to_reply
from tests.serving import Server

Crew = Callable[..., Person]
Colleague = Callable[[str], Phone]


@pytest.fixture
def city(server: Server) -> City:
    """Its alarms are answered: these tests are about the ticket."""
    return City(server, hushed=True)


def test_the_head_sends_a_reply_back_offline_with_a_reason(
    city: City, crew: Crew, colleague: Colleague
) -> None:
    ticket = city.post()
    dispatch(colleague, ticket["id"])
    worker = colleague("worker")
    work_up_to_reply(worker, ticket["id"])
    head = crew("head")
    page = head.page
    page.goto(head.url + "/review")
    expect(card(page, ticket["title"])).to_be_visible()
    head.lose_signal()
    card(page, ticket["title"]).click()
    expect(page.get_by_role("region", name="回复", exact=True).get_by_text("井盖已更换")).to_be_visible()
    page.get_by_role("button", name="退回", exact=True).click()
    page.get_by_role("button", name="确认退回").click()
    expect(page.get_by_text("请写明退回原因。")).to_be_visible()
    page.get_by_label("退回原因").fill("请写明更换的时间。")
    page.get_by_role("button", name="确认退回").click()

    # Decided, and said to be on the phone only; the worker knows nothing yet.
    expect(page.get_by_role("heading", name="您已审，待送达")).to_be_visible()
    head.picture("review-offline")
    worker.sync()
    assert worker.ticket(ticket["id"])["state"] == "reply_review"
    page = head.restart("/review")
    expect(page.get_by_role("heading", name="您已审，待送达")).to_be_visible()
    head.find_signal()
    everything_delivered(page, head.url)
    worker.sync()
    assert worker.ticket(ticket["id"])["state"] == "handling"
    [rejected] = entries(worker, ticket["id"], "ticket.reject")
    assert "请写明更换的时间。" in (rejected.get("reason"), rejected.get("text"))


@pytest.fixture
def sheet(tmp_path: Path) -> tuple[Path, str]:
    """Two good rows and a broken one between them, and the mark that all titles bear."""
    mark = uuid.uuid4().hex[:6]
    rows = [
        ["工单编号", "受理时间", "诉求类型", "紧急", "标题", "内容", "村（社区）"],
        [f"X1-{mark}", "2026-11-20 09:00", "投诉", "否", f"路灯不亮{mark}", "路灯不亮。", "闸口村"],
        [f"X2-{mark}", "前天", "投诉", "否", f"坏行{mark}", "时间写错了。", "无此村"],
        [f"X3-{mark}", "2026-11-20 10:00", "求助", "否", f"积水{mark}", "门前积水。", "南城村"],
    ]
    path = tmp_path / "工单.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        for n, row in enumerate(rows):
            page.write_row(n, 0, row)
    return path, mark


def test_a_file_with_a_broken_row_brings_in_the_good_ones_once(
    sheet: tuple[Path, str], crew: Crew, colleague: Colleague
) -> None:
    path, mark = sheet
    officer = crew("officer", desk=True)
    page = officer.page
    page.goto(officer.url + "/office/import")
    for outcome in ("已导入", "已存在，未重复"):
        page.locator("input[type=file]").set_input_files(path)
        expect(page.get_by_role("heading", name="预检结果（尚未写入）")).to_be_visible()
        bad = page.get_by_role("row", name=re.compile(f"坏行{mark}"))
        expect(bad.get_by_role("rowheader")).to_have_text("3")
        expect(bad.get_by_text("受理时间")).to_be_visible()
        expect(bad.get_by_text("村（社区）")).to_be_visible()
        if outcome == "已导入":
            assert found(colleague("officer"), mark) == [], "the preview wrote something"
            officer.picture("import-preview")
        page.get_by_role("button", name="写入 2 行").click()
        expect(page.get_by_role("heading", name="导入结果")).to_be_visible()
        for title in (f"路灯不亮{mark}", f"积水{mark}"):
            expect(page.get_by_role("row", name=re.compile(title)).get_by_text(outcome)).to_be_visible()
        expect(bad.get_by_text("有误", exact=True)).to_be_visible()
        assert sorted(found(colleague("officer"), mark)) == sorted([f"积水{mark}", f"路灯不亮{mark}"])


def found(reader: Phone, words: str) -> list[str]:
    return [item["title"] for item in reader.get(f"/tickets?q={words}").json["items"]]


def test_the_list_of_tickets_filters_and_the_address_keeps_the_filter(city: City, crew: Crew) -> None:
    wanted, other = city.post(), city.post(category="consult", urgent=False, title="咨询办证时间")
    officer = crew("officer", desk=True)
    page = officer.page
    page.goto(officer.url + "/office/tickets")
    table = page.get_by_role("table")
    expect(table.get_by_role("row")).not_to_have_count(2)
    page.get_by_role("textbox", name="编号、标题、地点").fill(wanted["external_no"])
    expect(page.get_by_text("共 1 件")).to_be_visible()
    expect(table.get_by_role("link", name=wanted["title"])).to_be_visible()
    assert wanted["external_no"] not in page.url, "the words searched for are in the address"
    page.reload()
    expect(page.get_by_text("共 1 件")).to_be_visible()

    page.get_by_role("textbox", name="编号、标题、地点").fill(other["external_no"])
    expect(table.get_by_role("link", name=other["title"])).to_be_visible()
    page.get_by_text("只看紧急").click()
    expect(page.get_by_text("没有符合条件的工单")).to_be_visible()
    page.get_by_role("button", name="清除筛选").click()
    expect(page.get_by_text("没有符合条件的工单")).to_have_count(0)
    page.get_by_role("combobox", name="状态").click(force=True)  # its placeholder lies over it
    page.get_by_role("option", name="待分派").click()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("state=received"))
    rows = table.locator("tbody").get_by_role("row")
    expect(rows.filter(has_text="待分派").first).to_be_visible()
    expect(rows.filter(has_not_text="待分派")).to_have_count(0)


def test_a_figure_of_the_board_opens_the_tickets_behind_it(crew: Crew) -> None:
    officer = crew("officer", desk=True)
    page = officer.page
    page.goto(officer.url + "/office/board")
    figures = page.get_by_role("button", name=re.compile("打开全部工单"))
    expect(figures.first).to_be_visible()
    n = int(figures.first.inner_text().split("/")[1])
    assert n > 0
    figures.first.click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text(f"{n} 件", exact=True)).to_be_visible()
    behind = drawer.get_by_role("table").locator("tbody").get_by_role("row")
    expect(behind).to_have_count(n)
    officer.picture("board-drawer")
    title = behind.first.get_by_role("link").inner_text()
    behind.first.get_by_role("link").click()
    expect(page).to_have_url(re.compile("/office/tickets/"))
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    expect(page.get_by_role("heading", name="经过")).to_be_visible()


CHINESE = re.compile("[\u4e00-\u9fff]")


def test_one_switch_turns_every_word_of_the_phone_to_english(crew: Crew) -> None:
    head = crew("head")
    page = head.page
    page.goto(head.url + "/me")
    page.get_by_role("radio", name="English").check(force=True)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.goto(head.url + "/outbox")
    expect(page.get_by_role("heading", name="Outbox", exact=True)).to_be_visible()
    left = [line for line in page.locator("body").inner_text().splitlines() if CHINESE.search(line)]
    # What people wrote stays as it is: the titles of the tickets; and so do their names.
    own = ("主干道井盖缺失", "E2E-", *(each.name for each in PEOPLE))
    assert [line for line in left if not any(word in line for word in own)] == []
    page.goto(head.url + "/me")
    page.get_by_role("radio", name="中文").check(force=True)
    expect(page.get_by_role("button", name="退出登录")).to_be_visible()


def test_one_switch_turns_the_office_to_english(crew: Crew) -> None:
    officer = crew("officer", desk=True)
    page = officer.page
    page.goto(officer.url + "/office/board")
    page.get_by_label("语言").select_option("en")
    expect(page.get_by_role("heading", name=re.compile("Arrival times"))).to_be_visible()
    expect(page.get_by_role("navigation").get_by_role("link", name=re.compile("All tickets"))).to_be_visible()
    expect(page.get_by_role("columnheader", name=re.compile("[\u4e00-\u9fff]"))).to_have_count(0)
    officer.picture("board-english")
    page.get_by_label("Language").select_option("zh-CN")
    expect(page.get_by_role("heading", name=re.compile("到场时限"))).to_be_visible()
