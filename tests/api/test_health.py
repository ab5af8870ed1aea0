"""Health, metrics and the PWA's files."""

import pytest
from flask import Flask

from server.api import health
from server.app import create_app
from server.clock import now_ms
from server.config import Settings
from server.store import facts
from server.store.engine import writing
from tests.cast import Browser


def beat(app: Flask, worker: str, at_ms: int) -> None:
    with writing(app.extensions["jiban"].engine) as connection:
        facts.write(connection, facts.HEARTBEAT + worker, str(at_ms))


def test_health_is_the_same_at_both_addresses_and_needs_nobody(visit):
    for path in ("/health", "/api/v1/health"):
        answer = visit().get(path)
        assert answer.status_code == 200
        assert set(answer.json) == {"status", "version", "database", "workers", "outbox"}
        assert answer.json["status"] == "ok"
        assert answer.json["database"] == "ok"
        assert answer.json["outbox"] == {"waiting": 0, "oldest_s": None}


@pytest.mark.parametrize(("worker", "late_ms"), [("sweeper", 180_000), ("alarms", 60_000)])
def test_a_late_worker_degrades_and_a_beating_one_does_not(app: Flask, visit, worker, late_ms):
    app.extensions["jiban"].started_at_ms -= 3_600_000
    for each in health.LATE_MS:
        beat(app, each, now_ms())
    assert visit().get("/health").json["workers"] == {"sweeper": "ok", "alarms": "ok"}
    beat(app, worker, now_ms() - late_ms + 3000)
    assert visit().get("/health").json["status"] == "ok"
    beat(app, worker, now_ms() - late_ms - 1000)
    told = visit().get("/health").json
    assert (told["status"], told["workers"][worker]) == ("degraded", "late")


def test_a_worker_that_never_came_is_missed_after_a_while(app: Flask, visit):
    assert visit().get("/health").json["workers"] == {"sweeper": "starting", "alarms": "starting"}
    app.extensions["jiban"].started_at_ms -= 61_000
    told = visit().get("/health").json
    assert told["workers"] == {"sweeper": "starting", "alarms": "missing"}
    assert told["status"] == "degraded"


def test_a_beat_from_before_the_start_is_held_against_nobody(app: Flask, visit):
    beat(app, "alarms", now_ms() - 3_600_000)
    assert visit().get("/health").json["workers"]["alarms"] == "starting"


def test_metrics_count_requests_by_route_and_hold_no_names(visit):
    visit("worker")
    text = visit().get("/metrics").text
    assert 'jiban_requests_total{method="POST",route="/api/v1/session",status="200"}' in text
    assert "worker" not in text.replace("jiban_worker", "")


def test_metrics_are_for_this_machine_unless_a_token_is_set(visit):
    far = visit().get("/metrics", environ_overrides={"REMOTE_ADDR": "10.1.2.3"})
    forwarded = visit().get("/metrics", headers={"X-Forwarded-For": "10.1.2.3"})
    assert far.status_code == forwarded.status_code == 403


def test_metrics_with_a_token_are_for_who_has_it(settings: Settings):
    app = create_app(Settings(data=settings.data, metrics_token="tell-me"))
    client = app.test_client()
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer tell-me"}).status_code == 200


def test_config_is_told_before_anybody_signs_in(visit):
    told = visit().get("/api/v1/config").json
    assert told["demo"] is False
    assert told["town"] == "道滘镇"
    assert told["languages"] == ["zh-CN", "en"]


def test_the_cast_is_told_in_the_demo_town_only(settings: Settings, visit):
    assert visit().get("/api/v1/demo/cast").status_code == 404
    demo = create_app(Settings(data=settings.data, demo=True))
    assert demo.test_client().get("/api/v1/demo/cast").status_code == 200


@pytest.fixture
def built(settings: Settings, tmp_path) -> Browser:
    """A browser on an app whose PWA is built."""
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html><title>即办</title>")
    (dist / "sw.js").write_text("// worker")
    (dist / "assets" / "app-1a2b.js").write_text("// script " + "x" * 5000)
    (dist / "manifest.webmanifest").write_text("{}")
    (dist / ".built").write_text("secret")
    (tmp_path / "outside.txt").write_text("secret")
    return create_app(Settings(data=settings.data, pwa=dist)).test_client()


def test_the_page_is_asked_for_anew_and_hashed_files_never(built):
    assert built.get("/").headers["Cache-Control"] == "no-cache"
    assert built.get("/sw.js").headers["Cache-Control"] == "no-cache"
    assert built.get("/manifest.webmanifest").headers["Cache-Control"] == "no-cache"
    assert "immutable" in built.get("/assets/app-1a2b.js").headers["Cache-Control"]


def test_every_screens_address_gives_the_page_and_a_missing_file_does_not(built):
    for path in ("/", "/tickets/some-id", "/office/board"):
        answer = built.get(path)
        assert answer.status_code == 200
        assert answer.mimetype == "text/html"
    assert built.get("/assets/gone-9.js").status_code == 404
    assert built.post("/tickets").status_code == 404


def test_an_unchanged_page_is_304(built):
    first = built.get("/")
    again = built.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["/../outside.txt", "/%2e%2e/outside.txt", "/.built", "/assets/../.built"])
def test_nothing_beside_the_build_is_given_away(built, path):
    assert b"secret" not in built.get(path).data


def test_scripts_are_sent_compressed_and_with_the_pages_policy(built):
    answer = built.get("/assets/app-1a2b.js", headers={"Accept-Encoding": "br"})
    assert answer.headers["Content-Encoding"] == "br"
    assert answer.mimetype == "text/javascript"
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_the_docs_fetch_nothing_from_outside(visit):
    for path in ("/api/docs/", "/api/docs/docs.js", "/api/docs/docs.css"):
        answer = visit().get(path)
        assert answer.status_code == 200
        assert "http:" not in answer.text
        assert "https:" not in answer.text
