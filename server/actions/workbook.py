"""A new Excel file."""

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from xlsxwriter import Workbook


def workbook(target: IO[bytes], *, row_by_row: bool = False) -> "Workbook":
    """Written into `target` when it is closed; what people wrote is never taken for a formula or a link.

    `row_by_row` keeps no row in memory: for sheets of any length, written from the top to the bottom.
    The package is loaded for the first file: 10 MB that most processes never need.
    """
    import xlsxwriter

    how = {"constant_memory": True} if row_by_row else {"in_memory": True}
    return xlsxwriter.Workbook(target, {**how, "strings_to_formulas": False, "strings_to_urls": False})
