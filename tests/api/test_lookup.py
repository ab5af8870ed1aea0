"""A ticket found by the city's number: by whom, how little of it, and the alarm raised with what was found."""

import pytest
from sqlalchemy.engine import Engine

from server.store import audit
from server.store.engine import reading
from tests.town import Town, unit_id


def looks(engine: Engine) -> list[tuple[str, str]]:
    with reading(engine) as connection:
        return [
            (each.subject, each.details["number"])
            for each in audit.entries(connection, action="ticket.look_up")
        ]


def test_the_duty_room_finds_by_number_what_it_cannot_see_and_raises_the_alarm(town: Town) -> None:
    id_ = town.dispatched(external_no="DG-2026/77", urgent=False)
    duty = town.phone("duty")
    duty.sync()
    assert duty.get(f"/tickets/{id_}").status == 404
    found = duty.get("/tickets/number/DG-2026/77")
    assert (found.status, found.headers["Cache-Control"]) == (200, "no-store")
    rev = found.json.pop("rev")
    assert found.json == {
        "id": id_,
        "external_no": "DG-2026/77",
        "state": "assigned",
        "urgent": False,
        "village": "闸口村",
    }
    assert looks(town.desk.engine) == [(id_, "DG-2026/77")]
    assert duty.do("ticket.flag_urgent", id_, {"reason": "有人受伤"}, base=rev)["outcome"] == "applied"
    (alarm,) = duty.get(f"/alarms?subject={id_}").json["items"]
    assert (alarm["kind"], alarm["state"]) == ("urgent_ticket", "open")
    duty.sync()
    assert duty.ticket(id_)["urgent"]


@pytest.mark.parametrize("username", ["duty", "officer", "leader", "lead"])
def test_who_may_see_it_reads_its_title_and_its_look_is_not_written_down(town: Town, username: str) -> None:
    town.ticket(external_no="X1", urgent=True)
    found = town.phone(username).get("/tickets/number/X1").json
    assert (found["title"], found["address"], found["urgent"]) == ("主干道井盖缺失", "祠堂路口", True)
    assert looks(town.desk.engine) == []


@pytest.mark.parametrize("username", ["worker", "head", "group", "auditor", "admin"])
def test_other_roles_look_nothing_up(town: Town, username: str) -> None:
    town.ticket(external_no="X1", urgent=False)
    assert town.phone(username).get("/tickets/number/X1").code == "forbidden"


def test_a_confidential_number_is_answered_like_one_that_nobody_has(town: Town) -> None:
    id_ = town.ticket(external_no="SECRET", urgent=False, confidential=True)
    for username in ("duty", "officer", "leader"):
        phone = town.phone(username)
        secret, nothing = phone.get("/tickets/number/SECRET"), phone.get("/tickets/number/NOTHING")
        assert (secret.status, secret.json) == (nothing.status, nothing.json) == (404, nothing.json)
    assert looks(town.desk.engine) == []
    assert town.phone("lead").get("/tickets/number/SECRET").json["id"] == id_


def test_a_complaint_about_the_readers_own_unit_is_nobodys_number_to_him(town: Town) -> None:
    town.ticket(external_no="X1", urgent=False, respondent_unit="闸口村")
    duty = town.phone("duty")
    assert duty.get("/tickets/number/X1").status == 200
    town.phone("admin").request("PATCH", f"/people/{duty.user['id']}", {"unit": unit_id("闸口村")})
    assert town.phone("duty").get("/tickets/number/X1").status == 404
