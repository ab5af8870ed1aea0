"""The store's own tests ask for the log by itself."""

from tests.logs import log_url, postgres_engine, postgres_log, sqlite_log  # noqa: F401 - fixtures
