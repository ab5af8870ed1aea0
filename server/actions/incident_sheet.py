"""One incident as an Excel file: overview, timeline, people, tasks. Texts are written as texts."""

import datetime
import io
from typing import Any

from server.actions.incident_sheet_words import WORDS
from server.actions.workbook import workbook
from server.domain.emergency import EMERGENCY_TABLE

_SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))
_WIDTH = 20


def incident_sheet(incident: dict[str, Any], language: str) -> bytes:
    """`incident` is the whole document, with the alarms that its reader may see."""
    words = WORDS[language]
    target = io.BytesIO()
    with workbook(target) as book:
        formats = {
            "bold": book.add_format({"bold": True, "bg_color": "#e3e7ed"}),
            "time": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", "valign": "top"}),
            "text": book.add_format({"text_wrap": True, "valign": "top"}),
        }
        _table(book, formats, words["overview"], _overview(incident, words, language), incident, words)
        _table(book, formats, words["timeline"], _timeline(incident, words), incident, words)
        _table(book, formats, words["people"], _people(incident, words), incident, words)
        _table(book, formats, words["tasks"], _tasks(incident, words), incident, words)
    return target.getvalue()


def _table(
    book: Any, formats: Any, heads: tuple[str, ...], rows: list[list[Any]], incident: Any, words: Any
) -> None:
    """A sheet named by the first word, its columns by the others; a drill says so in each sheet's name."""
    name, *columns = heads
    sheet = book.add_worksheet(f"{words['drill']} {name}" if incident["drill"] else name)
    for i, each in enumerate(columns):
        sheet.write_string(0, i, each, formats["bold"])
    for line, row in enumerate(rows, start=1):
        for i, cell in enumerate(row):
            if isinstance(cell, datetime.datetime):
                sheet.write_datetime(line, i, cell, formats["time"])
            elif cell is not None:
                sheet.write_string(line, i, str(cell), formats["text"])
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(columns) - 1, _WIDTH)


def _overview(incident: dict[str, Any], words: dict[str, Any], language: str) -> list[list[Any]]:
    lang = "en" if language == "en" else "zh"
    level = EMERGENCY_TABLE["levels"][str(incident["level"])][lang]
    values = {
        "matter": incident["matter"][lang],
        "state": EMERGENCY_TABLE["states"][incident["state"]][lang],
        "level": f"{incident['level']} {level}",
        "drill": words["yes" if incident["drill"] else "no"],
        "text": incident["text"],
        "village": incident["village"],
        "address": incident["place"]["address"],
        "reporter": incident["reporter"]["name"],
        "reported_at": _wall(incident["reported_at"]),
        "received_at": _wall(incident["received_at"]),
        "closed_at": _wall(incident["closed_at"]),
        "ticket": incident["ticket"]["external_no"] if incident["ticket"] else None,
        "units": "、".join(each["name"] for each in incident["units"]),
        "merged": "\n".join(f"{each['reporter']['name']}：{each['text']}" for each in incident["merged"]),
        "summary": incident["summary"],
    }
    return [[words["parts"][name], value] for name, value in values.items()]


def _timeline(incident: dict[str, Any], words: dict[str, Any]) -> list[list[Any]]:
    return [
        [
            _wall(each["occurred_at"]),
            _wall(each["received_at"]),
            words["trust"][each["trust"]],
            each["actor"]["name"],
            words["steps"].get(each["name"], each["name"]),
            words["outcome"].get(each["outcome"], each["outcome"]),
            _told(each),
            "\n".join(f"{photo['id']} {photo['sha256'][:12]} {photo['state']}" for photo in each["photos"]),
        ]
        for each in incident["timeline"]
    ]


def _told(entry: dict[str, Any]) -> str:
    """The words of an entry, and whom or what its details name."""
    named = [
        each["name"]
        for value in entry["details"].values()
        for each in (value if isinstance(value, list) else [value])
        if isinstance(each, dict) and "name" in each
    ]
    level = entry["details"]
    change = f"{level['from']} → {level['to']}" if {"from", "to"} <= level.keys() else ""
    return "\n".join(part for part in (entry["text"], entry.get("reason"), "、".join(named), change) if part)


def _people(incident: dict[str, Any], words: dict[str, Any]) -> list[list[Any]]:
    """Everybody alarmed, by alarm; and the seats of the channel, the vacant ones too."""
    rows: list[list[Any]] = [
        [
            each["person"]["name"],
            (each["person"].get("unit") or {}).get("name"),
            None,
            _wall(each["raised_at"]),
            _wall(each["acked_at"]),
            each["ack_via"],
            words["yes" if each["informed"] else "no"],
        ]
        for alarm in incident["alarms"]
        for each in alarm["people"]
    ]
    for each in incident["members"]:
        name = each["person"]["name"] if each["person"] else "—"
        rows.append([name, None, each["seat"], None, _wall(each["acked_at"]), None, None])
    return rows


def _tasks(incident: dict[str, Any], words: dict[str, Any]) -> list[list[Any]]:
    return [
        [
            words["kinds"][each["kind"]],
            each["text"],
            (each["person"] or each["unit"])["name"],
            _wall(each["given_at"]),
            _wall(each["due_at"]),
            _wall(each["acked_at"]),
            _wall(each["done_at"]),
            each["result"],
        ]
        for each in incident["tasks"]
    ]


def _wall(at: str | None) -> datetime.datetime | None:
    """Shanghai's wall clock without a zone, as Excel keeps times."""
    if at is None:
        return None
    return datetime.datetime.fromisoformat(at).astimezone(_SHANGHAI).replace(tzinfo=None)
