"""One log line and a few counters for each request, and `/metrics` for Prometheus.

With several gunicorn processes the counters live in files (`PROMETHEUS_MULTIPROC_DIR`, set by `server.run`) and
each scrape adds them up.
"""

import hmac
import ipaddress
import os
import time

import structlog
from flask import Flask, Response, g, request
from flask_login import current_user
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from server.api import town_metrics
from server.api.context import engine, settings
from server.api.errors import Problem
from server.clock import now_ms

logger = structlog.get_logger(__name__)

REQUESTS = Counter("jiban_requests_total", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram(
    "jiban_request_seconds",
    "Time to answer",
    ["route"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
OPERATIONS = Counter("jiban_sync_operations_total", "Operations pushed, by what became of them", ["outcome"])
STREAMS = Gauge("jiban_poke_streams", "Open event streams", multiprocess_mode="livesum")
QUIET = frozenset({"/health", "/api/v1/health", "/metrics", "/api/v1/metrics"})


def install(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_end)
    for number, path in enumerate(("/metrics", "/api/v1/metrics")):
        app.add_url_rule(path, f"metrics_{number}", metrics)


def _begin() -> None:
    g.began_s = time.perf_counter()


def _end(response: Response) -> Response:
    rule = request.url_rule.rule if request.url_rule else "(none)"
    seconds = time.perf_counter() - g.get("began_s", time.perf_counter())
    REQUESTS.labels(request.method, rule, response.status_code).inc()
    SECONDS.labels(rule).observe(seconds)
    if rule not in QUIET:
        logger.info(
            "request",
            method=request.method,
            route=rule,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
            person=_person(),
        )
    return response


def _person() -> str | None:
    """Who asked, if that was looked up: a route that is open to all asks no database."""
    known = g.get("_login_user")
    return current_user.id if known is not None and known.is_authenticated else None


def metrics() -> Response:
    """Prometheus' text format; with `JIBAN_METRICS_TOKEN` as a Bearer token, else from this machine only."""
    _allowed()
    registry: CollectorRegistry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    body = generate_latest(registry) + town_metrics.text(engine(), now_ms())
    return Response(body, content_type=CONTENT_TYPE_LATEST)


def _allowed() -> None:
    token = settings().metrics_token
    if token:
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        if not hmac.compare_digest(sent.encode(), token.encode()):
            raise Problem(401, "unauthenticated", headers={"WWW-Authenticate": "Bearer"})
        return
    # Behind a proxy on this machine everybody comes from it; what was forwarded is never local.
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    if forwarded or not request.remote_addr or not ipaddress.ip_address(request.remote_addr).is_loopback:
        raise Problem(403, "forbidden")
