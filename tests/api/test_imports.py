"""Files from outside: tickets, a whole town, a phone's outbox."""

import base64
import io
import zipfile

import orjson
import pytest
import xlsxwriter

from server.actions import import_town as towns
from server.actions import imports
from server.demo.pictures import scene
from server.store import reach
from server.store.engine import reading, writing
from server.store.people import directory
from server.store.reach import Reach
from tests.device import Phone, photo
from tests.town import Town, person_id, unit_id

HEADINGS = ["工单编号", "受理时间", "诉求类型", "是否紧急", "标题", "诉求内容", "村（社区）", "联系电话"]
GOOD = ["IM001", "2026-11-22 11:30", "投诉", "是", "主干道井盖缺失", "井盖不见了", "闸口村", "13800001234"]


def excel(*rows: list, sheet: str = "工单") -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False}) as book:
        page = book.add_worksheet(sheet)
        for line, row in enumerate(rows):
            for i, cell in enumerate(row):
                page.write(line, i, cell)
    return target.getvalue()


def comma_separated(*rows: list, encoding: str = "utf-8") -> bytes:
    return "\n".join(",".join(str(cell) for cell in row) for row in rows).encode(encoding)


def send(phone: Phone, data: bytes, name: str = "tickets.xlsx", to: str = "tickets", **form: str):
    response = phone.transport.client.post(
        f"/api/v1/imports/{to}",
        data={"file": (io.BytesIO(data), name), **form},
        headers={"X-CSRF-Token": phone.csrf},
        content_type="multipart/form-data",
    )
    return response.status_code, response.get_json()


@pytest.mark.parametrize("make", ["excel", "utf-8", "utf-8-sig", "gb18030"])
def test_good_rows_go_in_once_and_bad_rows_are_told_with_number_and_reason(town: Town, make: str) -> None:
    rows = [
        HEADINGS,
        GOOD,
        ["IM002", "2026-11-22 11:31", "吵架", "是", "标题", "内容", "无此村", ""],
        ["", "", "", "", "", "", "", ""],
        ["IM003", "昨天", "咨询", "也许", "", "", "", ""],
        ["IM004", "2026-11-21", "咨询", "否", "新生儿参保流程", "", "", ""],
    ]
    data = excel(*rows) if make == "excel" else comma_separated(*rows, encoding=make)
    name = "tickets.xlsx" if make == "excel" else "tickets.csv"
    officer = town.phone("officer")
    status, told = send(officer, data, name)
    assert status == 200
    assert (told["total"], told["ok"], told["bad"]) == (4, 2, 2)
    by_row = {row["row"]: row for row in told["rows"]}
    assert [by_row[row]["outcome"] for row in (2, 3, 5, 6)] == ["created", "bad", "bad", "created"]
    assert {error["field"] for error in by_row[3]["errors"]} == {"category", "village"}
    assert {error["field"] for error in by_row[5]["errors"]} == {"received_at", "urgent", "title"}
    assert all(error["message"] and error["heading"] for row in (3, 5) for error in by_row[row]["errors"])
    officer.sync()
    made = officer.ticket(by_row[2]["ticket_id"])
    assert (made["category"], made["urgent"], made["place"]["village"]) == ("complaint", True, "闸口村")
    assert made["received_at"] == "2026-11-22T03:30:00.000Z"
    assert made["contact"]["phone"] == "138****1234"
    again = send(officer, data, name)[1]
    assert [row["outcome"] for row in again["rows"]] == ["same", "bad", "bad", "same"]
    officer.sync()
    assert len(officer.tickets) == 2


def test_a_dry_run_says_what_would_happen_and_does_nothing(town: Town) -> None:
    officer = town.phone("officer")
    status, told = send(officer, excel(HEADINGS, GOOD), dry_run="true")
    assert (status, told["dry_run"], told["rows"][0]["outcome"]) == (200, True, "ready")
    officer.sync()
    assert officer.tickets == {}


def test_the_same_number_twice_in_a_file_is_taken_once(town: Town) -> None:
    other = ["IM001", *GOOD[1:4], "另一件事", *GOOD[5:]]
    told = send(town.phone("officer"), excel(HEADINGS, GOOD, GOOD, other))[1]
    assert [row["outcome"] for row in told["rows"]] == ["created", "same", "taken"]
    assert told["rows"][2]["errors"][0]["code"] == "external_no_taken"


def test_a_title_above_the_headings_and_other_columns_do_no_harm(town: Town) -> None:
    told = send(town.phone("officer"), excel(["12345 工单导出"], [*HEADINGS, "备注"], [*GOOD, "无"]))[1]
    assert (told["rows"][0]["row"], told["rows"][0]["outcome"]) == (3, "created")


def bomb() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", b"0" * 50_000_000)
    return target.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "status", "code"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "tickets.xlsx", 422, "unreadable_file"),
        (b"PK\x03\x04broken", "tickets.xlsx", 422, "unreadable_file"),
        (b"", "tickets.csv", 422, "no_headings"),
        ("姓名,年龄\n甲,1".encode(), "tickets.csv", 422, "no_headings"),
        (b"\xff\xfe\x00\x00\x01", "tickets.csv", 422, "unreadable_file"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(
    town: Town, data: bytes, name: str, status: int, code: str
) -> None:
    answer = send(town.phone("officer"), data, name)
    assert (answer[0], answer[1]["error"]["code"]) == (status, code)
    assert answer[1]["error"]["message"]


def test_a_decompression_bomb_and_an_oversized_file_are_not_unpacked(town: Town) -> None:
    officer = town.phone("officer")
    for data in (bomb(), b"x" * (11 * 1024 * 1024)):
        answer = send(officer, data)
        assert (answer[0], answer[1]["error"]["code"]) == (413, "too_large")


def test_only_the_office_imports(town: Town) -> None:
    for username, to in (
        ("worker", "tickets"),
        ("head", "tickets"),
        ("officer", "town"),
        ("worker", "outbox"),
    ):
        assert send(town.phone(username), b"x", to=to)[0] == 403
    assert send(town.phone("officer"), b"x", to="tickets")[0] == 422
    client = town.phone("officer").transport.client
    assert client.post("/api/v1/imports/tickets", data={}).status_code == 403  # no CSRF token


def test_the_templates_can_be_loaded_as_they_are(town: Town) -> None:
    officer, admin = town.phone("officer"), town.phone("admin")
    client = officer.transport.client
    data = client.get("/api/v1/imports/template/tickets.xlsx").data
    assert data == imports.template() or len(data) > 1000
    told = send(officer, data)[1]
    assert (told["ok"], told["bad"]) == (1, 0)
    told = send(admin, towns.template(), to="town")[1]
    assert (told["ok"], told["bad"]) == (4, 0)
    outcomes = {(row["sheet"], row["name"]): row["outcome"] for row in told["rows"]}
    assert outcomes["units", "闸口村"] == "same"
    assert outcomes["people", "liwei"] == "made"


def test_a_town_comes_in_from_a_file_and_its_people_can_sign_in(town: Town) -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        for title, rows in {
            "单位": [
                ["单位名称", "类别", "职责"],
                ["新城村", "村", ""],
                ["水务所", "部门", "水管、停水"],
                ["坏", "星球", ""],
            ],
            "网格": [["网格名称", "所属单位"], ["新城一格", "新城村"], ["无主格", "无此村"]],
            "人员": [
                ["用户名", "姓名", "角色", "单位", "网格"],
                ["new1", "新一", "网格员", "新城村", "新城一格"],
                ["worker", "李伟", "网格员", "闸口村", ""],
                ["new2", "新二", "村长", "新城村", ""],
                ["new3", "新三", "网格员", "水务所", "新城一格"],
            ],
        }.items():
            sheet = book.add_worksheet(title)
            for line, row in enumerate(rows):
                sheet.write_row(line, 0, row)
    admin = town.phone("admin")
    tried = send(admin, target.getvalue(), to="town", dry_run="true")[1]
    told = send(admin, target.getvalue(), to="town")[1]
    assert [row["ok"] for row in tried["rows"]] == [row["ok"] for row in told["rows"]]
    outcomes = {row["name"]: row["outcome"] for row in told["rows"]}
    assert outcomes == {
        "新城村": "made",
        "水务所": "made",
        "坏": "bad",
        "新城一格": "made",
        "无主格": "bad",
        "new1": "made",
        "worker": "same",
        "new2": "bad",
        "new3": "bad",
    }
    password = next(row["password"] for row in told["rows"] if row["name"] == "new1")
    made = Phone(town.transport(), "new1", password)
    assert (made.user["name"], made.user["villages"]) == ("新一", ["新城村"])
    assert made.user["must_change_password"] is True


def test_phone_numbers_come_in_once_and_never_over_one_that_is_known(town: Town) -> None:
    def sheet(*people: list[str]) -> bytes:
        target = io.BytesIO()
        with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
            for title, rows in {
                "单位": [["单位名称", "类别"]],
                "网格": [["网格名称", "所属单位"]],
                "人员": [["用户名", "姓名", "角色", "单位", "手机号码"], *people],
            }.items():
                made = book.add_worksheet(title)
                for line, row in enumerate(rows):
                    made.write_row(line, 0, row)
        return target.getvalue()

    admin = town.phone("admin")
    with writing(town.desk.engine) as connection:
        reach.write(connection, person_id("head"), Reach(phone="076911"), town.clock.now_ms)
    data = sheet(
        ["new1", "新一", "网格员", "闸口村", "138-0000 1111"],
        ["worker", "李伟", "网格员", "闸口村", "13800002222"],
        ["head", "卢国强", "负责人", "闸口村", "13800003333"],
        ["new2", "新二", "网格员", "闸口村", "不详"],
    )
    tried = send(admin, data, to="town", dry_run="true")[1]
    assert [row["outcome"] for row in tried["rows"]] == ["ready", "ready", "same", "bad"]
    told = send(admin, data, to="town")[1]
    assert [(row["outcome"], row["password"] is None) for row in told["rows"]] == [
        ("made", False),
        ("filled", True),
        ("same", True),
        ("bad", True),
    ]
    assert told["rows"][3]["errors"][0]["code"] == "not_a_phone"
    with reading(town.desk.engine) as connection:
        new = directory(connection).person_named("new1")
        assert new is not None
        ids = [new.id, person_id("worker"), person_id("head")]
        assert list(map(reach.phones(connection, ids).get, ids)) == ["13800001111", "13800002222", "076911"]
    again = send(admin, data, to="town")[1]
    assert [row["outcome"] for row in again["rows"]] == ["same", "same", "same", "bad"]


def outbox_file(phone: Phone, *photos: dict) -> bytes:
    return orjson.dumps(
        {
            "format": "jiban-outbox",
            "version": 1,
            "user": phone.user,
            "device": phone.device,
            "epoch": phone.epoch,
            "ops": [pending.raw for pending in phone.outbox],
            "photos": photos,
        }
    )


def test_an_outbox_file_is_carried_out_for_its_author_and_the_phone_later_finds_duplicates(
    town: Town,
) -> None:
    id_ = town.dispatched()
    worker = town.phone("worker")
    worker.sync()
    town.clock.go(minutes=10)
    worker.act("ticket.accept", id_)
    picture = scene("any", "T00001")
    taken = photo("2026-11-22T04:15:00.000Z", picture)
    arrive = worker.act("ticket.arrive", id_, {"no_fix_reason": "无信号", "photos": [taken]})
    town.clock.go(hours=30)
    officer = town.phone("officer")
    data = {"op": arrive, "ticket": id_, "data": base64.b64encode(picture).decode(), **taken}
    status, told = send(officer, outbox_file(worker, data), "outbox.json", to="outbox")
    assert status == 200, told
    assert [result["outcome"] for result in told["results"]] == ["applied", "applied"]
    entry = next(e for e in officer.get(f"/tickets/{id_}").json["timeline"] if e["id"] == arrive)
    assert entry["actor"]["id"] == person_id("worker")
    assert entry["trust"] == "unverified"
    assert entry["imported_by"]["id"] == person_id("officer")
    assert [photo["state"] for photo in entry["photos"]] == ["received"]
    assert told["photos"] == [{"id": entry["photos"][0]["id"], "state": "received"}]
    assert officer.get("/items?kind=unverified_time").json["total"] == 1
    worker.push()
    worker.pull()
    assert {receipt["outcome"] for receipt in worker.receipts.values()} == {"duplicate"}
    assert worker.outbox == []
    again = send(officer, outbox_file(worker), "outbox.json", to="outbox")
    assert again[1]["results"] == []


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 422, "other_format"),
        (b"[]", 422, "other_format"),
        (b'{"format": "other"}', 422, "other_format"),
        (b'{"format": "jiban-outbox", "user": {"id": "nobody"}, "ops": []}', 409, "unknown_author"),
    ],
)
def test_a_file_that_is_no_outbox_is_refused(town: Town, content: bytes, status: int, code: str) -> None:
    answer = send(town.phone("officer"), content, "outbox.json", to="outbox")
    assert (answer[0], answer[1]["error"]["code"]) == (status, code)


def test_an_accused_village_is_named_in_a_column(town: Town) -> None:
    told = send(town.phone("officer"), excel([*HEADINGS, "被反映单位"], [*GOOD, "闸口村"]))[1]
    officer = town.phone("officer")
    refused = officer.do("ticket.dispatch", told["rows"][0]["ticket_id"], {"unit": unit_id("闸口村")})
    assert refused["code"] == "respondent_unit"


def test_the_intakes_own_field_names_are_headings_too(town: Town) -> None:
    named = [
        "external_no",
        "received_at",
        "category",
        "title",
        "place.village",
        "place.address",
        "contact.phone",
    ]
    row = ["IM009", "2026-11-22T11:30:00+08:00", "help", "停水", "闸口村", "祠堂路口", "13800001234"]
    officer = town.phone("officer")
    status, told = send(officer, comma_separated(named, row), "tickets.csv")
    assert (status, told["ok"]) == (200, 1)
    (item,) = officer.get("/tickets?q=IM009").json["items"]
    assert (item["place"]["village"], item["place"]["address"]) == ("闸口村", "祠堂路口")
    assert item["contact"]["phone"] == "138****1234"
