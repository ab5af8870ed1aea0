"""Reads an Excel or CSV file into rows under known column names, within bounds, whatever its headings' language."""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import python_calamine

BYTES_MAX = 10 * 1024 * 1024
UNPACKED_BYTES_MAX = 200 * 1024 * 1024
ROWS_MAX = 20_000
COLUMNS_MAX = 60
_HEADING_ROWS = 5  # a title line or two above the headings is common in office files


class BadFile(ValueError):
    """The file as a whole cannot be read. `code` is told to the person: see server/domain/refusal.py."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


@dataclass(frozen=True)
class Row:
    """One line of the file: its number as the person sees it (from 1), and its cells by column name."""

    number: int
    cells: Mapping[str, Any]


def read_rows(
    name: str, data: bytes, headings: Mapping[str, Sequence[str]], sheet: str | None = None
) -> list[Row]:
    """Rows of `data` (file called `name`), columns named by `headings` (column -> accepted headings).

    Empty rows are skipped but counted. Raises BadFile: too_large, unreadable_file, no_headings, too_many_rows.
    """
    if len(data) > BYTES_MAX:
        raise BadFile("too_large", limit=BYTES_MAX)
    table = _excel(data, sheet) if _is_excel(name, data) else _delimited(data)
    if len(table) > ROWS_MAX + _HEADING_ROWS:
        raise BadFile("too_many_rows", limit=ROWS_MAX)
    at, columns = _find_headings(table, headings)
    rows = []
    for number, line in enumerate(table[at + 1 :], start=at + 2):
        cells = {column: _clean(line[i]) for column, i in columns.items() if i < len(line)}
        if any(cell not in (None, "") for cell in cells.values()):
            rows.append(Row(number, cells))
    return rows


def sheet_names(data: bytes) -> list[str]:
    """The sheets of an Excel file; [] for anything else. Raises BadFile like `read_rows`."""
    return list(_workbook(data).sheet_names) if _is_excel("", data) else []


def _is_excel(name: str, data: bytes) -> bool:
    return data[:4] in {b"PK\x03\x04", b"\xd0\xcf\x11\xe0"} or name.lower().endswith((".xlsx", ".xls"))


def _workbook(data: bytes) -> python_calamine.CalamineWorkbook:
    if data[:2] == b"PK":
        _refuse_bomb(data)
    try:
        return python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except Exception as error:  # calamine raises its own, zip's and XML's errors
        raise BadFile("unreadable_file") from error


def _refuse_bomb(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(part.file_size for part in archive.infolist()) > UNPACKED_BYTES_MAX:
                raise BadFile("too_large", limit=UNPACKED_BYTES_MAX)
    except zipfile.BadZipFile as error:
        raise BadFile("unreadable_file") from error


def _excel(data: bytes, sheet: str | None) -> list[list[Any]]:
    book = _workbook(data)
    names = book.sheet_names
    if not names or (sheet is not None and sheet not in names):
        raise BadFile("no_sheet", sheet=sheet)
    try:
        table = book.get_sheet_by_name(sheet or names[0]).to_python(
            skip_empty_area=False, nrows=ROWS_MAX + 10
        )
    except Exception as error:
        raise BadFile("unreadable_file") from error
    return [list(line[:COLUMNS_MAX]) for line in table]


def _delimited(data: bytes) -> list[list[Any]]:
    text = _decode(data)
    first_line = text.split("\n", 1)[0]
    delimiter = max(",\t;", key=first_line.count)
    try:
        return [line[:COLUMNS_MAX] for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)]
    except csv.Error as error:
        raise BadFile("unreadable_file") from error


def _decode(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise BadFile("unreadable_file")


def _find_headings(
    table: list[list[Any]], headings: Mapping[str, Sequence[str]]
) -> tuple[int, dict[str, int]]:
    wanted = {_plain(label): column for column, labels in headings.items() for label in (column, *labels)}
    best: tuple[int, dict[str, int]] = (0, {})
    for at, line in enumerate(table[:_HEADING_ROWS]):
        found: dict[str, int] = {}
        for i, cell in enumerate(line):
            column = wanted.get(_plain(str(cell)))
            if column is not None:
                found.setdefault(column, i)
        if len(found) > len(best[1]):
            best = (at, found)
    if len(best[1]) < 2:
        raise BadFile("no_headings", expected=[labels[0] for labels in headings.values()])
    return best


def _plain(heading: str) -> str:
    """A heading without the decoration people add: spaces, a star for “required”, a note in brackets."""
    text = heading.strip().lower().replace("*", "").replace("＊", "")
    for bracket in "(（":
        if not text.startswith(bracket):
            text = text.split(bracket, 1)[0]
    return "".join(text.split())


def _clean(cell: Any) -> Any:
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return cell
