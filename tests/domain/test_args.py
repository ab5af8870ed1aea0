"""Arguments on the wire: what is taken, and what is told about the rest (API: operations)."""

from typing import Any

import pytest

from server.domain.args import fault_in
from tests.domain.town import REPLY, Story, photo

POINT = {"lat": 22.9, "lng": 113.6, "accuracy_m": 5, "fix_age_s": 0, "crs": "WGS84"}

GOOD: list[tuple[str, Any]] = [
    ("ticket.accept", {}),
    ("ticket.accept", {"opinion": "马上到"}),
    ("ticket.depart", {}),
    ("ticket.arrive", {}),
    ("ticket.arrive", {"point": {**POINT, "fix_at": "2026-11-18T04:00:00Z"}, "photos": [photo(1), photo(2)]}),
    ("ticket.note", {"text": "字" * 2000}),
    ("ticket.callback", {"outcome": "declined", "summary": "x", "resolved": False, "satisfaction": "fair"}),
    ("ticket.reply", {**REPLY, "public_text": "公开"}),
    ("ticket.dispatch", {"unit": "u", "joint_units": []}),
    (
        "ticket.confirm",
        {"op": "o", "accepted": True, "occurred_at": "2026-11-18T12:00:00+08:00", "reason": "x"},
    ),
]
BAD: list[tuple[str, Any, tuple[str, str]]] = [
    ("ticket.accept", [], ("", "type")),
    ("ticket.accept", None, ("", "type")),
    ("ticket.accept", {"opinion": ""}, ("opinion", "length")),
    ("ticket.accept", {"opinion": "  \n"}, ("opinion", "length")),
    ("ticket.accept", {"opinion": "字" * 2001}, ("opinion", "length")),
    ("ticket.accept", {"opinion": "a\0b"}, ("opinion", "characters")),
    ("ticket.accept", {"opinion": "\ud83d"}, ("opinion", "characters")),
    ("ticket.accept", {"opinion": 5}, ("opinion", "type")),
    ("ticket.accept", {"mood": "good"}, ("mood", "unknown")),
    ("ticket.depart", {"x": 1}, ("x", "unknown")),
    ("ticket.return", {"reason": "x"}, ("basis", "missing")),
    ("ticket.arrive", {"point": {**POINT, "lat": float("nan")}}, ("point.lat", "range")),
    ("ticket.arrive", {"point": {**POINT, "lat": 90.1}}, ("point.lat", "range")),
    ("ticket.arrive", {"point": {**POINT, "lng": -181}}, ("point.lng", "range")),
    ("ticket.arrive", {"point": {**POINT, "lng": 10**400}}, ("point.lng", "range")),
    ("ticket.arrive", {"point": {**POINT, "accuracy_m": float("inf")}}, ("point.accuracy_m", "range")),
    ("ticket.arrive", {"point": {**POINT, "accuracy_m": True}}, ("point.accuracy_m", "type")),
    ("ticket.arrive", {"point": {**POINT, "crs": "BD09"}}, ("point.crs", "choice")),
    ("ticket.arrive", {"point": {"lat": 1, "lng": 1}}, ("point.accuracy_m", "missing")),
    ("ticket.arrive", {"photos": {}}, ("photos", "type")),
    ("ticket.arrive", {"photos": [photo(1)] * 2}, ("photos", "duplicate")),
    ("ticket.arrive", {"photos": [photo(i) for i in range(21)]}, ("photos", "length")),
    ("ticket.arrive", {"photos": [{**photo(1), "sha256": "A" * 64}]}, ("photos[0].sha256", "format")),
    ("ticket.arrive", {"photos": [{**photo(1), "bytes": 0}]}, ("photos[0].bytes", "range")),
    ("ticket.arrive", {"photos": [{**photo(1), "width": 1.5}]}, ("photos[0].width", "type")),
    ("ticket.arrive", {"photos": [{**photo(1), "taken_at": "gestern"}]}, ("photos[0].taken_at", "format")),
    ("ticket.arrive", {"photos": [photo(1), {**photo(2), "x": 1}]}, ("photos[1].x", "unknown")),
    ("ticket.callback", {"outcome": "busy", "summary": "x"}, ("outcome", "choice")),
    ("ticket.callback", {"outcome": ["connected"], "summary": "x"}, ("outcome", "choice")),
    ("ticket.callback", {"outcome": "connected", "summary": "x", "resolved": 1}, ("resolved", "type")),
    (
        "ticket.callback",
        {"outcome": "connected", "summary": "x", "called_at": "2026-11-18T12:00:00"},
        ("called_at", "format"),
    ),
    (
        "ticket.callback",
        {"outcome": "connected", "summary": "x", "called_at": "9999-12-31T23:59:59-23:59"},
        ("called_at", "format"),
    ),
    ("ticket.dispatch", {"unit": "u", "joint_units": ["a", "a"]}, ("joint_units", "duplicate")),
    ("ticket.dispatch", {"unit": "u", "joint_units": [{}]}, ("joint_units[0]", "type")),
    ("ticket.decide_return", {"approved": "yes"}, ("approved", "type")),
    ("ticket.recategorise", {"category": "gossip", "reason": "x"}, ("category", "choice")),
]


@pytest.mark.parametrize(("name", "args"), GOOD)
def test_arguments_as_the_api_describes_them_are_taken(name: str, args: Any) -> None:
    assert fault_in(name, args) is None


@pytest.mark.parametrize(("name", "args", "fault"), BAD)
def test_the_first_fault_is_told_with_its_field_and_reason(
    name: str, args: Any, fault: tuple[str, str]
) -> None:
    assert fault_in(name, args) == fault


def test_null_says_nothing_so_that_nobodys_visit_is_refused_for_it() -> None:
    story = Story().dispatched()
    place = {"point": {**POINT, "fix_at": None}, "photos": [{**photo(1), "lat": None, "lng": None}]}
    story.apply("worker", "ticket.arrive", {**place, "no_fix_reason": None, "no_photo_reason": None})
    assert "reason" not in story.ticket.timeline[-1]
    story.apply("officer", "ticket.dispatch", {"unit": "zhakou", "assignee": None, "joint_units": None})
    missing = story.refused("invalid_args", "worker", "ticket.note", {"text": None})
    assert missing == {"field": "text", "reason": "missing"}
