"""Excel files that cannot be written."""

import errno
import gc
import io
import tempfile
from pathlib import Path
from typing import Any

import pytest

from server.actions.workbook import workbook


class NoRoom(io.BytesIO):
    full = True

    def write(self, data: Any) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, "no room")
        return super().write(data)


@pytest.mark.parametrize("row_by_row", [False, True])
def test_a_full_disk_is_told_as_such_and_nothing_is_left_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row_by_row: bool
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    target = NoRoom()
    with pytest.raises(OSError, match="no room") as raised, workbook(target, row_by_row=row_by_row) as book:
        book.add_worksheet().write_string(0, 0, "a resident's words")
    assert raised.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []
    target.full = False
    del raised, book
    gc.collect()  # the archive closes itself, before its file is gone
