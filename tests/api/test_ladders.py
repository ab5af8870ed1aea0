"""The ladders and people's numbers over HTTP: read, changed, back to the default, by whom, and told to the audit."""

from typing import Any

import pytest

from server.demo.people import CAST
from server.domain.escalation import DEFAULTS
from server.store import audit, facts, ladders, reach
from server.store.engine import reading, writing
from tests.actions.alarming import people, the_alarm
from tests.device import Answer, Phone
from tests.town import Town, person_id

SHORT = [
    {"after_min": 0, "posts": ["worker"], "informs": ["unit_head"], "channels": ["push", "sms"]},
    {"after_min": 2.5, "posts": ["duty_room", "leader"]},
]
NUMBERS = {"phone": "138 0000-1234", "email": "li@example.cn", "accounts": {"wecom": "liwei"}}


def put(phone: Phone, kind: str, rungs: Any) -> Answer:
    return phone.request("PUT", f"/ladders/{kind}", {"rungs": rungs})


def ladder(phone: Phone, kind: str) -> dict[str, Any]:
    found = {each["kind"]: each for each in phone.get("/ladders").json["items"]}
    return dict(found[kind])


def last(town: Town) -> audit.Entry:
    with reading(town.desk.engine) as connection:
        return audit.entries(connection, limit=1)[0]


def test_the_defaults_as_they_are_read(town: Town) -> None:
    answer = town.phone("duty").get("/ladders")
    assert [each["kind"] for each in answer.json["items"]] == list(DEFAULTS)
    urgent = answer.json["items"][0]
    assert [each["after_min"] for each in urgent["rungs"]] == [0, 5, 10, 15]
    assert urgent["rungs"][0]["posts"] == ["worker", "backup", "unit_head"]
    assert (urgent["rungs"][0]["channels"], urgent["changed"]) == (None, False)
    assert answer.json["scale"] == 1
    assert "named" in answer.json["posts"]


def test_a_ladder_is_changed_used_and_put_back(town: Town) -> None:
    lead = town.phone("lead")
    answer = put(lead, "urgent_ticket", SHORT)
    assert answer.status == 200, answer.json
    assert answer.json == ladder(lead, "urgent_ticket")
    assert answer.json["changed"] is True
    assert answer.json["rungs"][1] == SHORT[1] | {"informs": [], "channels": None}
    with reading(town.desk.engine) as connection:
        used = ladders.ladder_for(connection, "urgent_ticket")
        assert ladders.read(connection)["muster"] == DEFAULTS["muster"]
    assert [rung.after_min for rung in used.rungs] == [0, 2.5]
    assert (last(town).action, last(town).subject) == ("ladder.set", "urgent_ticket")
    assert lead.request("DELETE", "/ladders/urgent_ticket").status == 204
    assert last(town).action == "ladder.clear"
    assert ladder(lead, "urgent_ticket")["changed"] is False
    assert lead.request("DELETE", "/ladders/urgent_ticket").status == 204


def test_the_default_written_out_is_the_default(town: Town) -> None:
    lead = town.phone("lead")
    put(lead, "muster", SHORT)
    assert put(lead, "muster", DEFAULTS["muster"].to_list()).json["changed"] is False
    assert ladder(lead, "muster")["changed"] is False


@pytest.mark.parametrize(
    ("rungs", "code"),
    [
        ([], "invalid_args"),
        ([{"after_min": 0, "posts": ["mayor"]}], "invalid_args"),
        ([{"after_min": 5000, "posts": ["worker"]}], "invalid_args"),
        ([{"after_min": 0, "posts": ["worker"], "loud": True}], "invalid_args"),
        ([{"after_min": 0, "posts": []}], "bad_ladder"),
        ([{"after_min": 5, "posts": ["worker"]}], "bad_ladder"),
        ([SHORT[0], SHORT[0]], "bad_ladder"),
        ([{"after_min": 0, "posts": ["worker"], "channels": ["no such thing"]}], "bad_ladder"),
    ],
)
def test_a_ladder_that_cannot_be_is_refused_and_changes_nothing(town: Town, rungs: Any, code: str) -> None:
    lead = town.phone("lead")
    answer = put(lead, "urgent_ticket", rungs)
    assert (answer.status, answer.code) == (422, code)
    assert ladder(lead, "urgent_ticket")["changed"] is False


def test_no_such_kind(town: Town) -> None:
    lead = town.phone("lead")
    assert put(lead, "party", SHORT).status == lead.request("DELETE", "/ladders/party").status == 404


def test_a_stored_ladder_that_cannot_be_read_gives_way_to_the_default(town: Town) -> None:
    for text in ("[]", "{", '[{"after_min": 0, "posts": ["a post of tomorrow"]}]'):
        with writing(town.desk.engine) as connection:
            facts.write(connection, ladders.PREFIX + "muster", text)
            facts.write(connection, ladders.PREFIX + "tomorrow", text)
        with reading(town.desk.engine) as connection:
            assert ladders.ladder_for(connection, "muster") == DEFAULTS["muster"]
            assert ladders.read(connection) == DEFAULTS


@pytest.mark.parametrize("username", sorted({each.username for each in CAST}))
def test_who_reads_and_who_writes(town: Town, username: str) -> None:
    phone = town.phone(username)
    writers, readers = {"admin", "lead", "duty"}, {"admin", "lead", "duty", "officer", "leader"}
    assert phone.get("/ladders").status == (200 if username in readers else 403)
    assert put(phone, "muster", SHORT).status == (200 if username in writers else 403)
    assert phone.request("DELETE", "/ladders/muster").status == (204 if username in writers else 403)
    path = f"/people/{person_id('worker')}/reach"
    assert phone.get(path).status == (200 if username in writers else 403)
    assert phone.request("PUT", path, NUMBERS).status == (200 if username in {"admin", "lead"} else 403)


def test_a_persons_numbers_are_kept_and_never_written_into_the_audit(town: Town) -> None:
    admin, path = town.phone("admin"), f"/people/{person_id('worker')}/reach"
    assert admin.get(path).json == {"phone": None, "email": None, "accounts": {}}
    answer = admin.request("PUT", path, NUMBERS)
    entry = last(town)
    assert answer.json == NUMBERS | {"phone": "13800001234"} == town.phone("duty").get(path).json
    assert (entry.action, entry.subject) == ("reach.set", person_id("worker"))
    assert entry.details == {"phone": True, "email": True, "accounts": ["wecom"]}
    with reading(town.desk.engine) as connection:
        found = reach.find(connection, person_id("worker"))
        assert reach.phones(connection, [person_id("worker"), person_id("head")]) == {
            person_id("worker"): "13800001234"
        }
    assert "138" not in repr(found)
    assert admin.request("PUT", path, {"phone": ""}).json == {"phone": None, "email": None, "accounts": {}}


@pytest.mark.parametrize(
    "told",
    [
        {"phone": "call me"},
        {"phone": "12"},
        {"phone": "1" * 33},
        {"email": "nobody"},
        {"email": "a@b\r\nBcc: c@d"},
        {"accounts": {"We Com": "x"}},
        {"accounts": {"wecom": ""}},
        {"accounts": {f"c{n}": "x" for n in range(13)}},
        {"fax": "1"},
    ],
)
def test_numbers_that_cannot_be(town: Town, told: dict[str, Any]) -> None:
    answer = town.phone("admin").request("PUT", f"/people/{person_id('worker')}/reach", told)
    assert (answer.status, answer.code) == (422, "invalid_args")


def test_nobody_of_that_id(town: Town) -> None:
    admin, path = town.phone("admin"), f"/people/{person_id('nobody')}/reach"
    assert admin.get(path).status == admin.request("PUT", path, NUMBERS).status == 404


def test_what_nobody_has_yet_and_what_is_confidential_climb_ladders_that_are_settings_too(town: Town) -> None:
    lead = town.phone("lead")
    assert put(lead, "urgent_unassigned", [{"after_min": 0, "posts": ["leader"]}]).status == 200
    assert put(lead, "urgent_confidential", [{"after_min": 0, "posts": ["unit_head"]}]).status == 200
    id_ = town.ticket(title="不明情况", content="请尽快来人", place={})
    assert people(the_alarm(town, id_)) == {"leader"}
    hidden = town.ticket(confidential=True)
    # Whatever its ladder says, nobody hears of it but its handlers (it has none yet) and the office that leads.
    assert people(the_alarm(town, hidden)) <= {"lead"}
    assert [each["posts"] for each in the_alarm(town, hidden).ladder] == [["unit_head"]]
