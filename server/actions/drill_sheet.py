"""The drills' report as an Excel file. Texts are written as texts, a title that begins with `=` too."""

import datetime
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from server.actions.workbook import workbook

Json = dict[str, Any]

_WORDS = {
    "zh-CN": {
        "people": "人员", "drills": "演练", "unreachable": "无法送达", "permission": "未授权通知",
        "gone": "订阅失效", "real": "真实告警", "month": "月份", "as_of": "统计时间（上海）", "title": "演练月报",
        "people_columns": ("姓名", "单位", "告警次数", "已确认", "未确认", "仅告知", "确认中位数（秒）", "最慢（秒）",
            "各渠道"),
        "drill_columns": ("演练", "开始", "结束", "姓名", "单位", "告警时间", "确认时间", "用时（秒）", "最先送达",
            "确认渠道", "说明"),
        "lost_columns": ("姓名", "单位", "设备", "原因", "时间"),
        "phone_columns": ("姓名", "单位", "设备", "通知权限", "系统", "报告时间", "失效时间"),
        "informed": "仅告知", "never": "未确认",
        "channel": "{channel}：发出{sent}、送达{delivered}、已看{seen}、确认{acked}、失败{failed}、最先{first}",
    },
    "en": {
        "people": "People", "drills": "Drills", "unreachable": "Not reached", "permission": "No permission",
        "gone": "Subscriptions gone", "real": "Real alarms", "month": "Month", "as_of": "As of (Shanghai)",
        "title": "Drills of the month",
        "people_columns": ("Name", "Unit", "Alarms", "Acknowledged", "Never", "Only told", "Median (s)", "Slowest (s)",
            "Channels"),
        "drill_columns": ("Drill", "Begun", "Ended", "Name", "Unit", "Alarmed", "Acknowledged", "Took (s)",
            "Reached first", "Answered by", "Note"),
        "lost_columns": ("Name", "Unit", "Device", "Reason", "At"),
        "phone_columns": ("Name", "Unit", "Device", "Permission", "System", "Told", "Gone"),
        "informed": "only told", "never": "never acknowledged",
        "channel": "{channel}: sent {sent}, delivered {delivered}, seen {seen}, acknowledged {acked}, failed {failed}, "
            "first {first}",
    },
}  # fmt: skip
_SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))


def report_sheet(body: Json, language: str) -> bytes:
    """The report as an Excel file: a sheet for people, drills and each list of what is wrong."""
    words: dict[str, Any] = _WORDS[language]
    target = io.BytesIO()
    with workbook(target) as book:
        bold = book.add_format({"bold": True, "bg_color": "#e3e7ed"})
        people = [_people_cells(row, words) for row in body["people"]]
        head = [[words["title"], body["month"]], [words["as_of"], _wall(body["as_of"])]]
        _sheet(book, words["people"], words["people_columns"], people, bold, head)
        lines = [cells for drill in body["drills"] for cells in _drill_cells(drill, words)]
        _sheet(book, words["drills"], words["drill_columns"], lines, bold)
        lost = [[*_who(row), row["device"], row["reason"], _wall(row["at"])] for row in body["unreachable"]]
        _sheet(book, words["unreachable"], words["lost_columns"], lost, bold)
        for name, rows in (("permission", body["permission_missing"]), ("gone", body["gone"])):
            _sheet(book, words[name], words["phone_columns"], [_phone_cells(row) for row in rows], bold)
        if body["real"] is not None:
            real = [_people_cells(row, words) for row in body["real"]["people"]]
            _sheet(book, words["real"], words["people_columns"], real, bold)
    return target.getvalue()


def _sheet(
    book: Any,
    name: str,
    columns: Sequence[str],
    lines: Iterable[Sequence[Any]],
    bold: Any,
    head: Sequence[Sequence[Any]] = (),
) -> None:
    sheet = book.add_worksheet(name)
    line = 0
    for line, cells in enumerate(head, start=1):
        _write(sheet, line - 1, cells)
    top = line + 1 if head else 0
    sheet.write_row(top, 0, columns, bold)
    for number, cells in enumerate(lines, start=top + 1):
        _write(sheet, number, cells)
    sheet.freeze_panes(top + 1, 1)
    sheet.set_column(0, len(columns) - 1, 18)


def _write(sheet: Any, line: int, cells: Sequence[Any]) -> None:
    for column, cell in enumerate(cells):
        if isinstance(cell, int):
            sheet.write_number(line, column, cell)
        elif cell is not None:
            sheet.write_string(line, column, str(cell))


def _who(row: Json) -> list[str]:
    return [row["person"]["name"], row["unit"]["name"] if row["unit"] else ""]


def _people_cells(row: Json, words: Mapping[str, Any]) -> list[Any]:
    told = [
        words["channel"].format(channel=channel, **counts) for channel, counts in row["by_channel"].items()
    ]
    names = ("alarms", "acked", "never", "informed", "p50_s", "max_s")
    return [*_who(row), *(row[name] for name in names), "\n".join(told)]


def _drill_cells(drill: Json, words: Mapping[str, Any]) -> list[list[Any]]:
    place = [drill["title"], _wall(drill["started_at"]), _wall(drill["ended_at"])]
    return [
        [
            *place,
            *_who(row),
            _wall(row["raised_at"]),
            _wall(row["acked_at"]),
            row["seconds"],
            row["first_channel"],
            row["ack_channel"],
            words["informed"] if row["informed"] else words["never"] if row["acked_at"] is None else "",
        ]
        for row in drill["people"]
    ] or [place]


def _phone_cells(row: Json) -> list[Any]:
    return [
        *_who(row),
        row["device"],
        row["permission"],
        row["platform"],
        _wall(row["reported_at"]),
        _wall(row["gone_at"]),
    ]


def _wall(at: str | None) -> str | None:
    """An instant on Shanghai's wall clock, to the second: drills are told in seconds."""
    if at is None:
        return None
    return f"{datetime.datetime.fromisoformat(at).astimezone(_SHANGHAI):%Y-%m-%d %H:%M:%S}"
