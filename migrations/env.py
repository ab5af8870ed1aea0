"""Runs the migrations on the app's own engine, in one write transaction, one process at a time."""

import importlib
import pkgutil

from alembic import context
from flask import current_app
from sqlalchemy import text

import server.store
from server.store.base import db, metadata
from server.store.engine import writing

LOCK = 5_012_346  # names the migrations among PostgreSQL's advisory locks

for module in pkgutil.iter_modules(server.store.__path__):
    if module.name.startswith("tables_"):
        importlib.import_module(f"server.store.{module.name}")


def leave_out_an_empty_revision(context, _revision, directives):
    if getattr(context.config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []


options = dict(current_app.extensions["migrate"].configure_args)
options.setdefault("process_revision_directives", leave_out_an_empty_revision)

with writing(db.engine) as connection:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    context.configure(connection=connection, target_metadata=metadata, **options)
    with context.begin_transaction():
        context.run_migrations()
