"""The built PWA: its files with the right lifetimes, and the page itself for every address that is a screen."""

import hashlib
import mimetypes
import threading
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from server.api.context import settings
from server.api.encoding import COMPRESSIBLE, accepted, packed
from server.api.errors import answer, from_http

FOREVER = "public, max-age=31536000, immutable"  # the build puts a hash of the content into these names
ASK_FIRST = "no-cache"
SHORT = "public, max-age=3600"
HASHED_FOLDERS = ("assets/",)
PAGE = "index.html"
# Python's table depends on the machine's /etc/mime.types.
TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
}


@dataclass(frozen=True)
class File:
    """A file of the build in memory (all of it is a few MB), packed once for each encoding."""

    changed_ns: int
    mimetype: str
    etag: str
    bodies: dict[str | None, bytes]


_files: dict[Path, File] = {}
_lock = threading.Lock()


def install(app: Flask) -> None:
    """The page at the root; any other address that no route knows is a screen or a file (see `not_found`)."""
    app.add_url_rule("/", "page", screen, defaults={"path": ""})
    app.register_error_handler(NotFound, not_found)


def not_found(error: NotFound) -> Response:
    """No catch-all route, for it would answer 405 where an API address does not exist."""
    if request.method in {"GET", "HEAD"} and not request.path.startswith("/api/"):
        try:
            return screen(request.path.lstrip("/"))
        except NotFound:
            pass
    return answer(from_http(error))


def screen(path: str) -> Response:
    """A file of the build, or its page when the address is one of the app's screens."""
    folder = settings().pwa
    file = _read(folder, path) if path else None
    if file is None:
        if "." in path.rsplit("/", 1)[-1]:
            raise NotFound
        path, file = PAGE, _read(folder, PAGE)
    if file is None:
        return Response(
            "The app is not built yet: run `make run` or `make setup`.\n", 503, mimetype="text/plain"
        )
    encoding = accepted(request.headers.get("Accept-Encoding", ""))
    if encoding not in file.bodies:
        encoding = None
    response = Response(file.bodies[encoding], mimetype=file.mimetype)
    response.headers["Cache-Control"] = _lifetime(path)
    response.set_etag(f"{file.etag}-{encoding or 'raw'}")
    if len(file.bodies) > 1:
        response.vary.add("Accept-Encoding")
    if encoding:
        response.headers["Content-Encoding"] = encoding
    response.make_conditional(request)
    return response


def _lifetime(path: str) -> str:
    if path.startswith(HASHED_FOLDERS):
        return FOREVER
    # The page, the service worker and the manifest say which build is the newest.
    return ASK_FIRST if path.endswith((".html", ".webmanifest", ".js")) else SHORT


def _read(folder: Path, path: str) -> File | None:
    joined = safe_join(str(folder), path)
    if joined is None or any(part.startswith(".") for part in path.split("/")):
        return None
    place = Path(joined)
    try:
        changed_ns = place.stat().st_mtime_ns
        known = _files.get(place)
        if known is None or known.changed_ns != changed_ns:
            known = _load(place, changed_ns)
            with _lock:
                _files[place] = known
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    return known


def _load(place: Path, changed_ns: int) -> File:
    data = place.read_bytes()
    mimetype = TYPES.get(place.suffix) or mimetypes.guess_type(place.name)[0] or "application/octet-stream"
    bodies: dict[str | None, bytes] = {None: data}
    if mimetype in COMPRESSIBLE and len(data) > 1024:
        bodies |= {encoding: packed(data, encoding) for encoding in ("br", "gzip")}
    return File(changed_ns, mimetype, hashlib.sha256(data).hexdigest()[:20], bodies)
