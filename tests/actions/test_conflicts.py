"""The awkward things that happen while a phone is away, each told to its owner in plain words."""

import pytest

from sync.clock import parse_rfc3339
from tests.device import Phone, photo
from tests.town import HOUR_MS, Town, person_id, unit_id

AT = "2026-11-22T04:20:00.000Z"
POINT = {"lat": 23.0128, "lng": 113.6846, "accuracy_m": 8, "fix_age_s": 1, "crs": "WGS84"}


def ready(town: Town, username: str) -> Phone:
    phone = town.phone(username)
    phone.sync()
    return phone


def arrive(phone: Phone, id_: str, **more) -> str:
    return phone.act("ticket.arrive", id_, {"point": POINT, "photos": [photo(AT)]}, **more)


def test_of_two_who_accept_offline_the_first_to_arrive_here_leads_and_the_second_is_told(
    any_town: Town,
) -> None:
    town = any_town
    id_ = town.dispatched(to=None)
    first, second = ready(town, "worker"), ready(town, "worker2")
    town.clock.go(minutes=5)
    late = second.act("ticket.accept", id_)
    note = second.act("ticket.note", id_, {"text": "已看过现场"})
    town.clock.go(minutes=2)
    first.do("ticket.accept", id_)
    second.sync()
    receipt = second.receipts[late]
    assert (receipt["outcome"], receipt["code"]) == ("refused", "already_accepted")
    assert "李伟" in receipt["message"]
    assert second.receipts[note]["outcome"] == "applied"
    held = second.ticket(id_)
    assert held["assignee"]["name"] == "李伟"
    assert [one["name"] for one in held["assistants"]] == ["陈静"]


def test_what_was_done_before_the_ticket_moved_is_kept_and_its_supervisor_sees_it(any_town: Town) -> None:
    town = any_town
    id_ = town.dispatched()
    worker = ready(town, "worker")
    town.clock.go(minutes=9)
    accept, arrived = worker.act("ticket.accept", id_), arrive(worker, id_)
    town.phone("officer").do(
        "ticket.dispatch", id_, {"unit": unit_id("南城村"), "assignee": person_id("worker3")}
    )
    town.clock.go(hours=2)
    worker.sync()
    assert worker.receipts[accept]["outcome"] == "refused"
    assert worker.receipts[accept]["code"] in {"stale_base", "not_yours"}
    assert worker.receipts[arrived]["outcome"] == "kept"
    assert "erase" not in worker.receipts[arrived]["details"]
    assert worker.gone[id_]["gone"] == "moved"
    assert id_ not in worker.tickets
    other = ready(town, "worker3")
    clocks = {each["kind"]: each for each in other.ticket(id_)["deadlines"]}
    assert clocks["arrival"]["met_at"] == "2026-11-22T04:14:00.000Z"
    (item,) = town.phone("officer").get("/items?kind=kept_fact").json["items"]
    assert (item["ticket"]["id"], item["person"]["name"]) == (id_, "李伟")


def test_facts_about_a_merged_ticket_stand_on_the_survivor(any_town: Town) -> None:
    town = any_town
    survivor = town.dispatched(external_no="S1")
    child = town.dispatched(external_no="S2")
    worker = ready(town, "worker")
    town.clock.go(minutes=9)
    fact = arrive(worker, child)
    town.phone("officer").do("ticket.merge", child, {"into": survivor, "reason": "同一事项"})
    worker.sync()
    assert worker.receipts[fact]["outcome"] == "kept"
    assert (worker.gone[child]["gone"], worker.gone[child]["into"]) == ("merged", survivor)
    assert fact in {entry["id"] for entry in worker.ticket(survivor)["timeline"]}


def test_a_ticket_turned_confidential_leaves_the_phone_and_queued_facts_are_kept(town: Town) -> None:
    id_ = town.dispatched(urgent=False, content="秘密内容")
    worker = ready(town, "worker2")
    assert id_ in worker.tickets
    note = worker.act("ticket.note", id_, {"text": "现场情况"})
    args = {"confidential": True, "reason": "来电人要求保密", "handlers": [person_id("worker")]}
    assert town.phone("officer").do("ticket.set_confidential", id_, args)["outcome"] == "applied"
    worker.sync()
    assert worker.receipts[note]["outcome"] == "kept"
    assert worker.receipts[note]["details"]["erase"] is True
    assert (worker.tickets, worker.gone[id_]["gone"]) == ({}, "moved")
    named = ready(town, "worker")
    assert "秘密内容" not in str(named.tickets)
    receipt = named.do("ticket.note", id_, {"text": "离线写的"})
    assert receipt["outcome"] in {"applied", "kept", "refused"}


def test_an_arrival_of_a_phone_three_days_wrong_is_unverified_until_the_office_confirms(town: Town) -> None:
    id_ = town.dispatched()
    worker = town.phone("worker")
    worker.sync()
    worker.restart()
    worker.skew_ms = -72 * HOUR_MS
    town.clock.go(minutes=15)
    fact = arrive(worker, id_)
    town.clock.go(minutes=90)
    worker.push()
    worker.pull()
    receipt = worker.receipts[fact]
    assert (receipt["outcome"], receipt["trust"]) == ("applied", "unverified")
    assert parse_rfc3339(receipt["bounds"][0]) <= parse_rfc3339(receipt["occurred_at"])
    officer = town.phone("officer")
    (item,) = officer.get("/items?kind=unverified_time").json["items"]
    args = {"op": item["op"], "accepted": True, "occurred_at": AT, "reason": "监控录像核对"}
    assert officer.do("ticket.confirm", id_, args)["outcome"] == "applied"
    clocks = {each["kind"]: each for each in officer.ticket(id_)["deadlines"]}
    assert clocks["arrival"]["met_at"] == AT
    assert officer.get("/items?kind=unverified_time").json["total"] == 0


def test_work_survives_an_expired_session(town: Town) -> None:
    id_ = town.dispatched()
    worker = ready(town, "worker")
    fact = arrive(worker, id_)
    town.clock.go(days=31)
    assert worker.push().code == "unauthenticated"
    assert len(worker.outbox) == 1
    worker.sign_in()
    worker.sync()
    assert worker.receipts[fact]["outcome"] in {"applied", "kept"}


def test_strangers_are_told_the_same_as_if_there_were_no_ticket(town: Town) -> None:
    id_ = town.dispatched()
    stranger = ready(town, "worker3")
    told = []
    for subject in (id_, "01900000-0000-7000-8000-000000000000"):
        for name, args in (("ticket.accept", {}), ("ticket.note", {"text": "x"})):
            op = stranger.act(name, subject, args, base=1)
            stranger.sync()
            receipt = stranger.receipts[op]
            told.append((receipt["outcome"], receipt["code"], receipt["message"], receipt.get("rev")))
    assert set(told) == {("refused", "not_yours", told[0][2], None)}


@pytest.mark.parametrize(
    "name", ["ticket.ingest", "ticket.city_result", "ticket.leave_phones", "ticket.photo_received"]
)
def test_the_servers_own_operations_cannot_be_pushed(town: Town, name: str) -> None:
    id_ = town.dispatched()
    for username in ("worker", "officer", "lead"):
        receipt = ready(town, username).do(name, id_, {"photo": "x", "sha256": "0" * 64})
        assert (receipt["outcome"], receipt["code"]) == ("refused", "unknown_op")


def test_a_poison_operation_never_blocks_the_next(any_town: Town) -> None:
    town = any_town
    id_ = town.dispatched()
    worker = ready(town, "worker")
    bad = [
        worker.act("ticket.note", id_, {"text": "\ud800"}),
        worker.act("ticket.note", id_, {"text": "x" * 2001}),
        worker.act("ticket.arrive", id_, {"photos": [photo(AT) | {"sha256": "zz"}]}),
    ]
    good = worker.act("ticket.note", id_, {"text": "好"})
    worker.outbox[0].raw["args"] = {"text": "a\x00b"}
    worker.sync()
    assert {worker.receipts[op]["code"] for op in bad} == {"invalid_args"}
    assert worker.receipts[good]["outcome"] == "applied"


def test_a_photo_that_somebody_else_named_is_not_taken_over(town: Town) -> None:
    id_ = town.dispatched()
    worker, second = ready(town, "worker"), ready(town, "worker2")
    mine = photo(AT)
    worker.do("ticket.note", id_, {"text": "照片", "photos": [mine]})
    receipt = second.do("ticket.note", id_, {"text": "照片", "photos": [mine]})
    assert receipt["outcome"] in {"applied", "kept", "refused"}
    from server.store import photos
    from server.store.engine import reading

    with reading(town.desk.engine) as connection:
        assert photos.get(connection, mine["id"]).author == person_id("worker")
