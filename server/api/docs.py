"""`/api/docs`: the API described for people, from this project's own files (no outside script is ever fetched)."""

from pathlib import Path

from flask import Flask, Response, redirect
from werkzeug.exceptions import NotFound

FOLDER = Path(__file__).with_name("docs_page")
TYPES = {"index.html": "text/html", "docs.js": "text/javascript", "docs.css": "text/css"}


def install(app: Flask) -> None:
    app.add_url_rule("/api/docs", "docs", lambda: redirect("/api/docs/", 308))
    app.add_url_rule("/api/docs/", "docs_page", page)
    app.add_url_rule("/api/docs/<name>", "docs_file", page)


def page(name: str = "index.html") -> Response:
    if name not in TYPES:
        raise NotFound
    response = Response((FOLDER / name).read_bytes(), mimetype=TYPES[name])
    response.headers["Cache-Control"] = "no-cache"
    return response
