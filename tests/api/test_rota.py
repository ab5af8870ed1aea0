"""The rota over HTTP: written, repeated, stood in for, swapped, taken back; by whom; and what it refuses."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from server.actions.rota import Form, add
from server.actions.signing_in import Refused
from server.demo.people import CAST
from server.domain.roles import Actor
from server.store import audit, reach, rota
from server.store.engine import reading, writing
from server.store.people import directory
from server.store.reach import Reach
from sync.clock import rfc3339
from tests.device import Answer, Phone
from tests.town import DAY_MS, HOUR_MS, Town, person_id, unit_id


def at(town: Town, hours: float) -> str:
    return rfc3339(town.clock.now_ms + int(hours * HOUR_MS))


def body(town: Town, who: str = "worker", hours: tuple[float, float] = (1, 9), **more: Any) -> dict[str, Any]:
    told = {
        "post": "worker",
        "unit": "闸口村",
        "person": person_id(who),
        "from_at": at(town, hours[0]),
        "to_at": at(town, hours[1]),
    }
    return told | more


def town_post(post: str) -> dict[str, Any]:
    return {"post": post, "unit": None}


def shown(phone: Phone, query: str = "") -> Mapping[str, Any]:
    answer = phone.get(f"/rota{query}")
    assert answer.status == 200, answer.json
    found: Mapping[str, Any] = answer.json
    return found


def added(phone: Phone, told: dict[str, Any]) -> list[dict[str, Any]]:
    answer = phone.post("/rota", told)
    assert answer.status == 201, answer.json
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def refused(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.code) == (status, code), answer.json
    assert answer.json["error"]["message"] not in {"", code}


def on_duty(phone: Phone, post: str = "worker", unit: str | None = "闸口村") -> tuple[list[str], bool]:
    (row,) = (
        each
        for each in shown(phone)["now"]
        if each["post"] == post and (each["unit"] or {"name": None})["name"] == unit
    )
    return [each["name"] for each in row["people"]], row["from_rota"]


def actor_of(town: Town, username: str) -> Actor:
    with reading(town.desk.engine) as connection:
        return directory(connection).people[person_id(username)]


def actions(town: Town) -> list[str]:
    with reading(town.desk.engine) as connection:
        return [each.action for each in audit.entries(connection) if each.action.startswith("rota.")]


def test_a_turn_is_written_shown_and_in_force(town: Town) -> None:
    duty = town.phone("duty")
    assert on_duty(duty)[1] is False
    (item,) = added(duty, body(town, note=" 汛期加强 "))
    assert item["person"] == {"id": person_id("worker"), "name": "李伟"}
    assert item["unit"] == {"id": unit_id("闸口村"), "name": "闸口村"}
    assert (item["kind"], item["replaces"], item["note"]) == ("regular", None, "汛期加强")
    assert shown(duty)["items"] == [item]
    town.clock.go(hours=1)
    assert on_duty(duty) == (["李伟"], True)
    town.clock.go(hours=8)
    assert on_duty(duty)[1] is False
    assert actions(town) == ["rota.add"]


def test_now_names_everybody_with_a_number_to_phone(town: Town) -> None:
    with writing(town.desk.engine) as connection:
        reach.write(connection, person_id("duty"), Reach(phone="076988310000"), town.clock.now_ms)
    rows = shown(town.phone("leader"))["now"]
    assert [row["post"] for row in rows[:3]] == ["duty_room", "leader", "office"]
    assert rows[0]["people"] == [{"id": person_id("duty"), "name": "何强", "phone": "076988310000"}]
    assert rows[1]["people"][0]["phone"] is None


def test_a_turn_repeats_and_its_holes_are_gaps(town: Town) -> None:
    duty = town.phone("duty")
    told = body(town, hours=(0, 24), repeat={"every_days": 2, "times": 3})
    made = added(duty, told)
    start = town.clock.now_ms
    assert [each["from_at"] for each in made] == [rfc3339(start + 2 * n * DAY_MS) for n in range(3)]
    found = shown(duty, f"?from={at(town, 0)}&to={at(town, 5 * 24)}&post=worker")
    assert [(gap["from_at"], gap["to_at"]) for gap in found["gaps"]] == [
        (at(town, 24), at(town, 48)),
        (at(town, 72), at(town, 96)),
    ]
    assert found["gaps"][0]["unit"]["name"] == "闸口村"
    refused(
        duty.post("/rota", body(town, "worker2", (0, 30), repeat={"every_days": 1, "times": 2})),
        409,
        "rota_overlap",
    )


def test_the_duty_room_and_the_leader_are_always_expected_and_a_rota_that_ran_out_is_a_gap(
    town: Town,
) -> None:
    duty = town.phone("duty")
    assert [each["post"] for each in shown(duty)["gaps"]] == ["duty_room", "leader"]
    added(duty, body(town, hours=(0, 1)))
    town.clock.go(days=3)
    duty.sign_in()
    assert [each["post"] for each in shown(duty)["gaps"]] == ["duty_room", "leader", "worker"]
    town.clock.go(days=40)
    duty.sign_in()
    assert [each["post"] for each in shown(duty)["gaps"]] == ["duty_room", "leader"]


def test_a_stand_in_takes_a_turn_for_some_hours(town: Town) -> None:
    head = town.phone("head")
    added(head, body(town, hours=(0, 8)))
    stand_in = body(town, "worker2", (2, 4), kind="stand_in", replaces=person_id("worker"))
    (item,) = added(head, stand_in)
    assert item["replaces"]["name"] == "李伟"
    seen = []
    for _ in range(3):
        seen.append(on_duty(head)[0])
        town.clock.go(hours=2)
    assert seen == [["李伟"], ["陈静"], ["李伟"]]
    assert head.request("DELETE", f"/rota/{item['id']}").code == "turn_past"


def test_whom_to_stand_in_for_must_be_on_duty_and_not_stood_in_for_already(town: Town) -> None:
    duty = town.phone("duty")
    stand_in = body(town, "worker2", (2, 10), kind="stand_in", replaces=person_id("worker"))
    refused(duty.post("/rota", stand_in), 409, "nobody_to_replace")
    added(duty, body(town, hours=(0, 8)))
    refused(duty.post("/rota", stand_in), 409, "nobody_to_replace")
    shorter = stand_in | {"to_at": at(town, 8)}
    added(duty, shorter)
    refused(duty.post("/rota", shorter), 409, "turn_taken_over")
    refused(duty.post("/rota", stand_in | {"replaces": None}), 422, "invalid_args")
    refused(duty.post("/rota", stand_in | {"kind": "regular"}), 422, "invalid_args")


def test_two_people_change_turns_and_change_back(town: Town) -> None:
    head = town.phone("head")
    (mine,) = added(head, body(town, hours=(0, 8)))
    (hers,) = added(head, body(town, "worker2", (8, 16)))
    answer = head.post("/rota/swap", {"turn": mine["id"], "with_turn": hers["id"], "note": "家中有事"})
    assert answer.status == 201, answer.json
    assert [(each["person"]["name"], each["replaces"]["name"]) for each in answer.json["items"]] == [
        ("陈静", "李伟"),
        ("李伟", "陈静"),
    ]
    assert on_duty(head) == (["陈静"], True)
    again = head.post("/rota/swap", {"turn": mine["id"], "with_turn": hers["id"]})
    refused(again, 409, "turn_taken_over")
    assert head.request("DELETE", f"/rota/{answer.json['items'][1]['id']}").status == 204
    assert on_duty(head) == (["李伟"], True), "both halves are taken back"
    with reading(town.desk.engine) as connection:
        assert [each.kind for each in rota.around(connection, town.clock.now_ms)] == ["regular", "regular"]
    assert actions(town)[:4] == ["rota.cancel", "rota.cancel", "rota.swap", "rota.swap"]


def test_a_swap_is_whole_or_not_at_all(town: Town) -> None:
    duty = town.phone("duty")
    (mine,) = added(duty, body(town, hours=(0, 8)))
    (hers,) = added(duty, body(town, "worker2", (6, 14)))
    both = {"turn": mine["id"], "with_turn": hers["id"]}
    refused(duty.post("/rota/swap", both), 409, "rota_overlap")
    (far,) = added(duty, body(town, "worker3", (6, 14), unit="南城村"))
    refused(duty.post("/rota/swap", both | {"with_turn": far["id"]}), 422, "unfit_person")
    refused(duty.post("/rota/swap", {"turn": mine["id"]}), 422, "invalid_args")
    refused(duty.post("/rota/swap", both | {"with_person": person_id("worker2")}), 422, "invalid_args")
    refused(duty.post("/rota/swap", both | {"turn": person_id("worker")}), 404, "unknown_turn")
    assert len(shown(duty)["items"]) == 3


def test_worker_and_backup_change_places(town: Town) -> None:
    head = town.phone("head")
    (first,) = added(head, body(town, hours=(0, 8)))
    (second,) = added(head, body(town, "worker2", (0, 8), post="backup"))
    assert head.post("/rota/swap", {"turn": first["id"], "with_turn": second["id"]}).status == 201
    assert (on_duty(head)[0], on_duty(head, "backup")[0]) == (["陈静"], ["李伟"])


def test_somebody_takes_a_turn_without_giving_one(town: Town) -> None:
    head = town.phone("head")
    (mine,) = added(head, body(town, hours=(0, 8)))
    told = {"turn": mine["id"], "with_person": person_id("worker2")}
    assert head.post("/rota/swap", told).status == 201
    assert on_duty(head) == (["陈静"], True)


def test_a_turn_taken_back_counts_no_more_and_stays_in_the_table(town: Town) -> None:
    duty = town.phone("duty")
    (item,) = added(duty, body(town, hours=(0, 8)))
    assert duty.request("DELETE", f"/rota/{item['id']}").status == 204
    refused(duty.request("DELETE", f"/rota/{item['id']}"), 404, "unknown_turn")
    assert on_duty(duty)[1] is False
    added(duty, body(town, hours=(0, 8)))
    with reading(town.desk.engine) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM rota_turn").scalar() == 2


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"hours": (9, 1)}, 422, "impossible_span"),
        ({"hours": (1, 1)}, 422, "impossible_span"),
        ({"hours": (-9, -1)}, 422, "impossible_span"),
        ({"hours": (0, 32 * 24)}, 422, "impossible_span"),
        ({"hours": (500 * 24, 501 * 24)}, 422, "impossible_span"),
        ({"hours": (0, 8), "repeat": {"every_days": 31, "times": 200}}, 422, "impossible_span"),
        ({"hours": (0, 8), "repeat": {"every_days": 0, "times": 2}}, 422, "invalid_args"),
        ({"from_at": "2026-11-22T08:00:00"}, 422, "invalid_args"),
        ({"to_at": "9998-12-31T23:59:59Z"}, 422, "impossible_span"),
        ({"to_at": "9999-12-31T23:59:59Z"}, 422, "invalid_args"),
        ({"who": "worker3"}, 422, "unfit_person"),
        ({"who": "leader"}, 422, "unfit_person"),
        ({"who": "nobody"}, 422, "unknown_person"),
        ({"unit": "没有这个村"}, 422, "unknown_unit"),
        ({"unit": None}, 422, "invalid_args"),
        ({"post": "leader"}, 422, "invalid_args"),
        ({"post": "mayor"}, 422, "invalid_args"),
        ({"kind": "swap"}, 422, "invalid_args"),
    ],
)
def test_what_cannot_be_is_refused(town: Town, more: dict[str, Any], status: int, code: str) -> None:
    duty = town.phone("duty")
    refused(duty.post("/rota", body(town, **more)), status, code)
    assert shown(duty)["items"] == []


def test_nobody_is_on_duty_twice_at_once(town: Town) -> None:
    duty = town.phone("duty")
    added(duty, body(town, hours=(0, 8)))
    for clash in (body(town, hours=(7, 9)), body(town, hours=(0, 8), post="backup")):
        answer = duty.post("/rota", clash)
        refused(answer, 409, "rota_overlap")
        assert answer.json["error"]["details"]["from_at"] == at(town, 0)
    added(duty, body(town, "worker2", (0, 8)))


@pytest.mark.parametrize("username", sorted({each.username for each in CAST}))
def test_who_reads_and_who_writes(town: Town, username: str) -> None:
    phone = town.phone(username)
    readers = {"duty", "lead", "head", "head3", "officer", "leader", "admin"}
    assert phone.get("/rota").status == (200 if username in readers else 403)
    own = phone.post("/rota", body(town))
    assert own.status == (201 if username in {"duty", "lead", "head"} else 403), own.json
    of_head = phone.post("/rota", body(town, "head", post="unit_head"))
    assert of_head.status == (201 if username in {"duty", "lead"} else 403)
    of_town = phone.post("/rota", body(town, "leader", **town_post("leader")))
    assert of_town.status == (201 if username in {"duty", "lead"} else 403)


def test_a_units_people_see_their_own_unit_and_touch_nobody_elses(town: Town) -> None:
    duty, head3 = town.phone("duty"), town.phone("head3")
    (item,) = added(duty, body(town, hours=(0, 8)))
    (room,) = added(duty, body(town, "duty", (0, 8), **town_post("duty_room")))
    found = shown(head3, f"?unit={unit_id('闸口村')}")
    assert [(each["id"], each["may_edit"]) for each in found["items"]] == [(room["id"], False)]
    assert {(each["unit"] or {"name": "南城村"})["name"] for each in found["now"]} == {"南城村"}
    assert {(each["post"], each["unit"]) for each in found["candidates"]} == {
        ("worker", unit_id("南城村")),
        ("backup", unit_id("南城村")),
    }
    for turn in (item, room):
        refused(head3.request("DELETE", f"/rota/{turn['id']}"), 403, "forbidden")
        told = {"turn": turn["id"], "with_person": person_id("worker2")}
        refused(head3.post("/rota/swap", told), 403, "forbidden")


def test_whom_could_be_put_where(town: Town) -> None:
    found = shown(town.phone("duty"))["candidates"]
    by_place = {(each["post"], each["unit"]): {one["name"] for one in each["people"]} for each in found}
    assert by_place[("leader", None)] == {"黄敏"}
    assert {"何强", "梁芳", "林晓燕"} <= by_place[("duty_room", None)]
    assert {"李伟", "陈静"} <= by_place[("worker", unit_id("闸口村"))]
    assert shown(town.phone("leader"))["candidates"] == []


@pytest.mark.parametrize(
    "query",
    ["from=soon", "from=2026-11-22&to=2026-11-20", "from=2026-01-01&to=2026-12-31", "from=9999-12-31", "x=1"],
)
def test_a_stretch_of_time_that_cannot_be_asked_for(town: Town, query: str) -> None:
    refused(town.phone("duty").get(f"/rota?{query}"), 422, "invalid_args")


def test_days_are_shanghais_and_the_last_one_counts(town: Town) -> None:
    duty = town.phone("duty")
    added(duty, body(town, hours=(24, 30)))  # tomorrow noon
    assert len(shown(duty, "?from=2026-11-23&to=2026-11-23")["items"]) == 1
    assert shown(duty, "?from=2026-11-24&to=2026-11-24")["items"] == []
    assert shown(duty, "?from=2026-11-22&to=2026-11-22")["items"] == []


def test_on_either_database(any_town: Town) -> None:
    duty = any_town.phone("duty")
    (item,) = added(duty, body(any_town, hours=(0, 8)))
    refused(duty.post("/rota", body(any_town, hours=(0, 8))), 409, "rota_overlap")
    told = {"turn": item["id"], "with_person": person_id("worker2")}
    assert duty.post("/rota/swap", told).status == 201
    assert on_duty(duty) == (["陈静"], True)


def test_of_many_at_once_only_one_gets_the_place(any_town: Town) -> None:
    duty = any_town.phone("duty")
    form = Form(
        "worker",
        unit_id("闸口村"),
        person_id("worker"),
        any_town.clock.now_ms,
        any_town.clock.now_ms + HOUR_MS,
    )
    by = actor_of(any_town, "duty")
    ready = threading.Barrier(6)

    def write(_: int) -> str:
        ready.wait()
        try:
            add(any_town.desk.engine, by, form, any_town.clock.now_ms)
        except Refused as refused:
            return refused.code
        return "written"

    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(write, range(6)))
    assert sorted(told) == ["rota_overlap"] * 5 + ["written"]
    assert len(shown(duty)["items"]) == 1
