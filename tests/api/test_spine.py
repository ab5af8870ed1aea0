"""One ticket, end to end, in Python: the walk of the product's main job over the real app."""

from tests.device import photo
from tests.town import Town, unit_id


def test_one_ticket_from_the_hotline_to_the_approved_reply(any_town: Town) -> None:
    town = any_town
    worker, officer, head = town.phone("worker"), town.phone("officer"), town.phone("head")
    for phone in (worker, officer, head):
        phone.sync()

    # The city line posts an emergency; its clocks appear at once, each explaining itself.
    call = town.call()
    made = town.city("POST", "/intake/tickets", call)
    assert made.status == 201
    dues = {each["kind"]: each["due_at"] for each in made.json["deadlines"]}
    assert dues == {
        "acceptance": "2026-11-22T16:00:00.000Z",
        "arrival": "2026-11-22T05:05:00.000Z",
        "handling": "2026-11-22T16:00:00.000Z",
        "result": "2026-11-24T16:00:00.000Z",
    }
    assert all({"rule", "from", "days", "skipped"} <= each["why"].keys() for each in made.json["deadlines"])
    id_ = made.json["id"]

    # It is dispatched by place and duty at once; the officer sees it, its numbers masked, and the worker has it.
    assert (made.json["state"], made.json["lead_unit"]["id"]) == ("assigned", unit_id("闸口村"))
    officer.sync()
    seen = officer.ticket(id_)
    assert seen["contact"] == {"name": "陈**", "phone": "138****1234"}
    assert "13800001234" not in seen["content"]
    worker.sync()
    assert worker.ticket(id_)["state"] == "assigned"

    # No signal: a whole visit on one base, the app killed in between.
    town.clock.go(minutes=3)
    worker.act("ticket.accept", id_, {"opinion": "马上到"})
    worker.act("ticket.depart", id_)
    town.clock.go(minutes=21)
    at = "2026-11-22T04:29:00.000Z"
    point = {"lat": 23.0127, "lng": 113.6847, "accuracy_m": 9, "fix_age_s": 2, "crs": "WGS84"}
    arrive = worker.act("ticket.arrive", id_, {"point": point, "photos": [photo(at), photo(at)]})
    worker.restart()
    town.clock.go(minutes=40)
    worker.act("ticket.on_site_done", id_, {"result": "已更换井盖。", "photos": [photo(at)]})
    worker.act("ticket.callback", id_, {"outcome": "unreachable", "summary": "无人接听"})
    town.clock.go(minutes=10)
    worker.act("ticket.callback", id_, {"outcome": "connected", "resolved": True, "summary": "居民满意"})
    worker.act(
        "ticket.reply",
        id_,
        {"finding": "true", "resolution": "resolved", "text": "井盖已更换。", "public_text": "已更换。"},
    )
    assert len(worker.outbox) == 7

    # The signal is back: everything in one small request, receipts with the rows.
    worker.sync()
    assert worker.outbox == []
    assert {receipt["outcome"] for receipt in worker.receipts.values()} == {"applied"}
    held = worker.ticket(id_)
    assert held["state"] == "reply_review"
    clocks = {each["kind"]: each for each in held["deadlines"]}
    assert clocks["arrival"]["met_at"] == at
    assert clocks["arrival"]["state"] == "met"
    assert worker.receipts[arrive]["trust"] == "proven"

    # The head approves exactly this packet; the city takes it over.
    head.sync()
    town.clock.go(minutes=5)
    receipt = head.do("ticket.approve", id_, {"reply_hash": head.ticket(id_)["reply"]["hash"]})
    assert receipt["outcome"] == "applied"
    status = town.city("GET", f"/intake/tickets/{call['external_no']}")
    assert status.json["state"] == "replied"
    assert status.json["packet"]["text"] == "井盖已更换。"
    assert status.json["packet"]["callback"]["outcome"] == "connected"

    # Everybody holds what the server thinks he holds, and a second sync transfers nothing.
    for phone in (worker, officer, head):
        phone.sync()
        answer = phone.pull(digest=True)
        assert answer.json["changes"] == []
        assert phone.own_digest() == {k: v for k, v in phone.digest.items() if v["count"]}

    # The whole timeline is there for those who may see it; for others the ticket does not exist.
    whole = officer.get(f"/tickets/{id_}")
    assert whole.headers["Cache-Control"] == "no-store"
    assert [entry["name"] for entry in whole.json["timeline"]] == [
        "ticket.ingest",
        "ticket.dispatch",
        "ticket.accept",
        "ticket.depart",
        "ticket.arrive",
        "ticket.on_site_done",
        "ticket.callback",
        "ticket.callback",
        "ticket.reply",
        "ticket.approve",
    ]
    stranger = town.phone("worker3").get(f"/tickets/{id_}")
    nothing = town.phone("worker3").get("/tickets/00000000-0000-7000-8000-000000000000")
    assert (stranger.status, stranger.json) == (nothing.status, nothing.json)
    assert (stranger.status, stranger.code) == (404, "not_yours")
