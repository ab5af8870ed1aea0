"""Compressed bodies, in and out: gzip requests within a bound, br or gzip answers when they are worth it."""

import gzip
import io
import zlib
from typing import IO

import brotli  # type: ignore[import-untyped]  # has no stubs
from flask import Flask, Request, Response, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.utils import cached_property

from server.api.errors import Problem

BODY_BYTES_MAX = 1 << 20
READ_OUT_BYTES_MAX = 4 << 20
PIECE_BYTES = 64 << 10
WORTH_BYTES = 1024
GZIP_LEVEL = 5
BROTLI_QUALITY = 4  # smaller and faster than gzip at its default
COMPRESSIBLE = frozenset(
    {
        "application/json",
        "application/manifest+json",
        "application/javascript",
        "text/javascript",
        "text/css",
        "text/html",
        "text/plain",
        "image/svg+xml",
    }
)


class CompressedRequest(Request):
    """A request whose gzip body is undone as it is read, never past the limit of its route."""

    @cached_property
    def stream(self) -> IO[bytes]:
        raw: IO[bytes] = super().stream
        encoding = self.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding in {"identity", ""}:
            return raw
        if encoding != "gzip":
            raise Problem(415, "unsupported_media_type", content_encoding=encoding[:40])
        return io.BytesIO(unzipped(raw.read(), self.max_content_length or BODY_BYTES_MAX))


def unzipped(data: bytes, bytes_max: int) -> bytes:
    """The bytes of a gzip member; raises 413 as soon as they pass `bytes_max`, 400 if it is damaged."""
    undo = zlib.decompressobj(wbits=31)
    try:
        out = undo.decompress(data, bytes_max + 1)
    except zlib.error:
        raise Problem(400, "bad_encoding") from None
    if len(out) > bytes_max:
        raise RequestEntityTooLarge
    if not undo.eof or undo.unused_data:
        raise Problem(400, "bad_encoding")
    return out


def read_out(response: Response) -> Response:
    """Read what a refusal left unread of a body, within reason: the server closes a connection with more than
    64 KiB waiting on it although the answer said that it stays open, and the client's next request is lost."""
    raw, left = request.environ["wsgi.input"], READ_OUT_BYTES_MAX
    if response.status_code >= 400 and request.environ.get("wsgi.input_terminated"):
        while left > 0 and (piece := raw.read(min(PIECE_BYTES, left))):
            left -= len(piece)
    return response


def install(app: Flask) -> None:
    app.request_class = CompressedRequest
    app.after_request(read_out)
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    app.config["MAX_FORM_MEMORY_SIZE"] = BODY_BYTES_MAX
    app.after_request(compress)


def compress(response: Response) -> Response:
    """Compress an answer if its reader can undo it and it is large enough to gain."""
    if response.mimetype not in COMPRESSIBLE or "Content-Encoding" in response.headers:
        return response
    if "Vary" in response.headers:
        response.vary.add("Accept-Encoding")
    else:
        response.headers.add("Vary", "Accept-Encoding")
    if response.direct_passthrough or response.is_streamed or response.status_code in {204, 206, 304}:
        return response
    data = response.get_data()
    encoding = accepted(request.headers.get("Accept-Encoding", ""))
    if len(data) < WORTH_BYTES or encoding is None:
        return response
    response.set_data(packed(data, encoding))
    response.headers["Content-Encoding"] = encoding
    return response


def accepted(header: str) -> str | None:
    """`br` or `gzip`, whichever the reader takes."""
    offers = {}
    for each in header.lower().split(","):
        name, _, parameter = each.strip().partition(";")
        offers[name.strip()] = parameter.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return next((name for name in ("br", "gzip") if offers.get(name)), None)


def packed(data: bytes, encoding: str) -> bytes:
    if encoding == "br":
        return bytes(brotli.compress(data, quality=BROTLI_QUALITY))
    return gzip.compress(data, compresslevel=GZIP_LEVEL, mtime=0)
