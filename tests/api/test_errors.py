"""Every error has one shape, a code and words in the reader's language; nothing leaves as HTML or a trace."""

import errno
import gzip
import sqlite3

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from server.api.errors import trouble
from server.store import sessions
from sync.log import Retry, Unavailable
from tests.cast import INTAKE_KEY, code_of

MIB = 1 << 20


def test_an_unknown_api_address_is_404_in_our_shape_whatever_the_method(visit):
    for method in ("GET", "POST", "PUT", "DELETE"):
        answer = visit().open("/api/v1/nothing-here", method=method)
        assert answer.status_code == 404
        assert code_of(answer) == "not_found"


def test_a_wrong_method_is_405_and_keeps_allow(visit):
    answer = visit().put("/api/v1/session")
    assert answer.status_code == 405
    assert code_of(answer) == "method_not_allowed"
    assert {"GET", "POST", "DELETE"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b'{"username": NaN}', b"[" * 100_000, b'{"a":' * 50_000, b""]
)
def test_broken_json_is_400(visit, body):
    answer = visit().post("/api/v1/session", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert code_of(answer) == "bad_json"


@pytest.mark.parametrize("body", ["[]", "null", "3", '"text"'])
def test_json_of_another_kind_is_422(visit, body):
    answer = visit().post("/api/v1/session", data=body, content_type="application/json")
    assert answer.status_code == 422
    assert code_of(answer) == "invalid_args"


def test_an_unknown_field_is_422_and_named(visit):
    answer = visit().post("/api/v1/session", json={"username": "a", "password": "b", "extra": 1})
    assert answer.status_code == 422
    assert "extra" in answer.json["error"]["details"]["fields"]["json"]


def test_a_body_over_the_limit_is_413(visit):
    answer = visit().post("/api/v1/session", data=b'"' + b"x" * MIB + b'"', content_type="application/json")
    assert answer.status_code == 413
    assert code_of(answer) == "too_large"


EMPTY = gzip.compress(b"{}", mtime=0)  # the same in every process that collects the tests


def test_a_gzip_body_is_read(visit):
    body = gzip.compress(b'{"username": "worker", "password": "jiban-demo"}')
    answer = visit().post(
        "/api/v1/session", data=body, content_type="application/json", headers={"Content-Encoding": "gzip"}
    )
    assert answer.status_code == 200


def test_a_gzip_bomb_is_413_and_not_unpacked_whole(visit):
    bomb = gzip.compress(b"0" * (64 * MIB))
    assert len(bomb) < MIB
    answer = visit().post(
        "/api/v1/session", data=bomb, content_type="application/json", headers={"Content-Encoding": "gzip"}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize("body", [b"not gzip", EMPTY[:-4], EMPTY + b"more"], ids=["none", "cut", "more"])
def test_a_damaged_gzip_body_is_400(visit, body):
    answer = visit().post(
        "/api/v1/session", data=body, content_type="application/json", headers={"Content-Encoding": "gzip"}
    )
    assert answer.status_code == 400
    assert code_of(answer) == "bad_encoding"


def test_an_unknown_content_encoding_is_415(visit):
    answer = visit().post("/api/v1/session", json={}, headers={"Content-Encoding": "zstd"})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (None, "请先登录。"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "请先登录。"),
        ("zh", "请先登录。"),
        ("fr", "请先登录。"),
        ("en-GB,en;q=0.9,zh;q=0.5", "Please sign in."),
        ("en", "Please sign in."),
    ],
)
def test_the_message_is_in_the_readers_language(visit, asked, words):
    headers = {"Accept-Language": asked} if asked else {}
    answer = visit().get("/api/v1/session", headers=headers)
    assert answer.json["error"]["message"] == words


def test_a_fault_of_ours_is_500_without_a_word_of_what_broke(capfd, visit, monkeypatch):
    def broken(*_args: object) -> None:
        raise ValueError("secret 13800138000")

    monkeypatch.setattr(sessions, "find", broken)
    client = visit()
    client.set_cookie("jiban_session", "x")
    response = client.get("/api/v1/session")
    assert response.status_code == 500
    assert code_of(response) == "server_error"
    logged = capfd.readouterr().err
    assert "unexpected_error" in logged
    assert "13800138000" not in response.text + logged


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OperationalError("x", {}, sqlite3.OperationalError("database or disk is full")), "disk_full"),
        (OperationalError("x", {}, sqlite3.OperationalError("database is locked")), "database_unavailable"),
        (
            OperationalError("x", {}, sqlite3.OperationalError("unable to open database file")),
            "database_unavailable",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (Unavailable("gone"), "database_unavailable"),
        (Retry("lost"), "database_unavailable"),
        (ValueError("ours"), None),
    ],
)
def test_trouble_below_us_is_told_from_faults_of_ours(error, code):
    assert trouble(error) == code


def test_a_full_disk_behind_the_store_is_still_called_so():
    outer = Unavailable("wrapped")
    outer.__cause__ = OperationalError("x", {}, sqlite3.OperationalError("database or disk is full"))
    assert trouble(outer) == "disk_full"


def test_a_vanished_database_is_503_with_retry_after_and_comes_back(app: Flask, visit, settings):
    client = visit("worker")
    engine = app.extensions["jiban"].engine
    engine.dispose()
    database, away = settings.data / "jiban.db", settings.data / "away"
    away.mkdir()
    for each in settings.data.glob("jiban.db*"):
        each.rename(away / each.name)
    database.mkdir()  # a folder in its place cannot be opened as a database
    answer = client.get("/api/v1/session")
    assert answer.status_code == 503
    assert code_of(answer) == "database_unavailable"
    assert int(answer.headers["Retry-After"]) >= 1
    assert client.get("/health").status_code == 503
    database.rmdir()
    for each in away.iterdir():
        each.rename(settings.data / each.name)
    assert client.get("/api/v1/session").status_code == 200


def test_a_wrong_intake_key_is_401(visit):
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {INTAKE_KEY}"}):
        answer = visit().post("/api/v1/intake/tickets", data=b"not json", headers=header)
        assert answer.status_code == 401
        assert code_of(answer) == "bad_key"
