"""No screen has an accessibility violation that axe finds: phone and desk, light and dark, and in 大字版."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]  # ships no types
from playwright.sync_api import Page, expect

from server.clock import now_ms
from server.demo.people import PASSWORD
from sync.op import uuid7
from tests.device import Phone
from tests.e2e.city import City
from tests.e2e.person import Person
from tests.e2e.steps import STORED, act, dispatch, person_id, work_up_to_reply, write_note
from tests.e2e.wire import Wire
from tests.serving import Server

Crew = Callable[..., Person]
Scene = Mapping[str, str]

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# What still changes colour or slides is not yet the screen; what moves for ever is.
SETTLE = """async () => {
  const frame = () => new Promise((good) => requestAnimationFrame(good))
  await frame()
  await frame()
  const ends = (it) => Number.isFinite(it.effect.getComputedTiming().endTime)
  await Promise.all(document.getAnimations().filter(ends).map((it) => it.finished.catch(() => 0)))
  await frame()
}"""
FIND = """() => axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations.map(
  ({id, impact, nodes}) => `${id} (${impact}): ` + nodes.map(({target, html, any}) =>
    [target.join(' '), html.slice(0, 160), any[0]?.message].join(' ')).join(' | ')))"""


def violations(page: Page) -> list[str]:
    """What axe has against the screen as it is now, in every colour scheme."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        expect(page.locator("html")).to_have_attribute("data-theme", scheme)
        page.evaluate(SETTLE)
        found += [f"{scheme}: {each}" for each in page.evaluate(FIND)]
    return found


@pytest.fixture(scope="module")
def scene(server: Server) -> Scene:
    """Tickets at every step, by the name of the step that comes next."""
    city = City(server)

    def colleague(username: str) -> Phone:
        return Phone(Wire(server.url), username, PASSWORD)

    made = {step: city.post()["id"] for step in ("accept", "arrive", "reply", "review", "return")}
    for each in made.values():
        dispatch(colleague, each)
    worker = colleague("worker")
    worker.do("ticket.accept", made["arrive"], {})
    work_up_to_reply(worker, made["reply"], reply=False)
    work_up_to_reply(worker, made["review"])
    worker.do("ticket.return", made["return"], {"reason": "不属本村。", "basis": "职责清单"})
    return made | emergency(worker, colleague("duty"))


def emergency(worker: Phone, duty: Phone) -> Scene:
    """An incident of the worker's with a task for him, and the alert that called him to it."""
    incident, task = uuid7(now_ms()), uuid7(now_ms())
    worker.do(
        "incident.report", incident, {"matter": "fire", "text": "仓库冒烟。", "place": {"village": "闸口村"}}
    )
    duty.do("incident.open_channel", incident, {"template": "town"})
    asked = {"task": task, "kind": "handle", "text": "疏散群众。", "person": person_id("worker")}
    assert duty.do("incident.task", incident, asked)["outcome"] == "applied"
    worker.sync()
    alerts = [(id_, doc) for (kind, id_), doc in worker.base.rows.items() if kind == "alert"]
    alert = next(id_ for id_, doc in alerts if doc["subject"]["id"] == incident)
    return {"incident": incident, "task": task, "alert": alert}


@dataclass(frozen=True)
class Screen:
    """Where it is, and what says that it is there. `{step}` in the path: the scene's ticket."""

    name: str
    path: str
    shows: str
    do: Callable[[Page], None] | None = None


def tap(name: str) -> Callable[[Page], None]:
    return lambda page: page.get_by_role("button", name=re.compile(name)).first.click()


PHONE = [
    Screen("work-list", "/tickets", "我的工单"),
    Screen("search", "/tickets", "我的工单", tap("搜索工单")),
    Screen("ticket", "/tickets/{accept}", "签收"),
    Screen("deadline", "/tickets/{accept}", "怎么算的", tap("怎么算的")),
    Screen("more", "/tickets/{accept}", "更多", tap("更多")),
    Screen("story", "/tickets/{reply}", "到场位置"),
    Screen("contact", "/tickets/{reply}", "陈\\*\\*", tap("138")),
    Screen("arrive", "/tickets/{arrive}/arrive", "距工单地点"),
    Screen("arrive-missing", "/tickets/{arrive}/arrive", "距工单地点", tap("确认到场")),
    Screen("done", "/tickets/{arrive}/done", "处置情况"),
    Screen("callback", "/tickets/{arrive}/callback", "通话结果", tap("记录回访")),
    Screen("reply", "/tickets/{reply}/reply", "办理情况", tap("提交审核")),
    Screen("return", "/tickets/{accept}/return", "退单原因"),
    Screen("note", "/tickets/{accept}/note", "补充内容"),
    Screen("gone", "/tickets/01a00000-0000-7000-8000-000000000000", "本机没有这张工单"),
    Screen("report", "/report", "先打电话"),
    Screen("report-form", "/report/fire", "现场情况", tap("立即上报")),
    Screen("incidents", "/incidents", "火灾"),
    Screen("incident", "/incidents/{incident}", "疏散群众"),
    Screen("incident-note", "/incidents/{incident}/note", "现场情况"),
    Screen("incident-arrive", "/incidents/{incident}/arrive", "确认到场"),
    Screen("incident-task", "/incidents/{incident}/tasks/{task}", "完成情况", tap("确认完成")),
    Screen("alerts", "/alerts", "提醒记录"),
    Screen("alert", "/alerts/{alert}", "查看突发事件"),
    Screen("me", "/me", "退出登录"),
    Screen("password", "/password", "当前密码"),
    Screen("not-found", "/nowhere", "没有这个页面"),
]
HEAD = [
    Screen("review-list", "/review", "待审核"),
    Screen("review", "/review/{review}", "批准"),
    Screen("reject", "/review/{review}", "批准", tap("退回")),
    Screen("return-decision", "/review/{return}", "同意退单"),
]
OFFICE = [
    Screen("office-dispatch", "/office/dispatch", "主办单位"),
    Screen("office-board", "/office/board", "到场用时分布"),
    Screen("office-drawer", "/office/board", "打开全部工单", tap("打开全部工单")),
    Screen("office-tickets", "/office/tickets", "共 \\d+ 件"),
    Screen("office-ticket", "/office/tickets/{review}", "经过"),
    Screen("office-import", "/office/import", "下载模板"),
    Screen("office-flag", "/office/emergency", "标为紧急", tap("标为紧急")),
    Screen("office-confirm", "/office/confirm", "手机时钟不可信"),
]
ADMIN = [
    Screen("office-people", "/office/people", "共 \\d+ 人"),
    Screen("office-new-person", "/office/people", "新建人员", tap("新建人员")),
    Screen("office-calendar", "/office/calendar", "国务院放假通知"),
]
DUTY = [
    *(
        Screen(f"duty-{name}", "/office/emergency/incidents/{incident}", "快办群成员", tap(f"^{button}$"))
        for name, button in {
            "muster": "吹哨",
            "task": "交办任务",
            "add-member": "加成员",
            "upgrade": "升级",
            "merge": "合并",
            "close": "结案",
        }.items()
    ),
    Screen("duty-turn", "/office/rota", "现在谁在岗", tap("^排班：")),
    Screen("duty-drill", "/office/drills", "演练月报", tap("^开始演练$")),
]


def look(somebody: Person, screen: Screen, scene: Scene) -> list[str]:
    page = somebody.page
    page.goto(somebody.url + screen.path.format(**scene))
    expect(page.get_by_text(re.compile(screen.shows)).or_(named(page, screen.shows)).first).to_be_visible()
    if screen.do is not None:
        screen.do(page)
        page.evaluate(SETTLE)
    return violations(page)


def named(page: Page, words: str) -> Any:
    return page.get_by_role("button", name=re.compile(words))


@pytest.mark.parametrize("screen", PHONE, ids=lambda screen: screen.name)
def test_a_screen_of_the_worker_has_no_violations(screen: Screen, crew: Crew, scene: Scene) -> None:
    assert look(crew("worker"), screen, scene) == []


@pytest.mark.parametrize("screen", HEAD, ids=lambda screen: screen.name)
def test_a_screen_of_the_head_has_no_violations(screen: Screen, crew: Crew, scene: Scene) -> None:
    assert look(crew("head"), screen, scene) == []


@pytest.mark.parametrize("screen", OFFICE, ids=lambda screen: screen.name)
def test_a_page_of_the_office_has_no_violations(screen: Screen, crew: Crew, scene: Scene) -> None:
    assert look(crew("lead", desk=True), screen, scene) == []


@pytest.mark.parametrize("screen", ADMIN, ids=lambda screen: screen.name)
def test_a_page_of_the_administrator_has_no_violations(screen: Screen, crew: Crew, scene: Scene) -> None:
    assert look(crew("admin", desk=True), screen, scene) == []


@pytest.mark.parametrize("screen", DUTY, ids=lambda screen: screen.name)
def test_what_the_duty_room_opens_has_no_violations(screen: Screen, crew: Crew, scene: Scene) -> None:
    assert look(crew("duty", desk=True), screen, scene) == []


def test_the_alarm_over_the_screen_has_no_violations_by_day_by_night_and_large(
    city: City, crew: Crew, scene: Scene
) -> None:
    worker = crew("worker")
    page = worker.page
    page.goto(worker.url + "/alerts")
    expect(page.get_by_role("heading", name="提醒记录")).to_be_visible()
    worker.answers = False
    try:
        ticket = city.post()
        alarm = page.get_by_role("alertdialog").filter(has_text=ticket["title"])
        expect(alarm).to_be_visible()
        assert violations(page) == []
        page.evaluate("document.documentElement.dataset.large = 'on'")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
        worker.lose_signal()
        alarm.get_by_role("button", name="收到", exact=True).click()
        expect(page.get_by_role("region", name="紧急提醒")).to_contain_text("未送达—请立即拨打值班室")
        assert violations(page) == []
    finally:
        worker.answers = True
        worker.find_signal()


def test_signing_in_and_the_tour_have_no_violations(person: Crew) -> None:
    worker = person("worker")
    page = worker.open("/login")
    expect(page.get_by_text("演示镇 · 一点即入")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("用户名").fill("worker")
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_text("欢迎来到演示镇")).to_be_visible()
    assert violations(page) == []


def test_work_on_its_way_and_refused_work_have_no_violations(
    city: City, crew: Crew, colleague: Callable[[str], Phone]
) -> None:
    worker, ticket = crew("worker"), city.post()
    dispatch(colleague, ticket["id"])
    page = worker.page
    page.goto(worker.url + f"/tickets/{ticket['id']}")
    expect(page.get_by_role("button", name="签收")).to_be_visible()
    worker.lose_signal()
    act(page, "签收")
    expect(page.get_by_text(STORED).first).to_be_visible()
    write_note(page, "路上。")
    assert violations(page) == []
    page.goto(worker.url + "/outbox")
    expect(page.get_by_role("region", name="待发送")).to_be_visible()
    assert violations(page) == []
    colleague("worker2").do("ticket.accept", ticket["id"])
    worker.find_signal()
    page.goto(worker.url + "/problems")
    expect(page.get_by_text("已先签收")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("main").get_by_role("button", name="知道了").first.click()
    expect(page.get_by_role("button", name="移出")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize(
    "path",
    [
        "/tickets",
        "/tickets/{reply}",
        "/tickets/{arrive}/arrive",
        "/me",
        "/report",
        "/report/fire",
        "/incidents/{incident}",
        "/alerts",
        "/alerts/{alert}",
    ],
)
def test_large_type_has_no_violations_and_fits_the_screen(path: str, crew: Crew, scene: Scene) -> None:
    worker = crew("worker")
    page = worker.page
    page.evaluate("localStorage.setItem('jiban.large', 'on')")
    try:
        page.goto(worker.url + path.format(**scene))
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator("html")).to_have_attribute("data-large", "on")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
    finally:
        page.evaluate("localStorage.removeItem('jiban.large')")


def test_axe_would_tell_of_a_button_without_a_name(crew: Crew) -> None:
    page = crew("worker").page
    page.goto(crew("worker").url + "/me")
    expect(page.get_by_role("button", name="退出登录")).to_be_visible()
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    told = violations(page)
    assert [each.split()[:2] for each in told] == [["light:", "button-name"], ["dark:", "button-name"]]
