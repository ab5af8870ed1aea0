"""The awkward things (step 7): each is told in plain words, and what was done on the phone is kept."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import requests
from playwright.sync_api import Page, expect

from server.demo.people import PASSWORD
from sync.clock import parse_rfc3339
from tests.device import Phone
from tests.e2e.city import City
from tests.e2e.person import Person
from tests.e2e.steps import (
    STORED,
    act,
    arrive,
    card,
    dispatch,
    entries,
    everything_delivered,
    person_id,
    stored_text,
    unit_id,
    write_note,
)
from tests.serving import Server

Crew = Callable[..., Person]
Colleague = Callable[[str], Phone]

DAY_MS = 86_400_000
FAST_MS = 3 * DAY_MS
# A phone whose clock is three days fast: its pages know no other time.
FAST_CLOCK = f"""(() => {{
  const Real = Date
  class Fast extends Real {{
    constructor(...given) {{
      if (given.length > 0) super(...given)
      else super(Real.now() + {FAST_MS})
    }}
    static now() {{ return Real.now() + {FAST_MS} }}
  }}
  globalThis.Date = Fast
}})()"""


def visit_offline(worker: Person, title: str) -> Page:
    """No signal: 签收, then 到场."""
    worker.page.goto(worker.url + "/tickets")
    expect(card(worker.page, title)).to_be_visible()
    worker.lose_signal()
    card(worker.page, title).click()
    act(worker.page, "签收")
    expect(worker.page.get_by_text(STORED).first).to_be_visible()
    arrive(worker.page)
    return worker.page


@pytest.fixture
def city(server: Server) -> City:
    """Its alarms are answered: these tests are about the ticket."""
    return City(server, hushed=True)


def test_who_accepted_second_is_told_and_becomes_assistant(
    city: City, crew: Crew, colleague: Colleague
) -> None:
    worker, ticket = crew("worker"), city.post()
    dispatch(colleague, ticket["id"])
    page = visit_offline(worker, ticket["title"])
    second = colleague("worker2")
    assert second.do("ticket.accept", ticket["id"])["outcome"] == "applied"

    worker.find_signal()
    expect(
        page.get_by_text(re.compile(r"陈静 \d\d:\d\d 已先签收，您转为协办；您的记录已保留。"))
    ).to_be_visible()
    worker.picture("awkward-second")
    page.reload()
    expect(page.get_by_text(re.compile("陈静 .*已先签收"))).to_be_visible()
    page.goto(worker.url + "/problems")
    expect(page.get_by_text(re.compile("陈静 .*已先签收"))).to_be_visible()
    shown = colleague("officer").get(f"/tickets/{ticket['id']}").json
    assert shown["assignee"]["name"] == "陈静"
    assert [each["name"] for each in shown["assistants"]] == ["李伟"]
    arrivals = [entry for entry in shown["timeline"] if entry["name"] == "ticket.arrive"]
    assert [(entry["actor"]["name"], entry["outcome"]) for entry in arrivals] == [("李伟", "applied")]


def test_a_visit_to_a_ticket_moved_meanwhile_is_kept_and_told(
    city: City, crew: Crew, colleague: Colleague
) -> None:
    # Not an urgent one: of those the village of the place stays a part, whoever leads.
    worker, ticket = crew("worker"), city.post(urgent=False)
    officer = dispatch(colleague, ticket["id"])
    page = visit_offline(worker, ticket["title"])
    receipt = officer.do("ticket.dispatch", ticket["id"], {"unit": unit_id("南城村")})
    assert receipt["outcome"] == "applied"

    worker.find_signal()
    expect(page.get_by_text("工单已转走", exact=True)).to_be_visible()
    worker.picture("awkward-moved")
    page.goto(worker.url + "/problems")
    expect(page.get_by_text(re.compile("工单已改派南城村")).first).to_be_visible()
    page.goto(worker.url + "/tickets")
    expect(page.get_by_role("heading", name="我的工单")).to_be_visible()
    expect(card(page, ticket["title"])).to_have_count(0)
    assert [entry["outcome"] for entry in entries(officer, ticket["id"], "ticket.arrive")] == ["kept"]


def test_a_visit_to_a_merged_ticket_is_kept_with_the_survivor(
    city: City, crew: Crew, colleague: Colleague
) -> None:
    worker, ticket, survivor = crew("worker"), city.post(), city.post()
    officer = dispatch(colleague, ticket["id"])
    dispatch(colleague, survivor["id"])
    page = visit_offline(worker, ticket["title"])
    merged = officer.do("ticket.merge", ticket["id"], {"into": survivor["id"], "reason": "同一处井盖。"})
    assert merged["outcome"] == "applied"

    worker.find_signal()
    expect(page.get_by_text("工单已并单", exact=True)).to_be_visible()
    worker.picture("awkward-merged")
    page.get_by_role("link", name="查看并入的工单").click()
    expect(page.get_by_role("heading", name=survivor["title"]).first).to_be_visible()
    assert [entry["actor"]["name"] for entry in entries(officer, survivor["id"], "ticket.arrive")] == ["李伟"]
    page.goto(worker.url + "/problems")
    expect(page.get_by_text(re.compile(f"工单已并入{survivor['external_no']}")).first).to_be_visible()


def test_a_ticket_made_confidential_leaves_the_phone(city: City, crew: Crew, colleague: Colleague) -> None:
    worker, ticket = crew("worker"), city.post()
    officer = dispatch(colleague, ticket["id"])
    page = worker.page
    page.goto(worker.url + f"/tickets/{ticket['id']}")
    expect(page.get_by_role("heading", name=ticket["title"]).first).to_be_visible()
    assert ticket["title"] in stored_text(page)

    receipt = officer.do(
        "ticket.set_confidential",
        ticket["id"],
        {"confidential": True, "reason": "涉及举报人。", "handlers": [person_id("worker2")]},
    )
    assert receipt["outcome"] == "applied"
    expect(page.get_by_text("工单已转走", exact=True)).to_be_visible()
    left = stored_text(page)
    assert ticket["title"] not in left
    assert "cached http" in left, "the reading of the caches reads nothing"
    assert "/api/" not in left


def test_a_confidential_ticket_is_shown_online_only_and_never_stored(
    city: City, crew: Crew, colleague: Colleague
) -> None:
    worker, ticket, other = crew("worker"), city.post(content="举报人所述详情甲乙丙。"), city.post()
    officer = dispatch(colleague, ticket["id"])
    dispatch(colleague, other["id"])
    officer.do(
        "ticket.set_confidential",
        ticket["id"],
        {"confidential": True, "reason": "涉及举报人。", "handlers": [person_id("worker")]},
    )
    page = worker.page
    page.goto(worker.url + f"/tickets/{ticket['id']}")
    expect(page.get_by_text("保密单", exact=True).first).to_be_visible()
    expect(page.get_by_text("举报人所述详情甲乙丙。")).to_be_visible()
    kept = stored_text(page)
    assert ticket["id"] in kept
    assert "甲乙丙" not in kept
    assert ticket["title"] not in kept

    worker.lose_signal()
    page.goto(worker.url + f"/tickets/{other['id']}")
    write_note(page, "普通工单的补充。")
    page.goto(worker.url + f"/tickets/{ticket['id']}")
    expect(page.get_by_text("保密单内容只在联网时显示，不存本机。")).to_be_visible()
    expect(page.get_by_text("甲乙丙")).to_have_count(0)
    page.goto(worker.url + "/outbox")
    with page.expect_download() as saved:
        page.get_by_role("button", name="导出为文件").click()
    file = saved.value.path().read_text()
    assert "普通工单的补充。" in file
    assert ticket["id"] not in file
    assert "甲乙丙" not in file
    worker.find_signal()
    everything_delivered(page, worker.url)


def test_a_clock_three_days_fast_does_not_move_the_arrival(
    city: City, person: Crew, colleague: Colleague
) -> None:
    worker, ticket = person("worker"), city.post()
    officer = dispatch(colleague, ticket["id"])
    worker.script = FAST_CLOCK
    page = worker.sign_in()
    worker.ready_for_offline()
    expect(page.get_by_text("手机时钟快了 3 天。时间以服务器为准，不影响记录。")).to_be_visible()
    worker.picture("awkward-clock")
    visit_offline(worker, ticket["title"])
    assert ticket["title"] in stored_text(page)
    worker.find_signal()
    everything_delivered(page, worker.url)
    [arrival] = entries(officer, ticket["id"], "ticket.arrive")
    off = datetime.now(UTC) - datetime.fromtimestamp(parse_rfc3339(arrival["occurred_at"]) / 1000, UTC)
    assert abs(off) < timedelta(minutes=5)
    assert arrival["trust"] in {"proven", "probable"}


def test_a_clock_moved_between_restarts_is_told_as_a_time_to_be_confirmed(
    city: City, person: Crew, colleague: Colleague
) -> None:
    worker, ticket = person("worker"), city.post()
    officer = dispatch(colleague, ticket["id"])
    worker.sign_in()
    worker.ready_for_offline()
    expect(card(worker.page, ticket["title"])).to_be_visible()
    worker.lose_signal()
    worker.script = FAST_CLOCK
    page = worker.restart(f"/tickets/{ticket['id']}")
    arrive(page)
    worker.script = ""
    page = worker.restart(f"/tickets/{ticket['id']}")
    worker.find_signal()
    expect(page.get_by_text("时间待核")).to_be_visible()
    worker.picture("awkward-unverified")
    [arrival] = entries(officer, ticket["id"], "ticket.arrive")
    assert arrival["trust"] == "unverified"
    assert arrival["outcome"] == "applied"


def test_work_outlives_an_expired_session_and_goes_up_after_signing_in(
    city: City, person: Crew, colleague: Colleague
) -> None:
    worker, ticket = person("worker"), city.post()
    officer = dispatch(colleague, ticket["id"])
    page = worker.sign_in()
    worker.ready_for_offline()
    visit_offline(worker, ticket["title"])
    end_session(worker)

    worker.find_signal()
    expect(page.get_by_text("登录已过期。2 条工作都在本机，重新登录后自动发送。")).to_be_visible()
    worker.picture("awkward-expired")
    assert entries(officer, ticket["id"], "ticket.arrive") == []
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_text("李伟，您在本机的工作都还在。重新登录后继续发送。")).to_be_visible()
    expect(page.get_by_label("用户名")).to_have_value("worker")
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url(lambda url: "/login" not in url)
    everything_delivered(page, worker.url)
    assert len(entries(officer, ticket["id"], "ticket.accept")) == 1
    assert len(entries(officer, ticket["id"], "ticket.arrive")) == 1


def end_session(somebody: Person) -> None:
    """The server forgets this browser's session; the browser does not know yet."""
    with requests.Session() as elsewhere:
        for cookie in somebody.context.cookies():
            elsewhere.cookies.set(cookie["name"], cookie["value"])
        address = f"{somebody.server.url}/api/v1/session"
        token = elsewhere.get(address, timeout=20).json()["csrf"]
        assert elsewhere.delete(address, headers={"X-CSRF-Token": token}, timeout=20).status_code == 204
