"""The app without a network, without a server, with another version and another person: nothing is lost or doubled."""

import re
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.device import Phone
from tests.e2e.city import City
from tests.e2e.person import Person
from tests.e2e.photo import grainy_jpeg
from tests.e2e.steps import (
    STORED,
    act,
    arrive,
    card,
    dispatch,
    entries,
    everything_delivered,
    stored_text,
    write_note,
)
from tests.serving import Server

Crew = Callable[..., Person]
Colleague = Callable[[str], Phone]

PATIENCE_S = 20
ASKED_MAX = 4  # once for the note, and for whatever else may have been sent meanwhile
COUNT_ASKING = """(() => {
  const register = SyncManager.prototype.register
  self.asked = 0
  SyncManager.prototype.register = function (tag) { self.asked += 1; return register.call(this, tag) }
})()"""
PNG_SIZE_AT = 16  # width and height, four bytes each


@pytest.fixture
def city(server: Server) -> City:
    """Its alarms are answered: these tests are about the ticket."""
    return City(server, hushed=True)


@pytest.fixture
def ticket(city: City, colleague: Colleague) -> dict[str, Any]:
    """One that waits for the village's workers."""
    made = city.post()
    dispatch(colleague, made["id"])
    return made


def test_the_app_can_be_put_on_the_home_screen(crew: Crew) -> None:
    worker = crew("worker")
    page = worker.page
    address = page.locator("link[rel=manifest]").get_attribute("href")
    told = requests.get(f"{worker.url}{address}", timeout=20)
    assert told.headers["Content-Type"].startswith("application/manifest+json")
    manifest = told.json()
    assert (manifest["short_name"], manifest["display"]) == ("即办", "standalone")
    assert (manifest["start_url"], manifest["scope"]) == ("/", "/")
    sizes = {}
    for icon in manifest["icons"]:
        picture = requests.get(f"{worker.url}{icon['src']}", timeout=20)
        assert picture.headers["Content-Type"].split(";")[0] == icon["type"]
        if icon["type"] == "image/png":
            sizes[icon["sizes"], icon["purpose"]] = struct.unpack_from(">II", picture.content, PNG_SIZE_AT)
    assert sizes["192x192", "any"] == (192, 192)
    assert sizes["512x512", "any"] == (512, 512)
    assert sizes["512x512", "maskable"] == (512, 512)
    # What Chromium itself has against installing it: nothing, but that no person has asked for it.
    devtools = worker.context.new_cdp_session(page)
    assert devtools.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
    worker.ready_for_offline()


def test_a_cold_start_without_network_shows_the_list_and_keeps_the_work(
    ticket: dict[str, Any], crew: Crew, colleague: Colleague
) -> None:
    worker = crew("worker")
    expect(card(worker.page, ticket["title"])).to_be_visible()
    worker.lose_signal()
    page = worker.restart()
    expect(page.get_by_role("link", name=re.compile("离线"))).to_be_visible()
    card(page, ticket["title"]).click()
    act(page, "签收")
    expect(page.get_by_text(STORED).first).to_be_visible()

    page = worker.restart()
    # Beside it waits the 收到 to its alarm, if that rang only after the signal was gone.
    expect(page.get_by_role("link", name=re.compile("离线 · [12] 条待发送"))).to_be_visible()
    page.goto(worker.url + "/outbox")
    expect(page.get_by_role("region", name="待发送").get_by_role("link", name="签收")).to_be_visible()
    worker.find_signal()
    everything_delivered(page, worker.url)
    assert len(entries(colleague("officer"), ticket["id"], "ticket.accept")) == 1


def test_a_dead_server_is_survived_and_its_return_delivers_once(
    ticket: dict[str, Any], crew: Crew, colleague: Colleague, server: Server
) -> None:
    worker = crew("worker")
    worker.page.goto(worker.url + "/tickets")
    expect(card(worker.page, ticket["title"])).to_be_visible()
    server.kill()
    try:
        page = worker.restart()
        card(page, ticket["title"]).click()
        arrive(page)
        page = worker.restart(f"/tickets/{ticket['id']}")
        expect(page.get_by_text(STORED).first).to_be_visible()
    finally:
        server.start()
    worker.find_signal()
    everything_delivered(page, worker.url)
    assert len(entries(colleague("officer"), ticket["id"], "ticket.arrive")) == 1


def test_a_server_killed_under_a_push_takes_the_work_once(
    ticket: dict[str, Any], crew: Crew, colleague: Colleague, server: Server
) -> None:
    worker = crew("worker")
    page = worker.page
    page.goto(worker.url + f"/tickets/{ticket['id']}")
    expect(page.get_by_role("heading", name=ticket["title"]).first).to_be_visible()
    worker.lose_signal()
    for n in range(3):
        write_note(page, f"第 {n + 1} 次补充。")
    # The request is there when the power goes: it may have been taken or not, the phone cannot know.
    killed = threading.Event()

    def power_cut() -> None:
        server.kill()
        killed.set()

    worker.line.mend()
    worker.line.when(b"/sync/push", power_cut)
    worker.radio_on()
    try:
        assert killed.wait(PATIENCE_S)
        page.goto(worker.url + "/outbox")
        waiting = page.get_by_role("region", name="待发送").get_by_role("article")
        expect(waiting.filter(has_not=page.get_by_text("收到", exact=True))).to_have_count(
            3
        )  # beside his answer to the alarm, if any
    finally:
        server.start()
    worker.find_signal()
    everything_delivered(page, worker.url)
    notes = [entry["text"] for entry in entries(colleague("officer"), ticket["id"], "ticket.note")]
    assert sorted(notes) == ["第 1 次补充。", "第 2 次补充。", "第 3 次补充。"]


def test_the_answer_of_a_push_lost_on_the_way_doubles_nothing(
    ticket: dict[str, Any], crew: Crew, colleague: Colleague
) -> None:
    worker = crew("worker")
    page = worker.page
    page.goto(worker.url + f"/tickets/{ticket['id']}")
    expect(page.get_by_role("heading", name=ticket["title"]).first).to_be_visible()
    lost = threading.Event()
    worker.line.when(b"/sync/push", lost.set, answered=True)
    write_note(page, "答复在路上丢了。")
    everything_delivered(page, worker.url)
    assert lost.is_set()
    assert len(entries(colleague("officer"), ticket["id"], "ticket.note")) == 1


def test_what_is_sent_leaves_page_and_worker_at_rest(ticket: dict[str, Any], person: Crew) -> None:
    """Each wakes the other by Background Sync; should they go on, they empty the battery."""
    worker = person("worker")
    worker.script = COUNT_ASKING
    page = worker.sign_in()
    worker.ready_for_offline()
    page.goto(worker.url + f"/tickets/{ticket['id']}")
    write_note(page, "路面已围挡。")
    wait_for(page, lambda: page.evaluate("self.asked") > 0)
    page.wait_for_timeout(2_000)
    assert page.evaluate("self.asked") <= ASKED_MAX


def test_photos_go_on_where_the_cut_left_them(
    ticket: dict[str, Any], crew: Crew, colleague: Colleague
) -> None:
    worker = crew("worker")
    page = worker.page
    page.goto(worker.url + f"/tickets/{ticket['id']}")
    expect(page.get_by_role("heading", name=ticket["title"]).first).to_be_visible()
    worker.lose_signal()
    act(page, "到场")
    for n in (1, 2):
        night = {"name": f"night{n}.jpg", "mimeType": "image/jpeg", "buffer": grainy_jpeg()}
        page.get_by_label("拍照", exact=True).set_input_files(night)  # type: ignore[arg-type]
        expect(page.get_by_role("button", name=f"查看第 {n} 张照片")).to_be_visible()
    page.get_by_role("button", name="确认到场").click()
    expect(page.get_by_role("heading", name="经过")).to_be_visible()

    worker.line.mend()
    worker.line.cut_after(300_000)
    worker.radio_on()
    page.goto(worker.url + "/outbox")
    # The text is there already; the photos wait for the line.
    expect(
        page.get_by_role("region", name="文字已送达，照片在传").get_by_role("link", name="到场")
    ).to_be_visible()
    wait_for(page, lambda: worker.line.is_cut)
    worker.picture("photos-cut")
    offsets: list[int] = []
    page.on("request", lambda request: note_offset(request.headers, offsets))
    worker.find_signal()
    page.get_by_role("button", name="立即发送").click()
    expect(page.get_by_text("2 张照片已送达")).to_be_visible()
    assert offsets[0] > 0, "the upload began anew"
    [arrival] = entries(colleague("officer"), ticket["id"], "ticket.arrive")
    assert [photo["state"] for photo in arrival["photos"]] == ["received", "received"]


def note_offset(headers: dict[str, str], offsets: list[int]) -> None:
    if "upload-offset" in headers:
        offsets.append(int(headers["upload-offset"]))


def wait_for(page: Page, ready: Callable[[], bool]) -> None:
    """Until something outside of the page has happened."""
    for _ in range(PATIENCE_S * 10):
        if ready():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not happen")


def test_another_person_on_the_same_phone_has_an_outbox_of_his_own(
    ticket: dict[str, Any], person: Crew, colleague: Colleague
) -> None:
    phone = person("worker")
    page = phone.sign_in()
    phone.ready_for_offline()
    page.goto(phone.url + f"/tickets/{ticket['id']}")
    expect(page.get_by_role("heading", name=ticket["title"]).first).to_be_visible()
    phone.lose_signal()
    write_note(page, "李伟的补充。")
    sign_out(page, phone.url)
    phone.find_signal()
    page.goto(phone.url + "/login")
    phone.enter("worker2")
    page.goto(phone.url + f"/tickets/{ticket['id']}")
    write_note(page, "陈静的补充。")
    everything_delivered(page, phone.url)
    expect(page.get_by_text("李伟的补充。")).to_have_count(0)
    officer = colleague("officer")
    assert authors(officer, ticket["id"]) == [("陈静", "陈静的补充。")]

    page.goto(phone.url + "/me")
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_url("**/login")
    phone.enter("worker")
    everything_delivered(page, phone.url)
    assert sorted(authors(officer, ticket["id"])) == [("李伟", "李伟的补充。"), ("陈静", "陈静的补充。")]


def sign_out(page: Page, url: str) -> None:
    """With one thing not sent yet; the app says so."""
    page.goto(url + "/me")
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_text("还有 1 条没有发送。")).to_be_visible()
    page.get_by_role("button", name="仍然退出").click()
    page.wait_for_url("**/login")


def authors(reader: Phone, ticket: str) -> list[tuple[str, str]]:
    return [(entry["actor"]["name"], entry["text"]) for entry in entries(reader, ticket, "ticket.note")]


def test_a_new_version_is_announced_and_keeps_the_outbox(
    ticket: dict[str, Any], crew: Crew, colleague: Colleague, release: Path
) -> None:
    worker = crew("worker")
    page = worker.page
    page.goto(worker.url + f"/tickets/{ticket['id']}")
    expect(page.get_by_role("heading", name=ticket["title"]).first).to_be_visible()
    worker.line.refuse(b"/sync/push")  # the outbox stays full meanwhile
    write_note(page, "升级前的补充。")
    with (release / "pwa/dist/sw.js").open("a") as worker_file:
        worker_file.write("\n// another version\n")
    page.evaluate("navigator.serviceWorker.ready.then((it) => it.update()).then(() => true)")
    expect(page.get_by_text("有新版本，更新不影响待发送内容。")).to_be_visible()
    worker.picture("new-version")
    assert "升级前的补充。" in stored_text(page)
    with page.expect_event("load"):
        page.get_by_role("button", name="更新").click()
    expect(page.get_by_text("升级前的补充。")).to_be_visible()
    expect(page.get_by_text("有新版本，更新不影响待发送内容。")).to_have_count(0)
    worker.find_signal()
    everything_delivered(page, worker.url)
    assert len(entries(colleague("officer"), ticket["id"], "ticket.note")) == 1
