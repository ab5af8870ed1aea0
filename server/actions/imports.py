"""Tickets from an Excel or CSV file: looked at row by row, the good ones taken in once, the bad ones told apart."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.actions.desk import Desk
from server.actions.import_columns import HEADINGS, to_raw
from server.actions.import_table import Row, read_rows
from server.actions.intake import Refused, Taken, ingest_many
from server.actions.intake_form import FieldError, Form, read_form
from server.actions.workbook import workbook
from server.store.engine import reading
from server.store.people import Directory, directory
from sync.log import Author

_CHUNK_ROWS = 50


@dataclass(frozen=True)
class RowReport:
    """One row of the file. `outcome`: created, same (already there), ready (a dry run), taken or bad."""

    row: int
    external_no: str
    title: str
    outcome: str
    errors: tuple[FieldError, ...] = ()
    ticket_id: str | None = None

    @property
    def ok(self) -> bool:
        return not self.errors


def import_tickets(
    desk: Desk, name: str, data: bytes, author: Author, now_ms: int, *, dry_run: bool = False
) -> list[RowReport]:
    """Take in the file called `name`; `dry_run` only says what would happen. Raises import_table.BadFile."""
    rows = read_rows(name, data, HEADINGS)
    with reading(desk.engine) as connection:
        known = directory(connection)
    checked = [(row, _check(row, known)) for row in rows]
    reports = {row.number: _bad(row, errors) for row, errors in checked if isinstance(errors, list)}
    good = [(row, form) for row, form in checked if isinstance(form, Form)]
    if dry_run:
        reports.update(_preview(good))
    else:
        for at in range(0, len(good), _CHUNK_ROWS):
            reports.update(_take(desk, good[at : at + _CHUNK_ROWS], author, now_ms))
    return [reports[row.number] for row in rows]


def _check(row: Row, known: Directory) -> Form | list[FieldError]:
    form = read_form(to_raw(row.cells), known)
    return form if isinstance(form, Form) else [_in_columns(error) for error in form]


def _in_columns(error: FieldError) -> FieldError:
    """The error under the file's column name: `place.village` is the column `village`."""
    name = error.field
    if name.startswith("place."):
        name = name.removeprefix("place.")
    if name.startswith("contact."):
        name = "contact_" + name.removeprefix("contact.")
    return FieldError(name, error.code, {**error.details, "heading": HEADINGS.get(name, (name,))[0]})


def _bad(row: Row, errors: Sequence[FieldError]) -> RowReport:
    return RowReport(row.number, _told(row, "external_no"), _told(row, "title"), "bad", tuple(errors))


def _told(row: Row, column: str) -> str:
    return str(row.cells.get(column) or "")[:80]


def _preview(good: Sequence[tuple[Row, Form]]) -> dict[int, RowReport]:
    return {row.number: RowReport(row.number, form.external_no, form.title, "ready") for row, form in good}


def _take(desk: Desk, good: Sequence[tuple[Row, Form]], author: Author, now_ms: int) -> dict[int, RowReport]:
    outcomes = ingest_many(desk, [form for _, form in good], author, now_ms)
    return {
        row.number: _report(row, form, outcome) for (row, form), outcome in zip(good, outcomes, strict=True)
    }


def _report(row: Row, form: Form, outcome: Taken | Refused) -> RowReport:
    if isinstance(outcome, Refused):
        error = FieldError(str(outcome.details.get("field", "")), outcome.code, outcome.details)
        return RowReport(row.number, form.external_no, form.title, "bad", (error,))
    errors: tuple[FieldError, ...] = ()
    if outcome.outcome == "taken":
        errors = (FieldError("external_no", "external_no_taken", {"differs": list(outcome.differs)}),)
    return RowReport(row.number, form.external_no, form.title, outcome.outcome, errors, outcome.ticket_id)


_EXAMPLE: Mapping[str, Any] = {
    "external_no": "DG20261122000001",
    "received_at": "2026-11-22 08:05",
    "category": "投诉",
    "urgent": "是",
    "confidential": "否",
    "title": "主干道井盖缺失",
    "content": "主干道有一个井盖不见了，晚上光线差。",
    "village": "闸口村",
    "address": "主干道与祠堂路口",
    "lat": 23.0128,
    "lng": 113.6846,
    "crs": "WGS84",
    "contact_name": "",
    "contact_phone": "",
    "respondent_unit": "",
    "external_due_at": "",
}


def template() -> bytes:
    """An Excel file with the headings and one example row, to be filled in."""
    target = io.BytesIO()
    with workbook(target) as book:
        sheet = book.add_worksheet("工单")
        bold = book.add_format({"bold": True, "bg_color": "#e3e7ed"})
        for i, (column, labels) in enumerate(HEADINGS.items()):
            sheet.write_string(0, i, labels[0], bold)
            sheet.write(1, i, _EXAMPLE[column])
        sheet.set_column(0, len(HEADINGS) - 1, 16)
        sheet.freeze_panes(1, 0)
    return target.getvalue()
