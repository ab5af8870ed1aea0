"""The demo town: loaded through the real doors, in every state, with a month of arrivals behind it."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from jsonschema import Draft202012Validator

from server.config import Settings
from server.demo.load import load
from server.demo.scripts import everything
from server.demo.teller import Teller
from server.domain.lifecycle import STATES
from server.domain.rota import clashes, fits
from server.store import rota
from server.store.engine import reading
from server.store.people import directory
from server.store.tables_alerts import alarm
from server.store.tables_ticket import photo, ticket
from tests.town import START, Town, build_template, person_id, standing_clock, town_at


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Loaded at one moment, for all claims here."""
    folder = tmp_path_factory.mktemp("demo")
    build_template(folder)
    with town_at(Settings(data=folder, demo=True)) as town:
        parts = town.app.extensions["jiban"]
        town.loaded = load(parts.desk, town.clock.now_ms, parts.photo_desk)
        yield town
        parts.engine.dispose()


def rows(town: Town, query: sa.Select) -> list:
    with reading(town.desk.engine) as connection:
        return list(connection.execute(query))


def test_no_step_of_the_stories_is_refused_and_nothing_lies_in_the_future(demo: Town) -> None:
    assert demo.loaded.refused == []
    latest = rows(demo, sa.select(sa.func.max(ticket.c.changed_at)))[0][0]
    assert latest <= demo.clock.now_ms


def test_there_are_about_two_hundred_tickets_in_every_state_and_category(demo: Town) -> None:
    found = rows(demo, sa.select(ticket.c.state, ticket.c.category, ticket.c.urgent, ticket.c.confidential))
    assert 190 <= len(found) <= 220
    assert {row.state for row in found} == set(STATES)
    assert {row.category for row in found} == {"complaint", "report", "help", "consult", "suggest", "praise"}
    assert sum(row.confidential for row in found) >= 3
    assert sum(row.urgent for row in found) >= 60


def test_urgent_tickets_run_now_in_every_way_the_board_can_show(demo: Town) -> None:
    officer = demo.phone("officer")
    officer.sync()
    running = [
        each
        for each in officer.tickets.values()
        if each["urgent"] and each["state"] in {"assigned", "handling"}
    ]
    arrivals = Counter(
        next(each["state"] for each in one["deadlines"] if each["kind"] == "arrival") for one in running
    )
    assert arrivals["open"] >= 3
    assert arrivals["met"] >= 2
    assert any(one["state"] == "assigned" for one in running)
    worker = demo.phone("worker")
    worker.sync()
    assert any(each["urgent"] and each["state"] == "handling" for each in worker.tickets.values())
    assert len(worker.tickets) >= 5
    head = demo.phone("head")
    head.sync()
    assert any(each["state"] == "reply_review" for each in head.tickets.values())


def test_emergencies_dispatch_themselves_as_the_product_does_it_and_each_rings_once(demo: Town) -> None:
    subjects = rows(demo, sa.select(alarm.c.subject_id).where(alarm.c.kind == "urgent_ticket"))
    assert len(subjects) >= 60
    assert set(Counter(subjects).values()) == {1}
    bodies = rows(demo, sa.select(ticket.c.body).where(ticket.c.urgent.is_(True)))
    sent = [
        (entry["name"], entry["actor"]["id"])
        for (body,) in bodies
        for entry in orjson.loads(body)["timeline"]
        if entry["name"] == "ticket.dispatch"
    ]
    assert Counter(sent) == {("ticket.dispatch", "system"): len(bodies)}


def test_a_month_of_arrivals_is_mostly_on_time(demo: Town) -> None:
    told = demo.phone("officer").get("/indicators/arrival?from=2026-10-23&to=2026-11-22&by=village").json
    assert told["denominator"] >= 55
    assert 0.8 <= told["rate"] < 1
    assert told["unverified"] >= 1
    assert len(told["rows"]) >= 12


def test_photos_came_through_the_door_of_real_ones(demo: Town) -> None:
    states = Counter(row.state for row in rows(demo, sa.select(photo.c.state)))
    assert states["received"] >= 50
    id_ = rows(demo, sa.select(photo.c.id).where(photo.c.ticket_id.is_not(None)).limit(1))[0].id
    client = demo.phone("lead").transport.client
    assert client.get(f"/api/v1/photos/{id_}?size=thumb").mimetype == "image/jpeg"


def test_the_same_moment_gives_the_same_town(tmp_path: Path) -> None:

    with standing_clock(START) as fake:
        once, again = (everything(Teller(random.Random(46), fake.now_ms)) for _ in range(2))
    assert [(story.external_no, story.received_at_ms, story.form) for story in once] == [
        (story.external_no, story.received_at_ms, story.form) for story in again
    ]


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_whatever_the_hour_every_story_begins_in_the_past(hour: int) -> None:

    with standing_clock(f"2026-11-22T{hour:02}:30:00.000Z") as fake:
        stories = everything(Teller(random.Random(46), fake.now_ms))
        assert all(story.received_at_ms <= fake.now_ms for story in stories)


@pytest.fixture(scope="module")
def described(demo: Town) -> Callable[[str], Draft202012Validator]:
    """A component of the API's description, taken at its word: a field that it does not name is a fault."""
    closed = demo.phone("worker").transport.client.get("/api/v1/openapi.json").json
    for schema in closed["components"]["schemas"].values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    return lambda name: Draft202012Validator({**closed, "$ref": f"#/components/schemas/{name}"})


def faults(checker: Draft202012Validator, answer: Any) -> list[str]:
    return [f"{error.json_path}: {error.message[:200]}" for error in checker.iter_errors(answer)]


def test_every_ticket_on_a_phone_is_exactly_what_the_description_says(demo: Town, described: Any) -> None:
    checker = described("TicketDocument")
    for username in ("officer", "lead", "worker"):
        phone = demo.phone(username)
        phone.sync()
        assert phone.tickets
        for doc in phone.tickets.values():
            assert faults(checker, doc) == []


def test_what_the_office_reads_is_exactly_what_the_description_says(demo: Town, described: Any) -> None:
    desk = demo.phone("lead")
    page = desk.get("/tickets?page_size=200").json
    assert faults(described("TicketPage"), page) == []
    whole = described("WholeTicket")
    for row in page["items"]:
        assert faults(whole, desk.get(f"/tickets/{row['id']}").json) == []
    for path, name in (
        ("/directory", "DirectoryAnswer"),
        ("/items?open=false", "ItemPage"),
        ("/indicators/arrival?from=2026-10-23&to=2026-11-22&by=worker", "ArrivalAnswer"),
        ("/indicators/arrival/tickets?from=2026-10-23&to=2026-11-22", "BehindAnswer"),
        ("/calendar?year=2026", "Year"),
    ):
        assert faults(described(name), desk.get(path).json) == [], path


def test_the_reply_for_the_city_is_exactly_what_the_description_says(demo: Town, described: Any) -> None:
    desk = demo.phone("lead")
    checker = described("PacketAnswer")
    replied = desk.get("/tickets?state=replied,closed&page_size=200").json["items"]
    packets = [desk.get(f"/tickets/{row['id']}/packet") for row in replied]
    told = [answer.json for answer in packets if answer.status == 200]
    assert told
    for packet in told:
        assert faults(checker, packet) == []


def test_the_rota_says_who_is_on_duty_and_every_turn_could_have_been_written(demo: Town) -> None:
    duty = demo.phone("duty")
    found = duty.get("/rota?from=2026-11-21&to=2026-12-31").json
    now = {(row["post"], (row["unit"] or {"name": None})["name"]): row for row in found["now"]}
    for place, username in ((("worker", "闸口村"), "worker"), (("leader", None), "leader")):
        assert [each["id"] for each in now[place]["people"]] == [person_id(username)]
        assert now[place]["from_rota"] is True
        assert now[place]["people"][0]["phone"]
    assert any(each["kind"] == "stand_in" for each in found["items"])
    week = duty.get("/rota").json
    assert [(each["post"], each["unit"]["name"]) for each in week["gaps"]] == [("backup", "南城村")]
    with reading(demo.app.extensions["jiban"].engine) as connection:
        people = directory(connection).people
        turns = rota.between(connection, 0, demo.clock.now_ms * 2)
    assert all(fits(people[each.person_id], each.post, each.unit_id) for each in turns)
    assert all(clashes(turns, each) == [] for each in turns)
