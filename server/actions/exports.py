"""Tickets and reply packets as Excel files. Texts are written as texts: a title that begins with `=` stays a title."""

import datetime
import io
from collections.abc import Iterable, Sequence
from typing import IO, Any

from server.actions.import_columns import CATEGORY_WORDS
from server.actions.workbook import workbook
from server.domain.lifecycle import TABLE
from server.domain.ticket import Ticket
from server.store.people import Directory
from server.store.tickets import next_due

_CATEGORIES = {category: word for word, category in CATEGORY_WORDS.items()}
_CATEGORIES_EN = {category: category for category in _CATEGORIES}
_SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))
_YES_NO = {"zh-CN": ("是", "否"), "en": ("yes", "no")}
_CONFIDENTIAL = {"zh-CN": "保密单", "en": "Confidential"}
_LEFT_OUT = {
    "zh-CN": "另有 {n} 件未列出，请缩小筛选范围。",
    "en": "{n} more are not listed here: narrow the filters.",
}
_HEADINGS = {
    "zh-CN": (
        "工单编号", "状态", "诉求类型", "紧急", "标题", "村（社区）", "地址", "承办单位", "会办单位", "办理人",
        "受理时间", "最近时限", "办结时限", "到场时间", "回复时间", "归档时间",
    ),
    "en": (
        "Number", "State", "Category", "Urgent", "Title", "Village", "Address", "Lead unit", "Joint units", "Handler",
        "Received", "Next due", "Result due", "Arrived", "Replied", "Closed",
    ),
}  # fmt: skip
_PACKET = {
    "zh-CN": {
        "external_no": "工单编号", "title": "标题", "finding": "诉求认定", "resolution": "处理结果", "text": "办理情况",
        "public_text": "公开答复", "callback": "回访记录", "merged_callbacks": "并单来电人回访", "photos": "照片校验值",
        "joint_results": "会办结果", "hash": "回复包校验值", "approved_at": "审批时间", "cycle": "办理轮次",
    },
    "en": {},
}  # fmt: skip


def ticket_list(
    target: IO[bytes], tickets: Iterable[Ticket], known: Directory, language: str, *, left_out: int = 0
) -> None:
    """Write the rows of a list into `target` as an Excel file, row by row; confidential ones without title and place.

    A last line tells how many more tickets there are, if any were left out.
    """
    with workbook(target, row_by_row=True) as book:
        sheet = book.add_worksheet("工单" if language != "en" else "Tickets")
        bold = book.add_format({"bold": True, "bg_color": "#e3e7ed"})
        time = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for i, heading in enumerate(_HEADINGS[language]):
            sheet.write_string(0, i, heading, bold)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(_HEADINGS[language]) - 1, 17)
        line = 0
        for line, ticket in enumerate(tickets, start=1):
            _write_line(sheet, line, _cells(ticket, known, language), time)
        if left_out:
            sheet.write_string(line + 1, 0, _LEFT_OUT[language].format(n=left_out), bold)


def _write_line(sheet: Any, line: int, cells: Sequence[Any], time: Any) -> None:
    for i, cell in enumerate(cells):
        if isinstance(cell, datetime.datetime):
            sheet.write_datetime(line, i, cell, time)
        elif cell is not None:
            sheet.write_string(line, i, str(cell))


def _cells(ticket: Ticket, known: Directory, language: str) -> list[Any]:
    secret = ticket.confidential
    state = TABLE["states"][ticket.state]["en" if language == "en" else "zh"]
    categories = _CATEGORIES_EN if language == "en" else _CATEGORIES
    next_at, result_at, _ = next_due(ticket)
    return [
        ticket.external_no,
        state,
        categories[ticket.category],
        _YES_NO[language][0 if ticket.urgent else 1],
        _CONFIDENTIAL[language] if secret else ticket.title,
        "" if secret else ticket.place.get("village"),
        "" if secret else ticket.place.get("address"),
        _unit(ticket.lead_unit, known),
        "、".join(_unit(unit, known) for unit in ticket.joint_units),
        _person(ticket.assignee, known),
        _wall(ticket.received_at),
        _wall(next_at),
        _wall(result_at),
        _wall(next((clock["met"] for clock in ticket.clocks if clock["kind"] == "arrival"), None)),
        _wall(ticket.replied_at),
        _wall(ticket.closed_at),
    ]


def _unit(unit_id: str | None, known: Directory) -> str:
    unit = known.units.get(unit_id or "")
    return unit.name if unit is not None else ""


def _person(person_id: str | None, known: Directory) -> str:
    person = known.people.get(person_id or "")
    return person.name if person is not None else ""


def _wall(at_ms: int | None) -> datetime.datetime | None:
    """Shanghai's wall clock without a zone, as Excel keeps times."""
    if at_ms is None:
        return None
    return datetime.datetime.fromtimestamp(at_ms / 1000, _SHANGHAI).replace(tzinfo=None)


def packet_sheet(ticket: Ticket, packet: dict[str, Any], language: str) -> bytes:
    """One approved reply as an Excel file, a line for each part, for the city's own system."""
    target = io.BytesIO()
    labels = _PACKET[language]
    with workbook(target) as book:
        sheet = book.add_worksheet("回复" if language != "en" else "Reply")
        bold = book.add_format({"bold": True, "valign": "top"})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        parts = {"external_no": ticket.external_no, "title": ticket.title, **packet}
        for line, (name, value) in enumerate(parts.items()):
            sheet.write_string(line, 0, labels.get(name, name), bold)
            sheet.write_string(line, 1, _told(value), wrapped)
        sheet.set_column(0, 0, 18)
        sheet.set_column(1, 1, 80)
    return target.getvalue()


def _told(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return "\n".join(f"{name}: {_told(part)}" for name, part in value.items() if part is not None)
    if isinstance(value, list):
        return "\n".join(_told(part) for part in value)
    return str(value)
