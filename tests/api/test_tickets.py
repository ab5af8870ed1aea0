"""The list, one ticket whole, its caller, its reply for the city; and the rights to each."""

import io

import pytest
import python_calamine

from server.store import audit
from server.store.engine import reading
from tests.device import Phone
from tests.town import Town, person_id, unit_id


def ids(phone: Phone, query: str = "") -> list[str]:
    answer = phone.get(f"/tickets?{query}")
    assert answer.status == 200, answer.json
    return [each["id"] for each in answer.json["items"]]


def test_everybody_lists_what_he_may_see(town: Town) -> None:
    here = town.dispatched("闸口村", "worker")
    there = town.dispatched("南城村", "worker3", urgent=False, place={"village": "南城村"})
    secret = town.ticket(confidential=True)
    waiting = town.ticket(urgent=False)
    seen = {
        "worker": {here},
        "worker2": {here},
        "worker3": {there},
        "head": {here},
        "head3": {there},
        "officer": {here, there, waiting},
        "leader": {here, there, waiting},
        "lead": {here, there, waiting, secret},
        "duty": {here},
        "group": set(),
        "auditor": set(),
        "admin": set(),
    }
    for username, expected in seen.items():
        phone = town.phone(username)
        assert set(ids(phone)) == expected, username
        for id_ in (here, there, waiting, secret):
            assert phone.get(f"/tickets/{id_}").status == (200 if id_ in expected else 404), (username, id_)


def test_an_accused_unit_sees_nothing_in_any_way(town: Town) -> None:
    id_ = town.ticket(respondent_unit="闸口村")
    officer = town.phone("officer")
    args = {"unit": unit_id("闸口村")}
    assert officer.do("ticket.dispatch", id_, args)["code"] == "respondent_unit"
    args = {"unit": unit_id("公用事业服务中心"), "joint_units": [unit_id("闸口村")]}
    assert officer.do("ticket.dispatch", id_, args)["code"] == "respondent_unit"
    officer.do("ticket.dispatch", id_, {"unit": unit_id("公用事业服务中心")})
    for username in ("worker", "head"):
        phone = town.phone(username)
        phone.sync()
        assert phone.tickets == {}
        assert ids(phone) == []
        assert phone.get(f"/tickets/{id_}").code == "not_yours"


def test_filters_sort_and_pages(town: Town) -> None:
    first = town.dispatched(external_no="A1", title="路灯不亮")
    town.clock.go(minutes=5)
    second = town.ticket(external_no="B2", category="consult", urgent=False, place={"village": "南城村"})
    third = town.ticket(external_no="100%", title="路灯闪烁", urgent=False)
    officer = town.phone("officer")
    assert ids(officer, "state=received&sort=received") == sorted([second, third])
    assert ids(officer, "state=assigned,handling") == [first]
    assert ids(officer, "village=南城村") == [second]
    assert ids(officer, f"unit={unit_id('闸口村')}") == ids(officer, "unit=闸口村") == [first]
    assert ids(officer, "unit=无此单位") == []
    assert ids(officer, "category=consult,praise") == [second]
    assert ids(officer, "urgent=true") == [first]
    assert set(ids(officer, "q=路灯")) == {first, third}
    assert ids(officer, "q=100%25") == [third]
    assert ids(officer, "q=%25") == [third]
    assert ids(officer, "q=闸口 闪烁") == [third]
    assert ids(officer, "due_before=2026-11-22T13:10:00%2B08:00") == [first]
    assert ids(officer, "overdue=true") == []
    town.clock.go(minutes=56)
    assert ids(officer, "overdue=true") == [first]
    assert [len(ids(officer, f"page_size=2&page={n}")) for n in (1, 2, 3)] == [2, 1, 0]
    assert officer.get("/tickets?page_size=2").json["total"] == 3
    assert ids(officer, "sort=-external_no")[-1] == third


@pytest.mark.parametrize(
    "query", ["state=lost", "sort=random", "page=0", "page_size=1000", "due_before=soon", "x=1"]
)
def test_a_wrong_filter_is_refused(town: Town, query: str) -> None:
    answer = town.phone("officer").get(f"/tickets?{query}")
    assert (answer.status, answer.code) == (422, "invalid_args")


def test_the_contact_is_revealed_to_those_whose_work_it_is_and_written_down(town: Town) -> None:
    id_ = town.dispatched(contact={"name": "陈大文", "phone": "13800001234"})
    path = f"/tickets/{id_}/contact"
    told = town.phone("worker").post(path, {"purpose": "回访"})
    assert (told.json["name"], told.json["phone"]) == ("陈大文", "13800001234")
    assert "13800001234" in told.json["content"]
    assert told.headers["Cache-Control"] == "no-store"
    assert town.phone("worker2").post(path, {"purpose": "看看"}).status == 403
    assert town.phone("worker3").post(path, {"purpose": "看看"}).code == "not_yours"
    assert town.phone("worker").post(path, {"purpose": ""}).code == "invalid_args"
    assert town.phone("head").post(path, {"purpose": "核对"}).status == 200
    with reading(town.desk.engine) as connection:
        looks = audit.entries(connection, action="contact.reveal")
    assert [(look.actor, look.subject, look.details["purpose"]) for look in looks] == [
        (person_id("head"), id_, "核对"),
        (person_id("worker"), id_, "回访"),
    ]


def test_a_confidential_ticket_is_a_stub_in_lists_and_whole_for_its_handlers(town: Town) -> None:
    id_ = town.ticket(confidential=True, title="反映村务公开", content="账目不符")
    lead, officer = town.phone("lead"), town.phone("officer")
    args = {"unit": unit_id("闸口村"), "assignee": person_id("worker")}
    assert lead.do("ticket.dispatch", id_, args)["outcome"] == "applied"
    (row,) = lead.get("/tickets").json["items"]
    assert (row["title"], row["content"]) == ("保密单", None)
    assert ids(lead, "q=村务") == []
    worker = town.phone("worker")
    worker.sync()
    assert "账目不符" not in str(worker.ticket(id_))
    assert worker.get(f"/tickets/{id_}").json["content"] == "账目不符"
    assert officer.get(f"/tickets/{id_}").code == "not_yours"
    assert town.phone("worker2").get(f"/tickets/{id_}").code == "not_yours"


def approved(town: Town) -> str:
    id_ = town.dispatched(title="=1+1")
    worker, head = town.phone("worker"), town.phone("head")
    worker.do("ticket.accept", id_)
    worker.do("ticket.callback", id_, {"outcome": "connected", "summary": "已说明"})
    worker.do(
        "ticket.reply", id_, {"finding": "true", "resolution": "resolved", "text": "=cmd|' /C calc'!A0"}
    )
    head.sync()
    head.do("ticket.approve", id_, {"reply_hash": head.ticket(id_)["reply"]["hash"]})
    return id_


def test_the_packet_leaves_only_after_approval_and_its_texts_stay_texts_in_excel(town: Town) -> None:
    waiting = town.dispatched()
    officer = town.phone("officer")
    assert officer.get(f"/tickets/{waiting}/packet").status == 404
    id_ = approved(town)
    packet = officer.get(f"/tickets/{id_}/packet").json["packet"]
    assert packet["text"] == "=cmd|' /C calc'!A0"
    assert packet["callback"]["summary"] == "已说明"
    client = officer.transport.client
    sheet = client.get(f"/api/v1/tickets/{id_}/packet.xlsx")
    rows = python_calamine.load_workbook(io.BytesIO(sheet.data)).get_sheet_by_index(0).to_python()
    assert ["办理情况", "=cmd|' /C calc'!A0"] in rows
    listed = client.get("/api/v1/tickets.xlsx?state=replied")
    rows = python_calamine.load_workbook(io.BytesIO(listed.data)).get_sheet_by_index(0).to_python()
    assert len(rows) == 2
    assert rows[1][4] == "=1+1"


def test_the_directory_names_units_and_those_who_work(town: Town) -> None:
    town.dispatched()
    told = town.phone("officer").get("/directory").json
    village = next(unit for unit in told["units"] if unit["name"] == "闸口村")
    assert (village["open"], len(village["grids"])) == (1, 2)
    assert {person["role"] for person in told["people"]} == {"grid_worker", "unit_clerk", "unit_head"}
    assert "username" not in str(told)
    mine = town.phone("head").get("/units/people?unit=南城村").json["items"]
    assert {person["unit_id"] for person in mine} == {unit_id("闸口村")}
    assert town.phone("worker").get("/directory").code == "forbidden"
