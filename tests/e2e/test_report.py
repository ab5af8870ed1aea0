"""突发直报 in a browser: two taps and it is with the duty room; without a line it says so, and gets through later."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.device import Phone
from tests.e2e.person import Person
from tests.e2e.steps import act, everything_delivered, person_id, take_photos
from tests.e2e.test_axe import violations
from tests.serving import Server

Crew = Callable[..., Person]
Colleague = Callable[[str], Phone]

DUTY_PHONE = "0769-8512345"
UNSENT = "未送达—请立即拨打值班室"


@pytest.fixture(scope="module")
def server(start_town: Callable[..., Server]) -> Server:
    """A town that has told the app its duty room's number."""
    return start_town(JIBAN_DUTY_PHONE=DUTY_PHONE)


def start_report(page: Page, url: str, matter: str) -> None:
    """The two taps, from the list that the app opens on."""
    page.goto(url + "/tickets")
    page.get_by_role("link", name="突发直报").click()
    expect(page.get_by_role("link", name=re.compile("110"))).to_be_visible()
    page.get_by_role("link", name=matter, exact=True).click()
    expect(page.get_by_label("现场情况")).to_be_focused()


def incidents(reader: Phone, text: str) -> list[dict[str, Any]]:
    """The incidents of the town that were reported with this text."""
    answer = reader.get("/incidents")
    assert answer.status == 200, answer.json
    return [each for each in answer.json["items"] if each["text"] == text]


def whole(reader: Phone, incident: str) -> dict[str, Any]:
    answer = reader.get(f"/incidents/{incident}")
    assert answer.status == 200, answer.json
    told: dict[str, Any] = answer.json
    return told


def alert_of(reader: Phone, incident: str) -> str:
    """What alarmed this person about the incident."""
    reader.sync()
    rows = reader.base.rows.items()
    return next(id_ for (kind, id_), doc in rows if kind == "alert" and doc["subject"]["id"] == incident)


def test_two_taps_and_a_line_reach_the_duty_room_and_its_answer_comes_back(
    crew: Crew, colleague: Colleague
) -> None:
    worker = crew("worker")
    page = worker.page
    start_report(page, worker.url, "火灾")
    assert violations(page) == []
    worker.picture("report-form")
    page.get_by_label("现场情况").fill("村口仓库起火，里面有两个人。")
    take_photos(page, 1)
    page.get_by_role("button", name="立即上报").click()
    expect(page.get_by_role("status").filter(has_text=re.compile(r"已送达值班室 \d\d:\d\d"))).to_be_visible()
    expect(page.get_by_text("照片 1/1 张已上传")).to_be_visible()

    duty = colleague("duty")
    duty.sync()
    (made,) = incidents(duty, "村口仓库起火，里面有两个人。")
    assert (made["matter"]["code"], made["reporter"]["id"], made["drill"]) == (
        "fire",
        person_id("worker"),
        False,
    )
    place = whole(duty, made["id"])["place"]
    assert abs(place["lat"] - 23.0129) < 1e-6
    alert = alert_of(duty, made["id"])
    assert duty.do("alert.ack", alert, {})["outcome"] == "applied"
    expect(
        page.get_by_role("region", name="收到情况").get_by_text(re.compile(r"\d\d:\d\d 收到"))
    ).to_be_visible()
    assert violations(page) == []
    worker.picture("report-delivered")

    page.get_by_role("button", name="查看事件").or_(page.get_by_role("link", name="查看事件")).first.click()
    expect(page.get_by_role("heading", name="经过")).to_be_visible()
    act(page, "说一句")
    page.get_by_label("现场情况").fill("人已经出来了。")
    page.get_by_role("button", name="发出").click()
    expect(page.get_by_text("人已经出来了。")).to_be_visible()
    assert violations(page) == []
    worker.picture("incident")
    page.get_by_role("button", name="这是误报").click()
    page.get_by_label("说明").fill("只是烧垃圾。")
    page.get_by_role("dialog").get_by_role("button", name="这是误报").click()
    expect(page.get_by_text("已告知误报").first).to_be_visible()
    everything_delivered(page, worker.url)
    told = [each for each in whole(duty, made["id"])["timeline"] if each["name"] == "incident.note"]
    assert {each["text"] for each in told} == {"人已经出来了。", "误报：只是烧垃圾。"}


def test_without_a_line_the_screen_says_so_and_the_report_gets_through_once(
    crew: Crew, colleague: Colleague
) -> None:
    worker = crew("worker")
    worker.page.goto(worker.url + "/tickets")
    worker.lose_signal()
    page = worker.restart()
    start_report(page, worker.url, "溺水")
    page.get_by_label("现场情况").fill("水塘边有人落水。")
    page.wait_for_timeout(600)  # what is typed is written down within 300 ms

    page = worker.restart("/report")
    page.get_by_role("link", name=re.compile("继续填写")).click()
    expect(page.get_by_label("现场情况")).to_have_value("水塘边有人落水。")
    page.get_by_role("button", name="立即上报").click()
    expect(page.get_by_text(UNSENT)).to_be_visible()
    call = page.get_by_role("link", name=re.compile("拨打值班室")).first
    assert call.get_attribute("href") == "tel:07698512345"
    expect(page.get_by_text(re.compile("已试 [1-9]\\d* 次"))).to_be_visible()
    assert page.get_by_text("已送达").count() == 0
    assert violations(page) == []
    worker.picture("report-unsent")
    address = page.url

    page = worker.restart(address.removeprefix(worker.url))
    expect(page.get_by_text(UNSENT)).to_be_visible()
    worker.line.mend()  # the browser is not told: the screen itself keeps trying
    expect(page.get_by_role("status").filter(has_text=re.compile(r"已送达值班室 \d\d:\d\d"))).to_be_visible()
    expect(page.get_by_text(UNSENT)).to_have_count(0)
    worker.picture("report-got-through")
    assert len(incidents(colleague("duty"), "水塘边有人落水。")) == 1


def test_whoever_has_no_field_work_reports_too_and_a_drill_is_marked(
    crew: Crew, colleague: Colleague
) -> None:
    duty = crew("duty")
    page = duty.page
    page.goto(duty.url + "/report")
    page.get_by_label(re.compile("这是演练")).check()
    page.get_by_role("link", name="燃气泄漏", exact=True).click()
    expect(page.get_by_text("演练，不是真实事件")).to_be_visible()
    page.get_by_label("现场情况").fill("演练：管道漏气。")
    page.get_by_role("button", name="立即上报").click()
    expect(page.get_by_text("已送达值班室").first).to_be_visible()
    expect(page.get_by_text("演练，不是真实事件")).to_be_visible()
    (made,) = incidents(colleague("duty"), "演练：管道漏气。")
    assert made["drill"]
    page.goto(duty.url + "/incidents")
    expect(page.get_by_role("link", name=re.compile("演练.*燃气泄漏"))).to_be_visible()
    assert violations(page) == []
    duty.picture("incident-list")


def test_the_list_of_matters_puts_the_telephone_first(crew: Crew) -> None:
    worker = crew("worker")
    page = worker.page
    page.goto(worker.url + "/report")
    expect(page.get_by_role("heading", name="危及生命")).to_be_visible()
    numbers = page.get_by_role("group", name="紧急电话").get_by_role("link")
    assert [each.get_attribute("href") for each in numbers.all()] == [
        "tel:110",
        "tel:119",
        "tel:120",
        "tel:122",
    ]
    # Before the first matter on the screen, and none of them is hard to hit.
    assert numbers.first.bounding_box()["y"] < page.get_by_role("link", name="火灾").bounding_box()["y"]  # type: ignore[index]
    for each in page.get_by_role("main").get_by_role("link").all():
        assert each.bounding_box()["height"] >= 48  # type: ignore[index]
    assert violations(page) == []
    worker.picture("report-matters")
