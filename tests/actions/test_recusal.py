"""Who comes to work for the unit complained about lets go of the complaint, on every way to it (信访条例 §30)."""

from sync.clock import rfc3339
from tests.town import Town, person_id, unit_id


def about_nancheng(town: Town, to: str = "worker", **more: object) -> str:
    """A complaint about 南城村 in the hands of a person of 闸口村."""
    return town.dispatched(
        "闸口村", to, urgent=False, respondent_unit="南城村", place={"village": "南城村"}, **more
    )


def move(town: Town, username: str, unit: str, **more: object) -> None:
    change = {"unit": unit, "grid": None, **more}
    answer = town.phone("admin").request("PATCH", f"/people/{person_id(username)}", change)
    assert answer.status == 200, answer.json


def test_who_is_moved_into_the_accused_unit_loses_its_ticket_everywhere(any_town: Town) -> None:
    town = any_town
    about, other = about_nancheng(town), town.dispatched("闸口村", "worker", urgent=False)
    worker = town.phone("worker")
    worker.sync()
    assert {about, other} <= set(worker.tickets)
    move(town, "worker", "南城村")
    worker.sync()
    assert worker.gone[about]["gone"] == "moved"
    assert set(worker.tickets) == {other}
    assert [each["id"] for each in worker.get("/tickets").json["items"]] == [other]
    assert worker.get(f"/tickets/{about}").code == "not_yours"


def test_its_unit_has_it_again_and_is_told_to_name_somebody(town: Town) -> None:
    id_ = about_nancheng(town)
    move(town, "worker", "南城村")
    head, colleague = town.phone("head"), town.phone("worker2")
    head.sync()
    colleague.sync()
    assert head.ticket(id_)["assignee"] is None
    assert id_ in colleague.tickets
    (item,) = head.get("/items?kind=recused").json["items"]
    assert (item["person"]["name"], item["ticket"]["id"]) == ("李伟", id_)
    assert head.do("ticket.assign", id_, {"assignee": person_id("worker2")})["outcome"] == "applied"
    assert town.phone("worker").get("/items").code == "forbidden"


def test_handlers_of_a_confidential_ticket_and_closed_ones_too(town: Town) -> None:
    id_ = about_nancheng(town)
    args = {"confidential": True, "reason": "保密", "handlers": [person_id("worker"), person_id("head")]}
    assert town.phone("officer").do("ticket.set_confidential", id_, args)["outcome"] == "applied"
    closed = about_nancheng(town, external_no="Z9")
    town.city("POST", "/intake/tickets/Z9/updates", {"update_no": "1", "kind": "withdraw"})
    move(town, "worker", "南城村")
    worker = town.phone("worker")
    assert worker.get("/tickets").json["items"] == []
    for one in (id_, closed):
        assert worker.get(f"/tickets/{one}").code == "not_yours"
    assert town.phone("head").get(f"/tickets/{id_}").status == 200


def test_an_emergency_rings_for_its_unit_again(town: Town) -> None:
    id_ = town.ticket(respondent_unit="南城村")
    officer = town.phone("officer")
    officer.do("ticket.dispatch", id_, {"unit": unit_id("闸口村"), "assignee": person_id("worker")})
    moved_at = rfc3339(town.clock.go(minutes=2))
    move(town, "worker", "南城村")
    other = town.phone("worker2")
    other.sync()
    assert id_ in other.tickets
    alerts = [row for (kind, _), row in other.base.rows.items() if kind == "alert"]
    assert (id_, moved_at) in {(row["subject"]["id"], row["raised_at"]) for row in alerts}


def test_what_he_did_before_he_moved_still_counts(town: Town) -> None:
    id_ = about_nancheng(town)
    worker = town.phone("worker")
    worker.sync()
    note = worker.act("ticket.note", id_, {"text": "已到现场"})
    town.clock.go(minutes=5)
    move(town, "worker", "南城村")
    worker.sync()
    assert worker.receipts[note]["outcome"] == "kept"
    assert "已到现场" in str(town.phone("head").get(f"/tickets/{id_}").json["timeline"])


def test_a_move_elsewhere_changes_no_ticket(town: Town) -> None:
    id_ = about_nancheng(town)
    rev = town.phone("officer").get(f"/tickets/{id_}").json["rev"]
    move(town, "worker", "公用事业服务中心", role="unit_clerk")
    assert town.phone("officer").get(f"/tickets/{id_}").json["rev"] == rev
    assert town.phone("worker").get(f"/tickets/{id_}").status == 200
