"""When things would be due."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.town import Town

EXAMPLES = [  # DOMAIN C, E1–E8: category, urgent, received, {kind: due}
    ("complaint", False, "2026-09-30T16:40:00", {"acceptance": "2026-10-01", "result": "2026-10-14"}),
    ("consult", False, "2026-10-03T10:00:00", {"acceptance": "2026-10-04", "result": "2026-10-10"}),
    (
        "complaint",
        True,
        "2026-10-04T21:15:00",
        {"arrival": "2026-10-04T22:15", "handling": "2026-10-05", "result": "2026-10-10"},
    ),
    (
        "help",
        True,
        "2026-10-01T23:30:00",
        {
            "acceptance": "2026-10-02",
            "arrival": "2026-10-02T00:30",
            "handling": "2026-10-03",
            "result": "2026-10-10",
        },
    ),
    ("report", False, "2026-09-23T15:20:00", {"result": "2026-10-09"}),
    ("help", False, "2026-02-13T09:00:00", {"result": "2026-02-28"}),
    ("complaint", False, "2026-02-14T17:50:00", {"result": "2026-03-01"}),
    ("suggest", False, "2026-09-20T09:00:00", {"result": "2026-09-23"}),
]


def utc(shanghai: str) -> str:
    wall = datetime.fromisoformat(shanghai).replace(tzinfo=timezone(timedelta(hours=8)))
    return wall.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@pytest.mark.parametrize(("category", "urgent", "received", "expected"), EXAMPLES)
def test_the_examples_of_the_rules_come_out_right(town, category, urgent, received, expected) -> None:
    path = f"/deadlines/preview?category={category}&urgent={str(urgent).lower()}&received_at="
    for at in (received, received + "%2B08:00", received + "+08:00"):
        answer = town.city("GET", path + at)
        dues = {each["kind"]: each["due_at"] for each in answer.json["deadlines"]}
        assert {kind: dues[kind] for kind in expected} == {kind: utc(at) for kind, at in expected.items()}
        assert ("arrival" in dues) == urgent


def test_skipped_days_are_named_and_an_unknown_year_is_provisional(town: Town) -> None:
    told = town.phone("worker").get("/deadlines/preview?category=consult&received_at=2026-10-03T10:00:00")
    result = told.json["deadlines"][-1]
    assert {"date": "2026-10-04", "name": "国庆节"} in result["why"]["skipped"]
    assert result["provisional"] is False
    told = town.phone("worker").get("/deadlines/preview?category=complaint&received_at=2026-12-30T10:00:00")
    assert told.json["deadlines"][-1]["provisional"] is True


def test_praise_has_no_deadline_and_nobody_asks_unknown(town: Town) -> None:
    told = town.city("GET", "/deadlines/preview?category=praise&received_at=2026-12-30T10:00:00")
    assert told.json["deadlines"] == []
    anonymous = town.app.test_client().get(
        "/api/v1/deadlines/preview?category=help&received_at=2026-12-30T10:00:00"
    )
    assert anonymous.status_code == 401


@pytest.mark.parametrize(
    "at", ["soon", "", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00", "2026-13-01T00:00:00"]
)
def test_a_time_that_is_none_is_refused(town: Town, at: str) -> None:
    answer = town.city("GET", f"/deadlines/preview?category=help&received_at={at}")
    assert (answer.status, answer.json["error"]["code"]) == (422, "invalid_args")
