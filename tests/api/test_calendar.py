"""The working calendar and the town's own word on single days."""

from collections.abc import Callable

import pytest

from tests.cast import Browser

Visit = Callable[[str], Browser]


def year(browser: Browser, number: int) -> dict[str, dict[str, object]]:
    answer = browser.get(f"/api/v1/calendar?year={number}")
    assert answer.status_code == 200
    return {day["date"]: day for day in answer.get_json()["days"]}


def due_of_a_consult(browser: Browser) -> str:
    path = "/api/v1/deadlines/preview?category=consult&received_at=2026-11-23T10:00:00"
    found = browser.get(path).get_json()["deadlines"]
    return str(next(one["due_at"] for one in found if one["kind"] == "result"))


def test_a_year_names_its_holidays_and_working_weekends(visit: Visit) -> None:
    days = year(visit("officer"), 2026)
    assert days["2026-10-01"]["is_work"] is False
    assert days["2026-10-10"]["is_work"] is True
    assert not any(day["override"] for day in days.values())


def test_a_year_nobody_published_says_so(visit: Visit) -> None:
    assert visit("officer").get("/api/v1/calendar?year=2027").get_json()["published"] is False
    assert visit("officer").get("/api/v1/calendar?year=2026").get_json()["published"] is True


def test_a_day_the_town_takes_off_moves_deadlines_and_back(visit: Visit) -> None:
    lead, before = visit("lead"), due_of_a_consult(visit("lead"))
    done = lead.put("/api/v1/calendar/2026-11-24", json={"is_work": False, "name": "镇庆"})
    assert done.status_code == 200
    assert year(lead, 2026)["2026-11-24"] == {
        "date": "2026-11-24",
        "is_work": False,
        "name": "镇庆",
        "override": True,
    }
    assert due_of_a_consult(lead) > before
    assert lead.delete("/api/v1/calendar/2026-11-24").status_code == 204
    assert due_of_a_consult(lead) == before


def test_saying_it_twice_keeps_the_last_word(visit: Visit) -> None:
    lead = visit("lead")
    lead.put("/api/v1/calendar/2026-11-24", json={"is_work": False, "name": "一"})
    lead.put("/api/v1/calendar/2026-11-24", json={"is_work": True, "name": "二"})
    assert year(lead, 2026)["2026-11-24"]["name"] == "二"


@pytest.mark.parametrize("date", ["2026-13-01", "20261124", "2026-W47-1", "tomorrow", "1815-06-18"])
def test_what_is_no_day_is_refused(visit: Visit, date: str) -> None:
    answer = visit("lead").put(f"/api/v1/calendar/{date}", json={"is_work": True, "name": "x"})
    assert answer.status_code == 422
    assert answer.get_json()["error"]["code"] == "invalid_args"


def test_only_the_office_lead_and_the_admin_may_overrule(visit: Visit) -> None:
    for who in ("worker", "head", "officer"):
        answer = visit(who).put("/api/v1/calendar/2026-11-24", json={"is_work": False, "name": "x"})
        assert answer.status_code == 403
