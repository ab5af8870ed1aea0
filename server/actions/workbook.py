"""A new Excel file."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from xlsxwriter import Workbook


@contextmanager
def workbook(target: IO[bytes], *, row_by_row: bool = False) -> Iterator["Workbook"]:
    """Written into `target` when it is closed; what people wrote is never taken for a formula or a link.

    `row_by_row` keeps no row in memory: for sheets of any length, written from the top to the bottom. A disk without
    room is an OSError, and leaves nothing lying on it.
    The package is loaded for the first file: 10 MB that most processes never need.
    """
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    with TemporaryDirectory() if row_by_row else nullcontext() as folder:
        how = {"constant_memory": True, "tmpdir": folder} if row_by_row else {"in_memory": True}
        plain = {"strings_to_formulas": False, "strings_to_urls": False}
        try:
            with xlsxwriter.Workbook(target, {**how, **plain}) as book:
                yield book
        except FileCreateError as error:
            raise error.args[0] from error
