"""What people do with their hands, in the words that they see."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from server.clock import now_ms
from server.demo.ids import demo_id
from sync.clock import rfc3339
from tests.device import Phone
from tests.e2e.photo import upload

STORED = "已存本机 · 待发送"

# Everything that this browser keeps of the app, as one text: databases, caches, settings.
_READ_ALL = """async () => {
  const done = (request) => new Promise((good, bad) => {
    request.onsuccess = () => good(request.result)
    request.onerror = () => bad(request.error)
  })
  const found = [JSON.stringify(localStorage), JSON.stringify(sessionStorage)]
  for (const { name } of await indexedDB.databases()) {
    const db = await done(indexedDB.open(name))
    for (const store of db.objectStoreNames) {
      const rows = await done(db.transaction(store).objectStore(store).getAll())
      found.push(`${name}/${store}: ` + JSON.stringify(rows))
    }
    db.close()
  }
  for (const name of await caches.keys()) {
    for (const request of await (await caches.open(name)).keys()) found.push('cached ' + request.url)
  }
  return found.join('\\n')
}"""


def unit_id(name: str) -> str:
    return demo_id("unit", name)


def person_id(username: str) -> str:
    return demo_id("person", username)


def dispatch(colleague: Callable[[str], Phone], ticket: str, unit: str = "闸口村", **more: Any) -> Phone:
    """The officer gives the ticket to a unit; → the officer."""
    officer = colleague("officer")
    receipt = officer.do("ticket.dispatch", ticket, {"unit": unit_id(unit), **more})
    assert receipt["outcome"] == "applied", receipt
    for username in ("head", "head3"):  # its alarm is answered, and covers nobody's screen
        answer_alarms(colleague(username), ticket)
    return officer


def answer_alarms(head: Phone, ticket: str) -> None:
    """收到 to whatever rings for this ticket."""
    head.sync()
    alerts = {id_: doc for (kind, id_), doc in head.base.rows.items() if kind == "alert"}
    for id_, doc in alerts.items():
        if doc["subject"]["id"] == ticket and doc["acked_at"] is None:
            head.do("alert.ack", id_, {}, base=None)


def work_up_to_reply(worker: Phone, ticket: str, *, reply: bool = True) -> None:
    """Somebody elsewhere does the whole visit, up to the reply that waits for the head."""
    point = {"lat": 23.0129, "lng": 113.6845, "accuracy_m": 9, "fix_age_s": 1, "crs": "WGS84"}
    call = {"outcome": "connected", "called_at": rfc3339(now_ms()), "resolved": True, "summary": "居民满意。"}
    worker.do("ticket.accept", ticket, {})
    worker.do("ticket.arrive", ticket, {"point": point, "no_photo_reason": "夜间。"})
    worker.do("ticket.on_site_done", ticket, {"result": "已更换井盖。", "no_photo_reason": "夜间。"})
    worker.do("ticket.callback", ticket, call)
    if reply:
        text = {"finding": "true", "resolution": "resolved", "text": "您好，井盖已更换。"}
        assert worker.do("ticket.reply", ticket, text)["outcome"] == "applied"


def card(page: Page, title: str) -> Locator:
    return page.get_by_role("link", name=re.compile(title))


def act(page: Page, name: str) -> None:
    """The main button, one beside it, or the same action behind 更多."""
    button = page.get_by_role("button", name=name, exact=True).or_(
        page.get_by_role("link", name=name, exact=True)
    )
    more = page.get_by_role("button", name="更多", exact=True)
    expect(button.or_(more).first).to_be_visible()
    if button.count() == 0:
        more.click()
        button = page.get_by_role("button", name=re.compile(f"^{name}"))
    button.first.click()


def take_photos(page: Page, *seeds: int) -> None:
    for n, seed in enumerate(seeds, 1):
        page.get_by_label("拍照", exact=True).set_input_files(upload(seed))  # type: ignore[arg-type]
        expect(page.get_by_role("button", name=f"查看第 {n} 张照片")).to_be_visible()


def arrive(page: Page, *seeds: int) -> None:
    """到场 from the ticket's screen, with these photos, or with a word why there is none."""
    act(page, "到场")
    if seeds:
        take_photos(page, *seeds)
    else:
        page.get_by_role("button", name="拍不了照片？").click()
        page.get_by_label("没有照片的原因").fill("夜间无照明，拍不清。")
    page.get_by_role("button", name="确认到场").click()
    expect(page.get_by_role("heading", name="经过")).to_be_visible()


def write_note(page: Page, text: str) -> None:
    """补充 from the ticket's screen."""
    act(page, "补充")
    page.get_by_label("补充内容").fill(text)
    page.get_by_role("button", name="保存补充").click()
    expect(page.get_by_role("heading", name="经过")).to_be_visible()


def everything_delivered(page: Page, url: str) -> None:
    """The outbox says so itself."""
    page.goto(url + "/outbox")
    expect(page.get_by_role("heading", name="都已送达").or_(page.get_by_text("都已送达"))).to_be_visible()


def stored_text(page: Page) -> str:
    """All that is kept in this browser."""
    return str(page.evaluate(_READ_ALL))


def entries(reader: Phone, ticket: str, name: str) -> list[dict[str, Any]]:
    """What the server tells about this step, the whole timeline read."""
    answer = reader.get(f"/tickets/{ticket}")
    assert answer.status == 200, answer.json
    return [entry for entry in answer.json["timeline"] if entry["name"] == name]
