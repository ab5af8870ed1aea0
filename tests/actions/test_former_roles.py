"""What somebody did while it was his post is kept, though he has another post when it arrives (SYNC: facts)."""

import pytest

from tests.device import Phone, photo
from tests.town import Town, person_id

AT = "2026-11-22T04:20:00.000Z"
POINT = {"lat": 23.0128, "lng": 113.6846, "accuracy_m": 8, "fix_age_s": 1, "crs": "WGS84"}


def ready(town: Town, username: str = "worker") -> Phone:
    phone = town.phone(username)
    phone.sync()
    return phone


def promote(town: Town, role: str, username: str = "worker") -> None:
    answer = town.phone("admin").request("PATCH", f"/people/{person_id(username)}", {"role": role})
    assert answer.status == 200, answer.json


def arrive(phone: Phone, id_: str) -> str:
    return phone.act("ticket.arrive", id_, {"point": POINT, "photos": [photo(AT)]})


@pytest.mark.parametrize("role", ["auditor", "dispatcher", "duty_room"])
def test_an_arrival_before_the_change_of_post_counts(any_town: Town, role: str) -> None:
    town = any_town
    id_ = town.dispatched()
    worker = ready(town)
    town.clock.go(minutes=9)
    accept, came = worker.act("ticket.accept", id_), arrive(worker, id_)
    town.clock.go(minutes=1)
    promote(town, role)
    town.clock.go(hours=3)
    worker.sync()
    receipt = worker.receipts[came]
    assert (receipt["outcome"], receipt["details"]["reason"]) == ("kept", "role")
    assert "岗位" in receipt["message"]
    assert (worker.receipts[accept]["outcome"], worker.receipts[accept]["code"]) == ("refused", "not_yours")
    told = town.phone("head").get(f"/tickets/{id_}").json
    (entry,) = [each for each in told["timeline"] if each["id"] == came]
    assert (entry["role"], entry["actor"]["name"]) == ("grid_worker", "李伟")
    arrival = next(each for each in told["deadlines"] if each["kind"] == "arrival")
    assert (arrival["met_at"], arrival["state"]) == ("2026-11-22T04:14:00.000Z", "met")
    (item,) = town.phone("head").get("/items?kind=kept_fact").json["items"]
    assert item["op"] == came


def test_what_is_done_after_it_does_not(town: Town) -> None:
    id_ = town.dispatched()
    worker = ready(town)
    promote(town, "auditor")
    town.clock.go(minutes=1)
    came = arrive(worker, id_)
    worker.sync()
    assert (worker.receipts[came]["outcome"], worker.receipts[came]["code"]) == ("refused", "not_yours")


def test_nor_anything_about_a_ticket_that_was_never_his(town: Town) -> None:
    id_ = town.dispatched("南城村", "worker3", place={"village": "南城村"})
    worker = ready(town)
    came = arrive(worker, id_)
    town.clock.go(minutes=1)
    promote(town, "auditor")
    worker.sync()
    assert (worker.receipts[came]["outcome"], worker.receipts[came]["code"]) == ("refused", "not_yours")


def test_who_had_two_posts_since_is_taken_for_what_he_was(town: Town) -> None:
    id_ = town.dispatched()
    worker = ready(town)
    town.clock.go(minutes=5)
    first = arrive(worker, id_)
    town.clock.go(minutes=5)
    promote(town, "auditor")
    town.clock.go(minutes=5)
    second = worker.act("ticket.on_site_done", id_, {"result": "已换井盖", "no_photo_reason": "天黑"})
    town.clock.go(minutes=5)
    promote(town, "leading_group")
    worker.sync()
    assert [worker.receipts[op]["outcome"] for op in (first, second)] == ["kept", "refused"]
