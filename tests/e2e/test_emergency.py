"""An urgent ticket from the city line to somebody on the spot: alarmed, answered without signal, climbed, reminded of.

The server's ladders run thirty times faster than a town's; everything else is the product, its alarm worker included.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.alerts.post import browser_keys
from tests.alerts.receivers import Service, running_service
from tests.e2e import watching
from tests.e2e.city import City
from tests.e2e.conftest import DUTY_PHONE
from tests.e2e.steps import act, arrive
from tests.e2e.watching import (
    UNSENT,
    Colleague,
    Crew,
    alarm_about,
    alarm_card,
    climbed,
    duty_desk,
    on_watch,
    person_in,
    receive,
    rung_of,
    strip_of,
    unfold,
)
from tests.serving import Server

SOUTH = {"village": "南城村", "address": "南城大道8号", "lat": 23.0201, "lng": 113.6901, "crs": "WGS84"}
NAMED = re.compile("到场 剩")


@pytest.fixture(scope="module")
def server(hurried: Server) -> Server:
    watching.calm(hurried)
    return hurried


@pytest.fixture
def push_service(push_port: int) -> Iterator[Service]:
    """Where the phones' pushes go."""
    with running_service(push_port) as service:
        yield service


def ago(minutes: float) -> dict[str, str]:
    """The city had the call so long ago; the sixty minutes to the scene have run since."""
    return {
        "received_at": (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="milliseconds")
    }


def test_an_urgent_ticket_is_dispatched_by_itself_and_covers_the_open_app(city: City, crew: Crew) -> None:
    worker = on_watch(crew, "worker")
    page = worker.page
    page.goto(worker.url + "/me")
    ticket = city.post()
    assert (ticket["state"], ticket["lead_unit"]["name"]) == ("assigned", "闸口村")
    alarm = alarm_about(page, ticket["title"])
    expect(alarm.get_by_role("heading", name="紧急工单")).to_be_focused()
    expect(alarm).to_contain_text(NAMED)
    worker.pictures("emergency-alarm")
    receive(page)
    page.wait_for_url(f"**/tickets/{ticket['id']}")
    expect(page.get_by_role("button", name="出发")).to_be_visible()
    worker.picture("emergency-ticket")


def test_an_answer_without_signal_is_not_called_done_and_counts_from_when_it_was_made(
    city: City, crew: Crew
) -> None:
    worker, desk = on_watch(crew, "worker"), duty_desk(crew).page
    page = worker.page
    ticket = city.post()
    expect(alarm_about(page, ticket["title"])).to_be_visible()
    worker.lose_signal()
    receive(page)
    strip = strip_of(page)
    expect(strip).to_contain_text(UNSENT)
    call = strip.get_by_role("link", name=re.compile("拨打值班室"))
    expect(call).to_have_attribute("href", f"tel:{DUTY_PHONE}".replace("-", ""))
    worker.pictures("emergency-unsent")

    # Nobody can know of it yet: the ladder climbs, and afterwards it says why.
    shown = alarm_card(desk, "紧急工单", ticket["title"])
    climbed(shown, 2)
    assert strip.get_by_text("已送达").count() == 0
    worker.find_signal()
    expect(strip).to_contain_text("已送达")
    expect(strip).not_to_contain_text("未送达")
    worker.picture("emergency-got-through")
    watching.show_answered(desk)
    expect(shown).to_contain_text(re.compile(f"李伟 {watching.CLOCK} 收到"))
    expect(shown).to_contain_text("李伟 在无信号时已按“收到”")
    crew("duty", desk=True).picture("emergency-explained")


def test_nobody_answers_and_the_duty_room_watches_it_climb_until_somebody_does(
    city: City, crew: Crew, colleague: Colleague, push_service: Service
) -> None:
    leader, head3, head = on_watch(crew, "leader"), on_watch(crew, "head3"), on_watch(crew, "head")
    crew("worker").lose_signal()
    backup = colleague("worker2")
    subscription = {"endpoint": f"{push_service.url}/worker2", "keys": browser_keys()}
    made = backup.post("/push/subscriptions", {"device": backup.device, "subscription": subscription})
    assert made.status == 201, made.json
    desk = duty_desk(crew)
    ticket, other = city.post(), city.post(place=SOUTH)
    shown = alarm_card(desk.page, "紧急工单", ticket["title"])
    also = alarm_card(desk.page, "紧急工单", other["title"])

    # Each person, how far each way to him came, and his number.
    expect(person_in(shown, "李伟")).to_contain_text(re.compile(f"应用内 已发出 {watching.CLOCK}"))
    expect(person_in(shown, "李伟")).to_contain_text("未收到")
    expect(person_in(shown, "卢国强")).to_contain_text(re.compile(f"应用内 已看到 {watching.CLOCK}"))
    expect(person_in(shown, "陈静")).to_contain_text(re.compile(f"推送 已发出 {watching.CLOCK}"))
    expect(person_in(shown, "李伟").get_by_role("link", name=re.compile("^拨打 李伟 "))).to_have_attribute(
        "href", re.compile(r"^tel:\d{11}$")
    )
    (known,) = watching.alarms(colleague("duty"), ticket["id"], "urgent_ticket")
    alert = next(each["alert"] for each in known["people"] if each["person"]["name"] == "陈静")
    told = {"alert": alert, "channel": "push", "state": "delivered", "age_ms": 0}
    assert backup.post("/alerts/receipts", {"device": backup.device, "receipts": [told]}).status == 204
    expect(person_in(shown, "陈静")).to_contain_text(re.compile(f"推送 已送达 {watching.CLOCK}"))

    # Unit head and backup again; the other village's head hears it the second time, and has it.
    climbed(shown, 2)
    receive(head3.page)
    expect(alarm_about(head.page, ticket["title"])).to_contain_text("第 2 次提醒")
    desk.pictures("emergency-climbing")
    watching.show_answered(desk.page)
    expect(also).to_contain_text(re.compile(f"叶志明 {watching.CLOCK} 收到"))

    # Then the duty room, then the leader, and no further.
    climbed(shown, 3)
    climbed(shown, 4)
    expect(shown).to_contain_text("已到最高级，仍无人收到")
    expect(alarm_about(leader.page, ticket["title"])).to_be_visible()
    leader.picture("emergency-leader")
    desk.pictures("emergency-unanswered")
    receive(leader.page)
    expect(shown).to_contain_text(re.compile(f"黄敏 {watching.CLOCK} 收到"))
    unfold(shown)
    expect(person_in(shown, "黄敏")).to_contain_text("按了“收到”")
    unfold(also)
    expect(rung_of(also, 4)).to_contain_text("已有人收到，不再升级")
    (stopped,) = watching.alarms(colleague("duty"), other["id"], "urgent_ticket")
    assert [each["climbed_at"] is None for each in stopped["ladder"]][3] is True
    assert "黄敏" not in {each["person"]["name"] for each in stopped["people"]}


def test_it_reminds_whoever_must_act_and_the_duty_room_sees_him_set_out_and_arrive(
    city: City, crew: Crew
) -> None:
    worker, desk = on_watch(crew, "worker"), duty_desk(crew)
    page = worker.page
    ticket = city.post(**ago(31))
    expect(alarm_about(page, ticket["title"])).to_be_visible()
    receive(page)
    page.wait_for_url(f"**/tickets/{ticket['id']}")
    strip = strip_of(page)
    expect(strip).to_contain_text(f"到场提醒：{ticket['title']}")
    expect(strip).to_contain_text(re.compile("到场 剩 2[89] 分"))
    worker.pictures("emergency-reminder")
    reminder = strip.get_by_role("alert").filter(has_text=ticket["title"])
    reminder.get_by_role("button", name="知道了").click()

    scene = desk.page.get_by_role("region", name="紧急工单 · 出发与到场")
    row = scene.get_by_role("listitem").filter(has_text=ticket["title"])
    expect(row).to_contain_text("到场 剩")
    act(page, "出发")
    expect(row).to_contain_text("已出发")
    desk.pictures("emergency-scene")
    arrive(page)
    expect(row).to_contain_text(re.compile(r"\d\d:\d\d 到场 · 用时"))


def test_five_minutes_before_the_end_it_rings_again_and_missing_it_is_told_to_the_office(
    city: City, crew: Crew
) -> None:
    worker, desk = on_watch(crew, "worker3"), duty_desk(crew)
    officer = crew("officer", desk=True)
    officer.page.goto(officer.url + "/office/dispatch")
    soon, late = city.post(place=SOUTH, **ago(56)), city.post(place=SOUTH, **ago(61))
    for _ in (soon, late):
        expect(worker.page.get_by_role("alertdialog").get_by_role("heading", name="紧急工单")).to_be_visible()
        receive(worker.page)
    alarm = alarm_about(worker.page, soon["title"])
    expect(alarm.get_by_role("heading", name="到场提醒")).to_be_visible()
    worker.picture("emergency-last-reminder")
    receive(worker.page)

    expect(strip_of(officer.page)).to_contain_text(f"已超时：{late['title']}")
    officer.picture("emergency-overdue-office")
    strip_of(officer.page).get_by_role("button", name="知道了").first.click()
    row = desk.page.get_by_role("region", name="紧急工单 · 出发与到场").get_by_role("listitem")
    expect(row.filter(has_text=late["title"])).to_contain_text("未到场，超时")
    desk.page.get_by_text(re.compile("提醒与超时通知")).click()
    expect(alarm_card(desk.page, "超时通知", late["title"])).to_be_visible()
    desk.picture("emergency-overdue")
