"""What a supervisor has to look at follows the tickets: whoever may not see one now hears nothing of it."""

from tests.device import photo
from tests.town import Town, person_id, unit_id

FAR = {"point": {"lat": 23.1, "lng": 113.9, "accuracy_m": 8, "fix_age_s": 1, "crs": "WGS84"}}


def items_of(town: Town, username: str, query: str = "") -> list[str]:
    answer = town.phone(username).get(f"/items?{query}")
    assert answer.status == 200, answer.json
    assert answer.json["total"] == len(answer.json["items"])
    return [each["id"] for each in answer.json["items"]]


def far_arrival(town: Town) -> tuple[str, str]:
    """(ticket, the item about an arrival far from its place) of 闸口村."""
    id_ = town.dispatched()
    worker = town.phone("worker")
    worker.sync()
    args = {**FAR, "photos": [photo("2026-11-22T04:05:00.000Z")]}
    assert worker.do("ticket.arrive", id_, args)["outcome"] == "applied"
    (item,) = items_of(town, "officer")
    return id_, item


def test_a_unit_sees_what_concerns_the_tickets_it_leads_now(any_town: Town) -> None:
    town = any_town
    id_, item = far_arrival(town)
    assert (items_of(town, "head"), items_of(town, "head3")) == ([item], [])
    args = {"unit": unit_id("南城村"), "joint_units": []}
    assert town.phone("officer").do("ticket.dispatch", id_, args)["outcome"] == "applied"
    assert (items_of(town, "head"), items_of(town, "head3")) == ([], [item])
    assert town.phone("head").post(f"/items/{item}/done", {}).code == "not_found"
    assert town.phone("head3").post(f"/items/{item}/done", {}).status == 204
    assert items_of(town, "head3") == []


def test_items_of_a_confidential_ticket_are_its_named_handlers_and_the_office_leads(any_town: Town) -> None:
    town = any_town
    id_, item = far_arrival(town)
    args = {
        "confidential": True,
        "reason": "来电人要求保密",
        "handlers": [person_id("worker"), person_id("head")],
    }
    assert town.phone("officer").do("ticket.set_confidential", id_, args)["outcome"] == "applied"
    seen = {name: items_of(town, name) for name in ("officer", "leader", "duty", "lead", "head", "head3")}
    assert seen == {"officer": [], "leader": [], "duty": [], "lead": [item], "head": [item], "head3": []}
    assert town.phone("officer").post(f"/items/{item}/done", {}).code == "not_found"
    (shown,) = town.phone("head").get("/items").json["items"]
    assert shown["ticket"]["title"] == "保密单"
    assert town.phone("lead").post(f"/items/{item}/done", {}).status == 204


def test_the_duty_room_looks_at_emergencies_only(town: Town) -> None:
    id_, item = far_arrival(town)
    assert items_of(town, "duty") == [item]
    town.phone("officer").do("ticket.unflag_urgent", id_, {"reason": "已围蔽"})
    assert items_of(town, "duty") == []


def test_a_number_taken_twice_is_the_offices_to_look_at(town: Town) -> None:
    call = town.call()
    town.city("POST", "/intake/tickets", call)
    assert town.city("POST", "/intake/tickets", {**call, "title": "另一件事"}).status == 409
    assert len(items_of(town, "officer", "kind=external_no_taken")) == 1
    assert items_of(town, "head") == []
