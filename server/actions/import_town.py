"""A whole town from one Excel file: its units, grids and people, each on a sheet of its own.

Loading the same file again changes nothing; a name or user name that is there already stays as it is, but a person
who has no phone number yet gets the file's.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from server.actions import passwords, people
from server.actions.import_table import BadFile, Row, read_rows, sheet_names
from server.actions.intake_form import FieldError
from server.actions.signing_in import Refused
from server.actions.workbook import workbook
from server.domain.phone import CHARS_MAX, plain_phone
from server.domain.roles import Unit
from server.store import audit, people_rows, reach
from server.store.oplog import Oplog, Writing
from server.store.people import Directory, Grid, directory
from sync.op import uuid7

SHEETS = {"units": ("单位", "units"), "grids": ("网格", "grids"), "people": ("人员", "people")}
_HEADINGS: dict[str, dict[str, tuple[str, ...]]] = {
    "units": {
        "name": ("单位名称", "名称"),
        "kind": ("类别", "单位类别"),
        "duties": ("职责关键词", "职责"),
    },
    "grids": {"name": ("网格名称", "网格"), "unit": ("所属村（社区）", "所属单位")},
    "people": {
        "username": ("用户名", "登录名"),
        "name": ("姓名",),
        "role": ("角色",),
        "unit": ("单位", "所属单位"),
        "grid": ("网格",),
        "phone": ("手机", "手机号", "手机号码", "联系电话", "电话"),
    },
}
KINDS = {
    "村": "village",
    "社区": "community",
    "部门": "department",
    "企业": "enterprise",
    "企事业单位": "enterprise",
}
ROLE_WORDS = {
    "网格员": "grid_worker",
    "承办人": "unit_clerk",
    "单位负责人": "unit_head",
    "负责人": "unit_head",
    "热线专员": "dispatcher",
    "政务服务中心": "office_lead",
    "领导小组": "leading_group",
    "镇领导": "town_leader",
    "值班室": "duty_room",
    "信访": "petition_officer",
    "知识库联络员": "kb_liaison",
    "效能": "auditor",
    "系统管理员": "sys_admin",
}
_VILLAGE_KINDS = frozenset({"village", "community"})
_NAME_MAX = 60


@dataclass(frozen=True)
class LineReport:
    """One line of a sheet: `made`, `same` (there already), `filled` (a phone number added to somebody who was
    there), `ready` (a dry run) or `bad`.

    `password` is the first one of a person just made, told here and nowhere else.
    """

    sheet: str
    row: int
    name: str
    outcome: str
    errors: tuple[FieldError, ...] = ()
    password: str | None = field(default=None, repr=False)

    @property
    def ok(self) -> bool:
        return not self.errors


class _OnlyTried(Exception):
    pass


class _Bad(Exception):
    def __init__(self, name: str, code: str, **details: Any) -> None:
        super().__init__(code)
        self.error = FieldError(name, code, details)


def import_town(
    log: Oplog, name: str, data: bytes, by: str, now_ms: int, *, dry_run: bool = False
) -> list[LineReport]:
    """Load the file; good lines go in, bad ones are told with sheet, row and reason. Raises BadFile."""
    sheets = {kind: _rows(kind, name, data) for kind in SHEETS}
    hashes = {} if dry_run else _first_passwords(sheets["people"])
    reports: list[LineReport] = []
    with suppress(_OnlyTried), log.write(now_ms) as tx:
        for kind, take in (("units", _take_unit), ("grids", _take_grid), ("people", _take_person)):
            reports += [
                _line(tx, kind, row, take, hashes, by, now_ms, dry_run=dry_run) for row in sheets[kind]
            ]
        if dry_run:
            raise _OnlyTried
    return reports


def _rows(kind: str, name: str, data: bytes) -> list[Row]:
    present = sheet_names(data)
    if not present:
        raise BadFile("unreadable_file")
    sheet = next((each for each in present if each.strip().lower() in SHEETS[kind]), None)
    if sheet is None:
        raise BadFile("no_sheet", sheet=SHEETS[kind][0])
    return read_rows(name, data, _HEADINGS[kind], sheet)


def _first_passwords(rows: Sequence[Row]) -> dict[int, tuple[str, str]]:
    """(password, its hash) by row, made before the transaction begins: hashing is slow on purpose."""
    made = {row.number: passwords.temporary() for row in rows}
    return {number: (password, passwords.hashed(password)) for number, password in made.items()}


_Taker = Callable[[Writing, Directory, Mapping[str, str], tuple[str, str] | None, str, int], str]


def _line(
    tx: Writing,
    kind: str,
    row: Row,
    take: _Taker,
    hashes: Mapping[int, tuple[str, str]],
    by: str,
    now_ms: int,
    *,
    dry_run: bool,
) -> LineReport:
    cells = {column: str(cell).strip() for column, cell in row.cells.items() if cell is not None}
    told = cells.get("username") or cells.get("name") or ""
    first = hashes.get(row.number) if kind == "people" else None
    try:
        with tx.savepoint():
            outcome = take(tx, directory(tx.connection), cells, first, by, now_ms)
    except _Bad as bad:
        return LineReport(kind, row.number, told, "bad", (bad.error,))
    except Refused as refused:
        error = FieldError(str(refused.details.get("field", "")), refused.code, refused.details)
        return LineReport(kind, row.number, told, "bad", (error,))
    password = first[0] if outcome == "made" and first else None
    shown = "ready" if dry_run and outcome != "same" else outcome
    return LineReport(kind, row.number, told, shown, (), password)


def _text(cells: Mapping[str, str], name: str) -> str:
    text = cells.get(name, "")
    if not text:
        raise _Bad(name, "required")
    if len(text) > _NAME_MAX:
        raise _Bad(name, "too_long", limit=_NAME_MAX)
    return text


def _word(cells: Mapping[str, str], name: str, words: Mapping[str, str]) -> str:
    text = _text(cells, name)
    known = words.get(text) or (text if text in words.values() else None)
    if known is None:
        raise _Bad(name, "not_one_of", choices=list(words))
    return known


def _unit(known: Directory, cells: Mapping[str, str]) -> Unit:
    unit = known.unit(_text(cells, "unit"))
    if unit is None:
        raise _Bad("unit", "unknown_unit", value=cells["unit"])
    return unit


def _take_unit(
    tx: Writing,
    known: Directory,
    cells: Mapping[str, str],
    _first: tuple[str, str] | None,
    _by: str,
    now_ms: int,
) -> str:
    name, kind = _text(cells, "name"), _word(cells, "kind", KINDS)
    if known.unit(name) is not None:
        return "same"
    duties = (
        cells.get("duties", "").replace("，", "、").replace(",", "、").replace(";", "、").replace("；", "、")
    )
    words = tuple(word.strip() for word in duties.split("、") if word.strip())
    village = name if kind in _VILLAGE_KINDS else None
    people_rows.add_unit(tx.connection, Unit(uuid7(now_ms), name, kind, village, words), now_ms)
    return "made"


def _take_grid(
    tx: Writing,
    known: Directory,
    cells: Mapping[str, str],
    _first: tuple[str, str] | None,
    _by: str,
    now_ms: int,
) -> str:
    name, unit = _text(cells, "name"), _unit(known, cells)
    if any(grid.name == name for grid in known.grids.values()):
        return "same"
    people_rows.add_grid(tx.connection, Grid(uuid7(now_ms), name, unit.id))
    return "made"


def _take_person(
    tx: Writing,
    known: Directory,
    cells: Mapping[str, str],
    first: tuple[str, str] | None,
    by: str,
    now_ms: int,
) -> str:
    username, name = _text(cells, "username"), _text(cells, "name")
    role = _word(cells, "role", ROLE_WORDS)
    unit = _unit(known, cells) if cells.get("unit") else None
    grid = next((each for each in known.grids.values() if each.name == cells.get("grid")), None)
    if cells.get("grid") and grid is None:
        raise _Bad("grid", "unknown_grid", value=cells["grid"])
    phone = _phone(cells)
    there = known.person_named(username)
    if there is not None:
        return "filled" if phone and _give_phone(tx, there.id, phone, by, now_ms) else "same"
    form = people.Form(username, name, role, unit.id if unit else None, grid.id if grid else None)
    made = people.add(tx, by, form, first[1] if first else "!", now_ms)
    if phone:
        _give_phone(tx, made, phone, by, now_ms)
    return "made"


def _phone(cells: Mapping[str, str]) -> str | None:
    text = cells.get("phone")
    number = plain_phone(text) if text else None
    if text and number is None:
        raise _Bad("phone", "not_a_phone", value=text[:CHARS_MAX])
    return number


def _give_phone(tx: Writing, person_id: str, phone: str, by: str, now_ms: int) -> bool:
    """Write the number down unless the person has one; True if it was."""
    before = reach.find(tx.connection, person_id)
    if before.phone is not None:
        return False
    reach.write(tx.connection, person_id, replace(before, phone=phone), now_ms)
    audit.append(tx.connection, now_ms, by, "reach.set", person_id, phone=True)
    return True


def template() -> bytes:
    """An Excel file with the three sheets, their headings and a line of example each."""
    examples = {
        "units": (("闸口村", "村", ""), ("公用事业服务中心", "部门", "井盖、路灯")),
        "grids": (("闸口村第一网格", "闸口村"),),
        "people": (("liwei", "李伟", "网格员", "闸口村", "闸口村第一网格", "13800000000"),),
    }
    target = io.BytesIO()
    with workbook(target) as book:
        bold = book.add_format({"bold": True, "bg_color": "#e3e7ed"})
        for kind, (title, _) in SHEETS.items():
            sheet = book.add_worksheet(title)
            for i, labels in enumerate(_HEADINGS[kind].values()):
                sheet.write_string(0, i, labels[0], bold)
            for line, cells in enumerate(examples[kind], start=1):
                for i, cell in enumerate(cells):
                    sheet.write_string(line, i, cell)
            sheet.set_column(0, 5, 20)
            sheet.freeze_panes(1, 0)
    return target.getvalue()
