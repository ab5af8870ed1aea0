"""The application factory: puts the parts together, in the order in which a request meets them."""

import importlib

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from server import cli
from server.api import description, docs, encoding, errors, guard, headers, health, metrics, ringing, static
from server.api.context import Parts
from server.api.json import OrjsonProvider
from server.config import Settings, settings_from_environment
from server.log import configure
from server.store import engine as store_engine
from server.store.base import db

PREFIX = "/api/v1"
BLUEPRINTS = (
    "session",
    "sync",
    "pokes",
    "photos",
    "intake",
    "search",
    "tickets",
    "items",
    "deadlines",
    "calendar",
    "imports",
    "indicators",
    "directory",
    "people",
    "devices",
    "delegations",
    "rota",
    "ladders",
    "reach",
    "audit",
    "config",
    "demo",
    "alerts",
    "incidents",
    "channels",
    "drills",
    "push",
    "health",
)


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application for these settings (the environment's, if none are given)."""
    settings = settings or settings_from_environment()
    configure(settings.log_level, settings.log_format)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    app = Flask(__name__, static_folder=None)
    app.json = OrjsonProvider(app)
    if settings.trusted_proxies:
        n = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]
    _connect(app, settings)
    guard.login_manager().init_app(app)
    metrics.install(app)
    ringing.install(app, settings)
    headers.install(app)
    encoding.install(app)
    _route(app)
    cli.install(app)
    return app


def _connect(app: Flask, settings: Settings) -> None:
    url = settings.database_url
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = store_engine.engine_options(url)
    db.init_app(app)
    with app.app_context():
        store_engine.install(db.engine)
        app.extensions["jiban"] = Parts(settings, db.engine)


def _route(app: Flask) -> None:
    api = description.make_api(app)
    for name in BLUEPRINTS:
        api.register_blueprint(importlib.import_module(f"server.api.{name}").blp, url_prefix=PREFIX)
    health.install(app)
    docs.install(app)
    static.install(app)
    errors.install(app)  # after smorest's own handler, which it replaces
