"""The bytes of a shift's text: what one phone sends up for twenty tickets, photos apart."""

import random
import re
from pathlib import Path

from playwright.sync_api import Page, Playwright, Request

from tests.bench.budget import Measured
from tests.bench.phone_browser import Phone
from tests.e2e.photo import upload

TICKETS = 20
OPERATIONS = 100
_EACH = OPERATIONS // TICKETS
_REST_OF_SHIFT = (Path(__file__).parent / "phone_shift.js").read_text(encoding="utf-8")
_USER = """async () => (await indexedDB.databases()).map(({ name }) => name)
  .find((name) => name.startsWith('jiban-outbox-')).slice('jiban-outbox-'.length)"""
_SEEN = ("经现场查看", "到场核实", "联系来电人后", "会同村委会", "与施工单位核对", "走访周边住户")
_FOUND = (
    "井盖确已破损",
    "路灯电缆被挖断",
    "垃圾堆放属实",
    "噪音来自夜间浇筑",
    "水管接头漏水",
    "占道摊档三处",
)
_DONE = (
    "已设围挡并更换",
    "已通知电工当晚修复",
    "已清运并冲洗路面",
    "责令二十二时后停工",
    "已关阀换管",
    "已劝离并约定时段",
)
_LAST = (
    "居民表示满意。",
    "三天后回头看。",
    "已拍照留存。",
    "同意继续观察。",
    "已告知反馈渠道。",
    "尚待业主确认。",
)


def measure(playwright: Playwright, server_port: int, folder: Path, username: str) -> list[Measured]:
    """One ticket worked by hand, the other nineteen written like it, then the line comes back: requests as sent."""
    phone = Phone(playwright, server_port, username, folder / "shift")
    phone.sign_in()
    pushes: list[Request] = []
    with phone.open(slower=1) as page:
        page.goto(phone.url)
        page.locator("a.ticket").first.wait_for()
        phone.line.cut()
        _work_one(page)
        user = page.evaluate(_USER)
        page.evaluate(_REST_OF_SHIFT, [user, _EACH, TICKETS, _texts()])
        page.on("requestfinished", lambda one: pushes.append(one) if one.url.endswith("/sync/push") else None)
        phone.line.mend()
        page.reload()
        page.get_by_text("在线", exact=True).wait_for()
        told = [one.response().json() for one in pushes]  # type: ignore[union-attr]
        sizes = [one.sizes() for one in pushes]
    phone.close()
    outcomes = [result["outcome"] for answer in told for result in answer["results"]]
    if outcomes != ["applied"] * OPERATIONS:
        raise RuntimeError(f"not all was applied: {told}")
    text = sum(size["requestBodySize"] for size in sizes)
    headers = sum(size["requestHeadersSize"] for size in sizes)
    what = f"text of a shift up, {TICKETS} tickets, {OPERATIONS} operations"
    return [
        Measured(f"{what}, headers too", (text + headers) / 1024, "KB", 20),
        Measured(f"… in {len(pushes)} requests, their headers", headers / 1024, "KB"),
    ]


def _texts() -> list[str]:
    rng = random.Random(1)
    parts = (_SEEN, _FOUND, _DONE, _LAST)
    return ["，".join(rng.choice(part) for part in parts) for _ in range(3 * TICKETS)]


def _work_one(page: Page) -> None:
    page.locator("a.ticket").first.click()
    _tap(page, "签收")
    page.get_by_text("已存本机 · 待发送").first.wait_for()
    _tap(page, "到场")
    _photos(page, 1, 2)
    _tap(page, "确认到场")
    _tap(page, "处置完成")
    page.get_by_label("处置情况").fill(_texts()[0])
    _photos(page, 3)
    _tap(page, "确认处置完成")
    _tap(page, "回访")
    page.get_by_role("radio", name="接通", exact=True).check(force=True)
    page.get_by_role("radio", name="已解决", exact=True).check(force=True)
    page.get_by_label("通话要点").fill(_texts()[1])
    _tap(page, "记录回访")
    _tap(page, "回复")
    page.get_by_label("办理情况").fill(_texts()[2])
    page.get_by_role("radio", name="属实", exact=True).check(force=True)
    page.get_by_role("radio", name="已解决", exact=True).check(force=True)
    _tap(page, "提交审核")
    page.get_by_text(re.compile("待审核")).first.wait_for()


def _tap(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def _photos(page: Page, *seeds: int) -> None:
    for n, seed in enumerate(seeds, 1):
        page.locator("input[type=file]").set_input_files(upload(seed))  # type: ignore[arg-type]
        page.get_by_role("button", name=f"查看第 {n} 张照片").wait_for()
