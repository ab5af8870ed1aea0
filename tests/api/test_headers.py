"""Headers that every answer carries, compression, and that no route is open by mistake."""

import gzip
import json
import re

import brotli
from flask import Flask

from server.api.guard import body_limit
from sync.clock import parse_rfc3339
from tests.cast import code_of

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
OPEN_TO_ALL = {
    "session.sign_in",
    "config.config",
    "demo.cast",
    "health.health",
}
NOT_IN_THE_API = {"api-docs.openapi_json", "metrics_1"}


def test_every_answer_carries_time_and_epoch(visit):
    for path in ("/", "/health", "/api/v1/session", "/api/v1/nothing", "/nothing.js", "/api/v1/openapi.json"):
        answer = visit().get(path)
        assert TIME.fullmatch(answer.headers["X-Jiban-Time"]), path
        assert answer.headers["X-Jiban-Epoch"], path
        assert parse_rfc3339(answer.headers["X-Jiban-Time"]) > 0


def test_every_answer_tells_the_browser_what_not_to_do(visit):
    for path in ("/", "/health", "/api/v1/session", "/api/v1/nothing"):
        headers = visit().get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "geolocation=(self)" in headers["Permissions-Policy"]


def test_a_page_may_run_scripts_of_this_server_only(visit):
    policy = visit().get("/api/docs/").headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "connect-src 'self';" in policy
    assert "unsafe-eval" not in policy
    assert policy.count("unsafe-inline") == 1
    assert "style-src 'self' 'unsafe-inline'" in policy


def test_only_over_https_is_https_demanded(visit):
    assert "Strict-Transport-Security" not in visit().get("/health").headers
    assert "Strict-Transport-Security" in visit().get("/health", base_url="https://jiban.example").headers


def test_nothing_of_the_api_is_kept_in_a_cache(visit):
    client = visit("worker")
    for path in ("/api/v1/session", "/api/v1/devices", "/api/v1/nothing"):
        assert client.get(path).headers["Cache-Control"] == "no-store"


def test_sync_answers_are_never_stored_errors_included(visit):
    for client in (visit(), visit("worker")):
        assert client.post("/api/v1/sync/pull", json={}).headers["Cache-Control"] == "no-store"


def test_no_route_is_open_that_is_not_meant_to_be(app: Flask):
    open_routes = []
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/api/v1") or rule.endpoint in NOT_IN_THE_API | OPEN_TO_ALL:
            continue
        path = re.sub(r"<(uuid:)?\w+>", "00000000-0000-7000-8000-000000000000", rule.rule)
        path = re.sub(r"<[^>]*>", "x", path)
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            answer = app.test_client().open(path, method=method, data=b"not json")
            if answer.status_code != 401:
                open_routes.append((method, rule.rule, answer.status_code))
            elif method != "HEAD":
                code_of(answer)
    assert open_routes == []


def test_every_route_of_the_api_is_marked_with_who_may_call_it(app: Flask):
    unmarked = [
        endpoint
        for endpoint, view in app.view_functions.items()
        if "." in endpoint and not getattr(view, "_guarded", False) and endpoint not in NOT_IN_THE_API
    ]
    assert unmarked == []


def test_a_larger_body_limit_is_a_views_own_matter(app: Flask):
    with app.test_request_context("/"):
        from flask import request

        body_limit(5)(lambda: None)()
        assert request.max_content_length == 5


def test_a_large_answer_is_compressed_as_the_reader_wishes(visit):
    plain = visit().get("/api/v1/openapi.json")
    packed = visit().get("/api/v1/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert json.loads(gzip.decompress(packed.data)) == plain.json
    best = visit().get("/api/v1/openapi.json", headers={"Accept-Encoding": "gzip, br"})
    assert best.headers["Content-Encoding"] == "br"
    assert json.loads(brotli.decompress(best.data)) == plain.json


def test_what_the_reader_cannot_undo_is_not_compressed(visit):
    for wish in ("", "identity", "zstd", "gzip;q=0", "br;q=0.0, gzip; q=0"):
        answer = visit().get("/api/v1/openapi.json", headers={"Accept-Encoding": wish})
        assert "Content-Encoding" not in answer.headers, wish


def test_a_small_answer_is_not_worth_it(visit):
    answer = visit().get("/health", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers
