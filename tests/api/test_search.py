"""The list asked in the body instead of the address, and its Excel file of any length."""

import io

import pytest
import python_calamine

from server.api import search
from tests.device import Phone
from tests.town import Town


def sheet(phone: Phone, **asked: object) -> list[list[object]]:
    client = phone.transport.client
    file = client.post("/api/v1/tickets/search.xlsx", json=asked, headers={"X-CSRF-Token": phone.csrf})
    assert (file.status_code, file.headers["Cache-Control"]) == (200, "no-store")
    return python_calamine.load_workbook(io.BytesIO(file.data)).get_sheet_by_index(0).to_python()


def test_the_body_finds_what_the_address_finds(town: Town) -> None:
    town.dispatched(external_no="A1", title="路灯不亮", content="陈大文家门口")
    town.ticket(external_no="B2", category="consult", urgent=False, place={"village": "南城村"})
    for username in ("officer", "worker"):
        phone = town.phone(username)
        for asked in (
            {},
            {"q": "陈大文"},
            {"q": "没有"},
            {"state": "received", "urgent": False},
            {"page_size": 1},
        ):
            said = phone.post("/tickets/search", asked)
            address = "&".join(f"{k}={str(v).lower()}" for k, v in asked.items())
            assert said.status == 200
            assert said.headers["Cache-Control"] == "no-store"
            assert said.json == phone.get(f"/tickets?{address}").json
    assert len(town.phone("officer").post("/tickets/search", {"q": "陈大文"}).json["items"]) == 1


@pytest.mark.parametrize("body", [{"state": "lost"}, {"page": 0}, {"x": 1}, {"q": 7}, []])
def test_a_wrong_question_is_refused(town: Town, body: object) -> None:
    for path in ("/tickets/search", "/tickets/search.xlsx"):
        assert town.phone("officer").post(path, body).code == "invalid_args"


def test_it_is_asked_with_the_sessions_token(town: Town) -> None:
    client = town.phone("officer").transport.client
    assert client.post("/api/v1/tickets/search", json={}).get_json()["error"]["code"] == "csrf"
    assert town.app.test_client().post("/api/v1/tickets/search", json={}).status_code == 401


def test_the_file_holds_the_list_in_its_order_and_says_what_it_leaves_out(
    any_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = any_town
    for number in range(7):
        town.ticket(external_no=f"N{number}", urgent=False, confidential=number == 3, title="=1+1")
    lead = town.phone("lead")
    rows = sheet(lead, sort="external_no", q="")
    assert [row[0] for row in rows[1:]] == [f"N{number}" for number in range(7)]
    assert [row[4] for row in rows[1:]] == ["保密单" if number == 3 else "=1+1" for number in range(7)]
    monkeypatch.setattr(search, "EXPORT_ROWS_MAX", 5)
    rows = sheet(lead, sort="-external_no")
    assert [row[0] for row in rows[1:]] == ["N6", "N5", "N4", "N3", "N2", "另有 2 件未列出，请缩小筛选范围。"]
    assert [row[0] for row in sheet(town.phone("officer"), q="没有")[1:]] == []
