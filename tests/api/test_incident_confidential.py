"""A ticket that turns confidential after it was made an incident: its words are nobody's to read there."""

import io
import json

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from server.actions import climbing, closing
from server.store.engine import reading
from server.store.tables_alerts import alarm, incident
from server.store.tables_sync import published
from tests.api.test_incidents import act, new_id, report
from tests.device import Phone
from tests.town import Town, person_id, unit_id

WORDS = "林某举报砂场"
SPOT = "沿河路十九号"
PLACE = {"village": "闸口村", "address": SPOT, "lat": 23.0128, "lng": 113.6846, "crs": "WGS84"}


@pytest.fixture
def duty(town: Town) -> Phone:
    return town.phone("duty")


def opened(town: Town, duty: Phone, **more: str) -> tuple[str, str]:
    """An urgent ticket and the incident made of it, with a unit called in."""
    ticket, id_ = town.ticket(title=WORDS, content=WORDS, place=PLACE, external_no="DG777001"), new_id()
    args = {"ticket": ticket, "matter": "violence", "text": f"{WORDS}，现场有人受伤", **more}
    assert duty.do("incident.open", id_, args, base=None)["outcome"] == "applied"
    act(duty, "incident.muster", id_, {"units": [unit_id("南城村")], "reason": "支援"})
    return ticket, id_


def turn_confidential(town: Town, ticket: str) -> None:
    order = {"confidential": True, "reason": "涉及举报人", "handlers": [person_id("worker")]}
    assert town.phone("lead").do("ticket.set_confidential", ticket, order)["outcome"] == "applied"


def held(phone: Phone) -> str:
    """All that a phone holds of incidents, alarms and alerts, as text."""
    phone.sync()
    rows = {f"{key}": doc for key, doc in phone.base.rows.items() if key[0] != "ticket"}
    return json.dumps(rows, ensure_ascii=False)


def test_nobody_reads_its_words_through_the_incident_any_more(town: Town, duty: Phone) -> None:
    ticket, id_ = opened(town, duty)
    phones = [duty, *(town.phone(name) for name in ("worker3", "head3", "leader", "officer"))]
    assert all(WORDS in held(phone) for phone in phones)
    turn_confidential(town, ticket)
    for phone in phones:
        told = held(phone)
        assert (id_ in told, WORDS in told, SPOT in told, "DG777001" in told) == (True, False, False, False)
    for path in (f"/incidents/{id_}", "/incidents", "/alerts", "/alarms"):
        told = json.dumps(duty.get(path).json, ensure_ascii=False)
        assert WORDS not in told, path
        assert SPOT not in told, path
    sheet = duty.transport.client.get(f"/api/v1/incidents/{id_}/export.xlsx").data
    book = CalamineWorkbook.from_filelike(io.BytesIO(sheet))
    cells = [
        str(cell)
        for name in book.sheet_names
        for row in book.get_sheet_by_name(name).to_python()
        for cell in row
    ]
    assert any("支援" in cell for cell in cells)
    assert not [cell for cell in cells if WORDS in cell or SPOT in cell]


def test_nor_in_what_is_called_for_later(town: Town, duty: Phone) -> None:
    ticket, id_ = opened(town, duty)
    turn_confidential(town, ticket)
    climbing.climb_due(town.desk, town.clock.go(minutes=16))
    act(duty, "incident.muster", id_, {"people": [person_id("worker2")], "reason": "再来"})
    assert act(duty, "incident.upgrade", id_, {"level": 1, "reason": "扩大"})["outcome"] == "applied"
    worker2 = town.phone("worker2")
    assert (WORDS in held(worker2), WORDS in held(duty)) == (False, False)
    (alert,) = [
        d for (kind, _), d in worker2.base.rows.items() if kind == "alert" and d["subject"]["id"] == id_
    ]
    assert (alert["title"], alert["title_en"], alert["village"]) == (
        "伤人或治安案件",
        "Violence or crime",
        None,
    )


def test_nor_where_it_was_merged_into_nor_after_they_part(town: Town, duty: Phone) -> None:
    ticket, id_ = opened(town, duty)
    main = report(town.phone("worker"))
    assert act(duty, "incident.merge", id_, {"into": main, "reason": "同一起"})["outcome"] == "applied"
    assert WORDS in held(duty)
    turn_confidential(town, ticket)
    assert WORDS not in held(duty)
    assert duty.do("incident.unmerge", id_, {"reason": "不是一起"}, base=None)["outcome"] == "applied"
    assert (WORDS in held(duty), id_ in held(duty)) == (False, True)


def test_nor_in_alarms_that_have_left_the_phones_long_ago(town: Town, duty: Phone) -> None:
    ticket, id_ = opened(town, duty)
    act(duty, "incident.close", id_, {"summary": "已处置"})
    town.phone("worker").do("ticket.arrive", ticket, {"no_fix_reason": "室内", "no_photo_reason": "夜间"})
    now = town.clock.go(hours=49)
    closing.incidents_leave_phones(town.desk, now)
    climbing.leave_phones(town.desk, now)
    turn_confidential(town, ticket)
    with reading(town.desk.engine) as connection:
        kept = [*connection.execute(sa.select(alarm.c.body)).scalars()]
        kept += connection.execute(sa.select(incident.c.body)).scalars()
        kept += connection.execute(sa.select(published.c.doc).where(published.c.type != "ticket")).scalars()
    assert len(kept) > 5
    assert not [body for body in kept if WORDS in body]


def test_an_incident_that_has_nothing_to_do_with_it_keeps_its_words(town: Town, duty: Phone) -> None:
    own = report(town.phone("worker"), text=f"听说{WORDS}")
    ticket, _ = opened(town, duty)
    turn_confidential(town, ticket)
    assert duty.get(f"/incidents/{own}").json["text"] == f"听说{WORDS}"
