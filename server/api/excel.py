"""An Excel file as an answer."""

from collections.abc import Iterator
from typing import IO

from flask import Response

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PIECE_BYTES = 64 * 1024


def _pieces(data: IO[bytes]) -> Iterator[bytes]:
    with data:
        while piece := data.read(_PIECE_BYTES):
            yield piece


def excel_answer(data: bytes | IO[bytes], name: str) -> Response:
    """To be saved under `name` and kept in no cache; an open file is read piece by piece, and closed at the end."""
    response = Response(mimetype=XLSX)
    if isinstance(data, bytes):
        response.set_data(data)
    else:
        response.response = _pieces(data)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response
