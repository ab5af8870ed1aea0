"""The arrival indicator as an Excel file: the whole, its rows, the distribution. Texts are written as texts."""

import datetime
import io
from typing import Any

from server.actions.workbook import workbook

_WORDS = {
    "zh-CN": {
        "sheet": "到场及时率", "bins": "到场用时分布", "period": "统计期间（按到场时限）",
        "as_of": "统计时刻（北京时间）", "whole": "全部",
        "name": {"town": "全镇", "village": "村（社区）", "unit": "单位", "worker": "办理人"},
        "columns": ("及时到场", "应到场", "及时率", "时间待核", "不计入",
            "其中超时后得知", "中位数（分钟）", "九成以内（分钟）", "说明"),
        "too_few": "不足 {n} 件，不排名", "from": "自（分钟）", "to": "至（分钟）", "n": "件数",
    },
    "en": {
        "sheet": "Arrival in time", "bins": "Distribution", "period": "Period, by due",
        "as_of": "As of (Shanghai)", "whole": "All",
        "name": {"town": "Town", "village": "Village", "unit": "Unit", "worker": "Handler"},
        "columns": ("In time", "Due", "Rate", "Unverified", "Excluded",
            "Of these told late", "Median (min)", "90% within (min)", "Note"),
        "too_few": "fewer than {n}: not ranked", "from": "From (min)", "to": "To (min)", "n": "Arrivals",
    },
}  # fmt: skip
_SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))


def arrival_sheet(
    body: dict[str, Any], first: datetime.date, last: datetime.date, by: str, language: str
) -> bytes:
    """`body` is the answer of `/indicators/arrival` for the days from `first` to `last`."""
    words: dict[str, Any] = _WORDS[language]
    target = io.BytesIO()
    with workbook(target) as book:
        formats = {
            "bold": book.add_format({"bold": True, "bg_color": "#e3e7ed"}),
            "rate": book.add_format({"num_format": "0.0%"}),
            "minutes": book.add_format({"num_format": "0.0"}),
        }
        sheet = book.add_worksheet(words["sheet"])
        as_of = datetime.datetime.fromisoformat(body["as_of"]).astimezone(_SHANGHAI)
        sheet.write_row(0, 0, [words["period"], f"{first} – {last}"])
        sheet.write_row(1, 0, [words["as_of"], f"{as_of:%Y-%m-%d %H:%M}"])
        sheet.write_row(3, 0, [words["name"][by], *words["columns"]], formats["bold"])
        lines = [{**body, "name": words["whole"]}, *(body["rows"] if by != "town" else [])]
        for line, row in enumerate(lines, start=4):
            _write(sheet, line, row, words["too_few"].format(n=body["min_n_for_rank"]), formats)
        sheet.freeze_panes(4, 1)
        sheet.set_column(0, 9, 18)
        _bins(book.add_worksheet(words["bins"]), body["distribution"], words, formats)
    return target.getvalue()


def _write(sheet: Any, line: int, row: dict[str, Any], too_few: str, formats: dict[str, Any]) -> None:
    sheet.write_string(line, 0, row["name"])
    for column, name in (
        (1, "numerator"),
        (2, "denominator"),
        (4, "unverified"),
        (5, "excluded"),
        (6, "told_late"),
    ):
        sheet.write_number(line, column, row[name])
    if row["rate"] is not None:
        sheet.write_number(line, 3, row["rate"], formats["rate"])
    for column, name in ((7, "p50_s"), (8, "p90_s")):
        if row[name] is not None:
            sheet.write_number(line, column, row[name] / 60, formats["minutes"])
    sheet.write_string(line, 9, too_few if row["too_few"] else "")


def _bins(sheet: Any, bins: list[dict[str, Any]], words: dict[str, Any], formats: dict[str, Any]) -> None:
    sheet.write_row(0, 0, [words["from"], words["to"], words["n"]], formats["bold"])
    for line, one in enumerate(bins, start=1):
        sheet.write_number(line, 0, one["from_s"] // 60)
        if one["to_s"] is not None:
            sheet.write_number(line, 1, one["to_s"] // 60)
        sheet.write_number(line, 2, one["n"])
