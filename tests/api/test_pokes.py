"""Pokes over real streams: who is woken, who is not, how many fit, and how they end."""

import threading
import time
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import delete

from server.api import pokes
from server.api.poke_streams import Listener, Streams
from server.clock import now_ms
from server.config import Settings
from server.store.engine import writing
from server.store.tables_people import SessionRow
from sync.log import Change
from sync.op import uuid7
from tests.cast import Browser, code_of, person_id, unit_id

WAIT_S = 10.0


def publish(app: Flask, *buckets: str) -> None:
    """A row that belongs to these buckets, as any operation would publish it."""
    change = Change("ticket", uuid7(now_ms()), 1, frozenset(buckets), "{}")
    with app.extensions["jiban"].log.write(now_ms()) as tx:
        tx.change([change])


class Stream:
    """One open stream, read in a thread of its own."""

    def __init__(self, client: Browser) -> None:
        self.answer = client.get("/api/v1/sync/pokes", buffered=False)
        self.text = ""
        self.ended = threading.Event()
        if self.answer.status_code == 200:
            threading.Thread(target=self._read, daemon=True).start()
            self.until(lambda: "hello" in self.text)

    def _read(self) -> None:
        for part in self.answer.response:
            self.text += part.decode() if isinstance(part, bytes) else part
        self.answer.close()
        self.ended.set()

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not holds():
            assert time.monotonic() < deadline, self.text
            time.sleep(0.02)

    def pokes(self) -> int:
        return self.text.count("event: poke\ndata:\n\n")


@pytest.fixture(autouse=True)
def _stop_streams(app: Flask):
    yield
    app.extensions["jiban"].streams.stop()


def settle(app: Flask) -> None:
    """Until the poller has found where the head is: what comes after wakes people."""
    time.sleep(3 * 0.25)
    assert app.extensions["jiban"].streams


def test_a_poke_needs_a_session(visit):
    answer = visit().get("/api/v1/sync/pokes")
    assert answer.status_code == 401


def test_only_readers_of_the_changed_bucket_are_woken(app: Flask, visit):
    mine, other = Stream(visit("worker")), Stream(visit("worker3"))
    settle(app)
    publish(app, f"person:{person_id('worker')}", "town")
    mine.until(lambda: mine.pokes() >= 1)
    publish(app, f"unit-open:{unit_id('南城村')}")
    other.until(lambda: other.pokes() >= 1)
    assert (mine.pokes(), other.pokes()) == (1, 1)


def test_a_poke_carries_no_data(app: Flask, visit):
    stream = Stream(visit("officer"))
    settle(app)
    publish(app, "town")
    stream.until(lambda: stream.pokes() == 1)
    assert stream.text == "retry: 3000\n: hello\n\nevent: poke\ndata:\n\n"
    assert stream.answer.headers["Content-Type"].startswith("text/event-stream")
    assert stream.answer.headers["Cache-Control"] == "no-store"
    assert "Content-Encoding" not in stream.answer.headers


def test_streams_take_a_quarter_of_the_threads_and_then_503(visit, app: Flask):
    app.extensions["jiban"].streams = Streams(app.extensions["jiban"].log, 2)
    first, second = Stream(visit("worker")), Stream(visit("worker2"))
    refused = visit("officer").get("/api/v1/sync/pokes")
    assert refused.status_code == 503
    assert code_of(refused) == "too_many_streams"
    assert refused.headers["Retry-After"] == "30"
    assert not first.ended.is_set()
    assert not second.ended.is_set()


def test_the_limit_is_a_quarter_of_the_threads(app: Flask, settings: Settings):
    assert app.extensions["jiban"].streams._limit == settings.threads // 4 == 50


def test_a_closed_stream_frees_its_place(app: Flask, visit):
    app.extensions["jiban"].streams = Streams(app.extensions["jiban"].log, 1)
    answer = visit("worker").get("/api/v1/sync/pokes", buffered=False)
    assert next(iter(answer.response))
    answer.close()
    assert visit("worker2").get("/api/v1/sync/pokes", buffered=False).status_code == 200


def test_a_stream_ends_when_the_server_stops(app: Flask, visit):
    stream = Stream(visit("worker"))
    app.extensions["jiban"].streams.stop()
    assert stream.ended.wait(WAIT_S)
    assert visit("worker2").get("/api/v1/sync/pokes").status_code == 503


def test_a_stream_ends_with_its_time(visit, monkeypatch):
    monkeypatch.setattr(pokes, "LIFE_S", 0.3)
    stream = Stream(visit("worker"))
    assert stream.ended.wait(WAIT_S)


def test_a_comment_keeps_the_stream_alive(visit, monkeypatch):
    monkeypatch.setattr(pokes, "COMMENT_S", 0.1)
    stream = Stream(visit("worker"))
    stream.until(lambda: ": still here" in stream.text)


def test_a_stream_whose_session_ended_ends_at_the_next_comment(app: Flask, visit, monkeypatch):
    monkeypatch.setattr(pokes, "COMMENT_S", 0.3)
    stream = Stream(visit("worker"))
    with writing(app.extensions["jiban"].engine) as connection:
        connection.execute(delete(SessionRow))
    assert stream.ended.wait(WAIT_S)


def test_rights_gained_are_a_poke(app: Flask, visit, monkeypatch):
    monkeypatch.setattr(pokes, "COMMENT_S", 0.3)
    stream = Stream(visit("worker"))
    with app.extensions["jiban"].log.write(now_ms()) as tx:
        tx.entitle(person_id("worker"), {f"person:{person_id('worker')}", "town"})
    stream.until(lambda: stream.pokes() >= 1)


def test_an_open_stream_holds_no_database_connection(app: Flask, visit):
    streams = [Stream(visit(name)) for name in ("worker", "worker2", "officer")]
    pool = app.extensions["jiban"].engine.pool
    streams[0].until(lambda: pool.checkedout() == 0)


def test_many_pokes_at_once_are_one():
    listener = Listener(frozenset({"town"}))
    for _ in range(5):
        listener.poke()
    assert listener.wait(1) is True
    assert listener.wait(0) is None


def test_the_end_is_not_lost_among_pokes():
    listener = Listener(frozenset({"town"}))
    listener.poke()
    listener.end()
    listener.poke()
    assert listener.wait(1) is False
