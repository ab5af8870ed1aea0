"""A new Excel file."""

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xlsxwriter import Workbook


def workbook(target: io.BytesIO) -> "Workbook":
    """Written into `target` when it is closed; what people wrote is never taken for a formula or a link.

    The package is loaded for the first file: 10 MB that most processes never need.
    """
    import xlsxwriter

    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    return xlsxwriter.Workbook(target, options)
