"""The arrival board's numbers over the real app: who sees them, and that they follow what happened."""

import io
from typing import Any

import pytest
import python_calamine

from tests.device import Answer, Phone
from tests.town import Town, person_id, unit_id

TODAY = "2026-11-22"
ARRIVE = {"no_fix_reason": "室内无信号", "no_photo_reason": "相机损坏"}
STATISTICS = ("auditor", "group", "officer", "lead", "leader", "duty", "head")


def ask(phone: Phone, by: str = "town", name: str = "arrival", **more: str) -> Answer:
    query = {"from": TODAY, "to": TODAY, "by": by} | more
    return phone.get(f"/indicators/{name}?" + "&".join(f"{k}={v}" for k, v in query.items()))


def row(answer: Answer, name: str) -> dict[str, Any]:
    return next(one for one in answer.json["rows"] if one["name"] == name)


def figures(of: dict[str, Any]) -> tuple[int, int]:
    return of["numerator"], of["denominator"]


def told(town: Town) -> dict[str, str]:
    """Five emergencies of 12:05: one met after 20 minutes, one after 80, one by nobody, one merged, one called off."""
    ids = {name: town.dispatched() for name in ("met", "late", "missing", "merged", "off")}
    worker, officer = town.phone("worker"), town.phone("officer")
    for phone in (worker, officer):
        phone.sync()
    officer.do("ticket.merge", ids["merged"], {"into": ids["met"], "reason": "同一井盖"})
    officer.do("ticket.unflag_urgent", ids["off"], {"reason": "误报"})
    town.clock.go(minutes=20)
    worker.do("ticket.arrive", ids["met"], ARRIVE)
    town.clock.go(minutes=60)
    worker.do("ticket.arrive", ids["late"], ARRIVE)
    return ids


def test_the_figures_follow_what_happened(town: Town) -> None:
    told(town)
    body = ask(town.phone("officer"), "village").json
    assert {k: body[k] for k in ("numerator", "denominator", "unverified", "excluded", "told_late")} == {
        "numerator": 1,
        "denominator": 3,
        "unverified": 0,
        "excluded": 2,
        "told_late": 0,
    }
    assert body["rate"] == pytest.approx(1 / 3)
    assert (body["p50_s"], body["p90_s"]) == (1_200, 4_800)
    assert [(b["from_s"], b["n"]) for b in body["distribution"] if b["n"]] == [(1_200, 1), (4_800, 1)]
    village = row(ask(town.phone("officer"), "village"), "闸口村")
    assert (village["key"], figures(village), village["too_few"]) == ("闸口村", (1, 3), True)
    assert body["min_n_for_rank"] == 10


def test_units_and_workers_are_named_and_counted(town: Town) -> None:
    told(town)
    officer = town.phone("officer")
    unit = row(ask(officer, "unit"), "闸口村")
    assert (unit["key"], unit["kind"], figures(unit)) == (unit_id("闸口村"), "village", (1, 3))
    workers = ask(officer, "worker").json["rows"]
    assert [(one["key"], figures(one)) for one in workers] == [(person_id("worker"), (1, 3))]


def test_the_headline_runs_from_receipt_and_the_units_rate_from_its_assignment(town: Town) -> None:
    id_ = town.ticket()
    town.clock.go(minutes=30)
    officer, worker = town.phone("officer"), town.phone("worker3")
    officer.do("ticket.dispatch", id_, {"unit": unit_id("南城村"), "assignee": person_id("worker3")})
    town.clock.go(minutes=50)
    worker.do("ticket.arrive", id_, ARRIVE)
    town.clock.go(minutes=20)
    answer = ask(officer, "unit")
    assert (figures(answer.json), figures(row(answer, "南城村"))) == ((0, 1), (1, 1))
    assert row(answer, "南城村")["p50_s"] == 3_000


def test_nothing_is_counted_before_its_due_and_no_rate_is_made_of_nothing(town: Town) -> None:
    town.dispatched()
    body = ask(town.phone("officer"), "village").json
    assert (figures(body), body["rate"], body["p50_s"], body["rows"]) == ((0, 0), None, None, [])


def test_the_period_is_of_whole_shanghai_days_and_the_one_before_is_told(town: Town) -> None:
    told(town)
    town.clock.go(days=1)
    officer = town.phone("officer")
    body = ask(officer, **{"from": "2026-11-23", "to": "2026-11-23"}).json
    assert (figures(body), figures(body["previous"])) == ((0, 0), (1, 3))
    assert body["previous"]["p50_s"] == 1_200


def test_an_unsure_arrival_is_in_neither_number_until_it_is_confirmed(town: Town) -> None:
    id_ = town.dispatched()
    worker, officer = town.phone("worker"), town.phone("officer")
    worker.sync()
    town.clock.go(minutes=15)
    worker.anchor, worker.offset = None, None
    worker.skew_ms = 3 * 86_400_000
    worker.act("ticket.arrive", id_, ARRIVE)
    town.clock.go(minutes=120)
    worker.sync()
    before = ask(officer).json
    assert (figures(before), before["unverified"]) == ((0, 0), 1)
    arrive = next(iter(worker.receipts))
    confirm = {
        "op": arrive,
        "accepted": True,
        "occurred_at": "2026-11-22T04:20:00.000Z",
        "reason": "同行人证明",
    }
    assert officer.do("ticket.confirm", id_, confirm)["outcome"] == "applied"
    after = ask(officer).json
    assert (figures(after), after["unverified"]) == ((1, 1), 0)


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("all", {"met", "late", "missing"}),
        ("on_time", {"met"}),
        ("late", {"late", "missing"}),
        ("missing", {"missing"}),
        ("excluded", {"merged", "off"}),
        ("unverified", set()),
    ],
)
def test_each_figure_opens_its_tickets(town: Town, part: str, names: set[str]) -> None:
    ids = told(town)
    lead = town.phone("lead")
    for by, key in (("village", "闸口村"), ("village", unit_id("闸口村")), ("worker", person_id("worker"))):
        answer = ask(lead, by, "arrival/tickets", key=key, part=part)
        assert {one["id"] for one in answer.json["items"]} == {ids[name] for name in names}, by
        assert (answer.json["total"], answer.json["hidden"]) == (len(names), 0)


def test_a_ticket_behind_a_figure_tells_when_and_by_whom(town: Town) -> None:
    ids = told(town)
    answer = ask(town.phone("officer"), "town", "arrival/tickets", part="on_time")
    [item] = answer.json["items"]
    wanted = {
        "id": ids["met"],
        "title": "主干道井盖缺失",
        "village": "闸口村",
        "unit": "闸口村",
        "start_at": "2026-11-22T04:05:00.000Z",
        "due_at": "2026-11-22T05:05:00.000Z",
        "met_at": "2026-11-22T04:25:00.000Z",
        "seconds": 1_200,
        "trust": "proven",
        "part": "on_time",
        "excluded": None,
    }
    assert {key: item[key] for key in wanted} == wanted
    assert item["worker"]


def test_a_confidential_ticket_counts_and_shows_neither_title_nor_place(town: Town) -> None:
    id_ = town.ticket(confidential=True)
    town.clock.go(minutes=70)
    [item] = ask(town.phone("lead"), "town", "arrival/tickets").json["items"]
    assert (item["id"], item["title"], item["village"]) == (id_, "保密单", None)
    body = ask(town.phone("officer"), "town", "arrival/tickets").json
    assert (body["items"], body["hidden"]) == ([], 1)
    assert figures(ask(town.phone("auditor")).json) == (0, 1)


@pytest.mark.parametrize("username", STATISTICS)
def test_those_who_see_statistics_get_them(town: Town, username: str) -> None:
    phone = town.phone(username)
    for path in ("arrival", "arrival/tickets", "acceptance"):
        assert ask(phone, "unit", path).status == 200


@pytest.mark.parametrize("username", ["worker", "admin"])
def test_others_are_refused(town: Town, username: str) -> None:
    phone = town.phone(username)
    for path in ("arrival", "arrival/tickets", "arrival.xlsx", "acceptance"):
        answer = ask(phone, "unit", path)
        assert (answer.status, answer.code) == (403, "forbidden")


def test_a_head_sees_his_own_unit_and_no_other(town: Town) -> None:
    told(town)
    assert figures(ask(town.phone("head"), "unit").json) == (1, 3)
    other = ask(town.phone("head3"), "unit").json
    assert (figures(other), other["excluded"], other["rows"]) == ((0, 0), 0, [])
    assert ask(town.phone("head3"), "unit", "arrival/tickets").json["items"] == []
    assert ask(town.phone("head3"), "unit", "acceptance").json["rows"] == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "from=2026-11-22",
        "from=2026-11-22&to=yesterday",
        "from=2026-02-30&to=2026-11-22",
        "from=2026-11-23&to=2026-11-22",
        "from=2026-11-22&to=2026-11-22&by=moon",
        "from=2026-11-22&to=2026-11-22&surprise=1",
    ],
)
def test_a_question_that_makes_no_sense_is_422(town: Town, query: str) -> None:
    officer = town.phone("officer")
    for path in ("arrival", "arrival/tickets", "arrival.xlsx", "acceptance"):
        answer = officer.get(f"/indicators/{path}?{query}")
        assert (answer.status, answer.code) == (422, "invalid_args"), path


def test_the_widest_period_and_the_strangest_key_are_answered(town: Town) -> None:
    told(town)
    officer = town.phone("officer")
    wide = {"from": "0001-01-01", "to": "9999-12-31"}
    assert figures(ask(officer, "worker", **wide).json) == (1, 3)
    assert ask(officer, "unit", "on_time", **wide).status == 200
    assert (
        ask(officer, "worker", "arrival/tickets", key="%00%27--", page="1000000", **wide).json["items"] == []
    )


@pytest.mark.parametrize(
    "name", ["repeat_complaints", "extended", "direct_answers", "rework", "arrivals", "__class__"]
)
def test_an_indicator_without_data_is_not_found(town: Town, name: str) -> None:
    answer = ask(town.phone("officer"), "town", name)
    assert (answer.status, answer.code) == (404, "not_found")


def test_the_other_indicators_follow_a_ticket_to_its_end(town: Town) -> None:
    id_ = town.dispatched(urgent=False)
    worker, head, officer = town.phone("worker"), town.phone("head"), town.phone("officer")
    worker.do("ticket.accept", id_, {"opinion": "马上到"})
    worker.do("ticket.callback", id_, {"outcome": "connected", "resolved": True, "summary": "居民满意"})
    reply = {"finding": "true", "resolution": "resolved", "text": "已更换。", "public_text": "已更换。"}
    worker.do("ticket.reply", id_, reply)
    head.sync()
    head.do("ticket.approve", id_, {"reply_hash": head.ticket(id_)["reply"]["hash"]})
    number = officer.get(f"/tickets/{id_}").json["external_no"]
    result = {"update_no": "U1", "kind": "result", "resolved": False, "satisfaction": "unsatisfied"}
    assert town.city("POST", f"/intake/tickets/{number}/updates", result).status in (200, 201)
    town.clock.go(days=10)
    officer.sign_in()
    wanted = {
        "acceptance": (1, 1), "completed": (1, 1), "callback": (1, 1), "connected": (1, 1), "satisfied": (0, 1),
        "solved": (0, 1), "returns": (0, 1), "improper_returns": (0, 0), "reworks": (1, 1), "dispatch_accuracy": (1, 1),
    }  # fmt: skip
    for name, numbers in wanted.items():
        answer = ask(officer, "unit", name)
        assert (name, figures(answer.json)) == (name, numbers)
        rows = [(one["name"], figures(one)) for one in answer.json["rows"]]
        assert rows == ([("闸口村", numbers)] if numbers[1] else [])
    due = officer.get("/indicators/on_time?from=2026-11-27&to=2026-11-27&by=worker").json
    assert (figures(due), due["rows"][0]["key"]) == ((1, 1), person_id("worker"))


def test_the_excel_file_holds_the_same_figures(town: Town) -> None:
    told(town)
    client = town.app.test_client()
    client.post("/api/v1/session", json={"username": "officer", "password": "jiban-demo"})
    answer = client.get(f"/api/v1/indicators/arrival.xlsx?from={TODAY}&to={TODAY}&by=village")
    assert answer.status_code == 200
    book = python_calamine.load_workbook(io.BytesIO(answer.data))
    lines = book.get_sheet_by_name("到场及时率").to_python(skip_empty_area=False)
    table = {line[0]: line[1:6] for line in lines[4:]}
    assert table == {
        "全部": [1, 3, pytest.approx(1 / 3), 0, 2],
        "闸口村": [1, 3, pytest.approx(1 / 3), 0, 2],
    }
