"""The city line's door."""

import itertools
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
import sqlalchemy as sa

from server.store import sessions
from server.store.engine import reading
from server.store.tables_ticket import contact, item
from tests.town import Town, unit_id


def kinds(answer) -> dict[str, str]:
    return {each["kind"]: each["due_at"] for each in answer.json["deadlines"]}


def test_a_ticket_comes_in_with_its_explained_deadlines(town: Town) -> None:
    answer = town.city("POST", "/intake/tickets", town.call(urgent=False, category="consult"))
    assert answer.status == 201
    assert answer.json["state"] == "received"
    assert kinds(answer) == {"acceptance": "2026-11-22T16:00:00.000Z", "result": "2026-11-24T16:00:00.000Z"}
    why = answer.json["deadlines"][1]["why"]
    assert (why["days"], why["skipped"]) == (2, [])


def test_the_same_content_again_is_the_same_ticket(town: Town) -> None:
    call = town.call()
    first = town.city("POST", "/intake/tickets", call)
    again = town.city("POST", "/intake/tickets", call)
    by_id = town.city(
        "POST", "/intake/tickets", call | {"place": call["place"] | {"village": unit_id("闸口村")}}
    )
    assert (first.status, again.status, by_id.status) == (201, 200, 200)
    assert first.json["id"] == again.json["id"] == by_id.json["id"]


def test_a_taken_number_is_refused_with_what_differs_and_an_item_for_the_officer(town: Town) -> None:
    call = town.call(urgent=False)
    made = town.city("POST", "/intake/tickets", call)
    for _ in range(2):
        answer = town.city(
            "POST", "/intake/tickets", call | {"title": "另一件事", "contact": {"phone": "13911112222"}}
        )
        assert answer.status == 409
        assert answer.json["error"]["code"] == "external_no_taken"
        assert answer.json["error"]["details"]["differs"] == ["contact", "title"]
    listed = town.phone("officer").get("/items?kind=external_no_taken").json
    assert listed["total"] == 1
    assert listed["items"][0]["ticket"]["id"] == made.json["id"]
    assert listed["items"][0]["details"]["differs"] == ["contact", "title"]


def test_an_emergency_under_a_taken_number_takes_effect_at_once(town: Town) -> None:
    call = town.call(urgent=False)
    made = town.city("POST", "/intake/tickets", call)
    town.clock.go(minutes=10)
    answer = town.city("POST", "/intake/tickets", call | {"urgent": True, "content": "现在有人掉下去了"})
    assert answer.status == 409
    now = town.city("GET", f"/intake/tickets/{call['external_no']}")
    assert now.json["id"] == made.json["id"]
    assert kinds(now)["arrival"] == "2026-11-22T05:15:00.000Z"


def test_a_time_of_receipt_in_the_future_is_clamped_and_flagged(town: Town) -> None:
    answer = town.city("POST", "/intake/tickets", town.call(received_at="2026-11-22T12:00:00+08:00"))
    assert answer.json["flags"] == []
    answer = town.city("POST", "/intake/tickets", town.call(received_at="2027-01-01T00:00:00Z"))
    assert answer.status == 201
    assert answer.json["flags"] == ["received_in_future"]
    assert kinds(answer)["arrival"] == "2026-11-22T05:05:00.000Z"


def test_praise_is_closed_at_once_and_starts_no_clock(town: Town) -> None:
    answer = town.city("POST", "/intake/tickets", town.call(category="praise", urgent=True))
    assert (answer.status, answer.json["state"], answer.json["deadlines"]) == (201, "closed", [])
    officer = town.phone("officer")
    officer.sync()
    assert officer.tickets == {}


@pytest.mark.parametrize(
    ("more", "field", "code"),
    [
        ({"place": {"village": "无此村"}}, "place.village", "unknown_village"),
        ({"place": {"village": "供电"}}, "place.village", "unknown_village"),
        ({"respondent_unit": "无此单位"}, "respondent_unit", "unknown_unit"),
        ({"received_at": "昨天"}, "received_at", "invalid_args"),
        ({"received_at": "2026-11-22T12:00:00"}, "received_at", "invalid_args"),
        ({"title": "  "}, "title", "invalid_args"),
        ({"title": "a\x00b"}, "title", "invalid_args"),
        ({"place": {"lat": 23.0}}, "place.lng", "invalid_args"),
    ],
)
def test_a_wrong_field_is_named(town: Town, more: dict, field: str, code: str) -> None:
    answer = town.city("POST", "/intake/tickets", town.call(**more))
    assert (answer.status, answer.json["error"]["code"]) == (422, code)
    assert answer.json["error"]["details"]["field"] == field


@pytest.mark.parametrize(
    "more",
    [
        {"category": "other"},
        {"urgent": "yes"},
        {"external_no": "x" * 65},
        {"surprise": 1},
        {"place": "闸口村"},
    ],
)
def test_a_malformed_request_is_refused_with_its_fields(town: Town, more: dict) -> None:
    answer = town.city("POST", "/intake/tickets", town.call() | more)
    assert (answer.status, answer.json["error"]["code"]) == (422, "invalid_args")
    assert next(iter(more)) in str(answer.json["error"]["details"]["fields"])


def test_an_oversized_request_is_refused(town: Town) -> None:
    answer = town.city("POST", "/intake/tickets", town.call(content="长" * 700_000))
    assert (answer.status, answer.json["error"]["code"]) == (413, "too_large")


def test_a_wrong_or_missing_key_gets_nothing(town: Town) -> None:
    client = town.app.test_client()
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic amliYW4="}):
        answer = client.post("/api/v1/intake/tickets", json=town.call(), headers=headers)
        assert answer.status_code == 401
    with reading(town.desk.engine) as connection:
        assert sessions.intake_key_name(connection, "jiban-demo-intake") == "demo"


def test_nothing_of_the_caller_can_be_read_in_the_database(town: Town) -> None:
    call = town.call(content="我住祠堂后，电话 138-0000-1234，找陈大文。")
    town.city("POST", "/intake/tickets", call)
    town.city("POST", "/intake/tickets", call | {"contact": {"name": "陈大文", "phone": "13800009999"}})
    update = {"update_no": "1", "kind": "supplement", "text": "补充电话13800001234"}
    assert town.city("POST", f"/intake/tickets/{call['external_no']}/updates", update).status == 200
    with reading(town.desk.engine) as connection:
        tables = (
            connection.execute(sa.text("SELECT name FROM sqlite_master WHERE type='table'")).scalars().all()
        )
        everything = "".join(
            str(row) for name in tables for row in connection.execute(sa.text(f'SELECT * FROM "{name}"'))
        )
        sealed = connection.execute(sa.select(sa.func.count()).select_from(contact)).scalar_one()
    assert sealed == 2
    for secret in ("13800001234", "138-0000-1234", "13800009999", '陈大文"'):
        assert secret not in everything
    assert "138****1234" in everything


def test_an_update_is_carried_out_once_by_its_number(town: Town) -> None:
    call = town.call(urgent=False)
    town.city("POST", "/intake/tickets", call)
    path = f"/intake/tickets/{call['external_no']}/updates"
    first = town.city("POST", path, {"update_no": "u1", "kind": "urgent"})
    town.clock.go(minutes=30)
    again = town.city("POST", path, {"update_no": "u1", "kind": "urgent"})
    assert first.status == again.status == 200
    assert kinds(first)["arrival"] == kinds(again)["arrival"] == "2026-11-22T05:05:00.000Z"
    other = town.city("POST", path, {"update_no": "u1", "kind": "urge", "text": "请尽快"})
    assert (other.status, other.json["error"]["code"]) == (409, "update_no_taken")


def test_updates_change_due_date_and_withdraw(town: Town) -> None:
    call = town.call(urgent=False)
    town.city("POST", "/intake/tickets", call)
    path = f"/intake/tickets/{call['external_no']}/updates"
    due = {"update_no": "1", "kind": "due", "external_due_at": "2026-11-24T10:00:00Z"}
    assert kinds(town.city("POST", path, due))["result"] == "2026-11-24T10:00:00.000Z"
    assert town.city("POST", path, {"update_no": "2", "kind": "urge", "text": "催办"}).status == 200
    gone = town.city("POST", path, {"update_no": "3", "kind": "withdraw", "text": "已解决"})
    assert gone.json["state"] == "terminated"
    late = town.city("POST", path, {"update_no": "4", "kind": "urgent"})
    assert (late.status, late.json["error"]["code"]) == (409, "wrong_state")


def test_news_of_an_unknown_ticket_is_404(town: Town) -> None:
    answer = town.city("POST", "/intake/tickets/没有/updates", {"update_no": "1", "kind": "urge"})
    assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")
    assert town.city("GET", "/intake/tickets/没有").status == 404


def reply_and_approve(town: Town, id_: str) -> None:
    worker, head = town.phone("worker"), town.phone("head")
    worker.do("ticket.accept", id_)
    worker.do("ticket.callback", id_, {"outcome": "connected", "summary": "已说明"})
    reply = {"finding": "true", "resolution": "resolved", "text": "=HYPERLINK(1)"}
    assert worker.do("ticket.reply", id_, reply)["outcome"] == "applied"
    head.sync()
    approved = head.do("ticket.approve", id_, {"reply_hash": head.ticket(id_)["reply"]["hash"]})
    assert approved["outcome"] == "applied"


def test_a_result_closes_and_a_bad_one_begins_the_second_round(town: Town) -> None:
    numbers = itertools.count()
    for resolved, state, cycle in ((True, "closed", 1), (False, "handling", 2)):
        call = f"R{next(numbers)}"
        id_ = town.dispatched(external_no=call)
        assert town.city("GET", f"/intake/tickets/{call}").json["packet"] is None
        reply_and_approve(town, id_)
        told = town.city("GET", f"/intake/tickets/{call}").json["packet"]
        assert told["callback"]["outcome"] == "connected"
        result = {"update_no": "r", "kind": "result", "resolved": resolved, "satisfaction": "fair"}
        answer = town.city("POST", f"/intake/tickets/{call}/updates", result)
        assert (answer.json["state"], answer.json["cycle"]) == (state, cycle)


def test_numbers_of_any_shape_are_taken(town: Town) -> None:
    for number in ("12/34-号", "a b", "百%"):
        assert town.city("POST", "/intake/tickets", town.call(external_no=number)).status == 201
        path = f"/intake/tickets/{number}".replace("%", "%25")
        assert town.city("GET", path).json["external_no"] == number
        assert town.city("POST", path + "/updates", {"update_no": "1", "kind": "urge"}).status == 200


def test_items_are_finished_once_and_by_whom_is_kept(town: Town) -> None:
    call = town.call()
    town.city("POST", "/intake/tickets", call)
    town.city("POST", "/intake/tickets", call | {"title": "另一件"})
    officer = town.phone("officer")
    (listed,) = officer.get("/items").json["items"]
    assert officer.post(f"/items/{listed['id']}/done", {"note": "已核对"}).status == 204
    assert officer.get("/items").json["total"] == 0
    (done,) = officer.get("/items?open=false").json["items"]
    assert (done["done_by"]["name"], done["note"]) == ("林晓燕", "已核对")
    assert officer.post("/items/none/done", {}).status == 404
    assert town.phone("worker").get("/items").code == "forbidden"
    with reading(town.desk.engine) as connection:
        (details,) = connection.execute(sa.select(item.c.details)).scalars()
    assert orjson.loads(details)["differs"] == ["title"]


def test_the_same_number_from_many_sides_at_once_makes_one_ticket(any_town: Town) -> None:
    town = any_town
    call = town.call()
    other = call | {"title": "另一件事"}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda body: town.city("POST", "/intake/tickets", body), [call, other] * 6))
    found = Counter(answer.status for answer in answers)
    assert found == {201: 1, 200: 5, 409: 6}
    assert len({answer.json["id"] for answer in answers if answer.status < 300}) == 1
    officer = town.phone("officer")
    officer.sync()
    assert len(officer.tickets) == 1
    assert officer.get("/items?kind=external_no_taken").json["total"] == 1


def test_a_second_emergency_under_a_taken_number_takes_effect_too(town: Town) -> None:
    call = town.call(urgent=False)
    town.city("POST", "/intake/tickets", call)
    officer = town.phone("officer")
    officer.sync()
    id_ = next(iter(officer.tickets))
    for words in ("有人受伤", "又有人受伤"):
        taken = town.city("POST", "/intake/tickets", call | {"urgent": True, "content": words})
        assert taken.status == 409
        officer.sync()
        assert officer.ticket(id_)["urgent"]
        assert officer.do("ticket.unflag_urgent", id_, {"reason": "误报"})["outcome"] == "applied"
