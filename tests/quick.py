"""What makes tests quick and leaves their claims alone: cheap passwords, folders in memory, and what a thousand
apps of one process compile alike, compiled once."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy.engine import Dialect, Engine
from werkzeug.routing import Rule

from server.actions import passwords

MEMORY = Path("/dev/shm")
ROOM = 4 << 30  # bytes; a container is often given no more than 64 MB


@contextmanager
def quick_passwords() -> Iterator[None]:
    """Hashes that cost nothing: the tests sign in some thousand times."""
    real, passwords._hasher = passwords._hasher, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords._hash_of_nobody.clear()
    try:
        yield
    finally:
        passwords._hasher = real
        passwords._hash_of_nobody.clear()


def memory_folder() -> str | None:
    """Memory for thousands of small databases, if there is enough: no COMMIT waits there for a disk."""
    roomy = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    return str(MEMORY) if roomy else None


@contextmanager
def quick_routes() -> Iterator[None]:
    """All apps have the same routes: the function that werkzeug compiles for each is kept for the next app."""
    real, kept = Rule._compile_builder, {}

    def compiled(rule: Rule, append_unknown: bool = True) -> Any:
        key = (rule.rule, str(rule.defaults), append_unknown)
        if key not in kept:
            kept[key] = real(rule, append_unknown)
        return kept[key]

    Rule._compile_builder = compiled
    try:
        yield
    finally:
        Rule._compile_builder = real


class _Statements(dict[Any, Any]):
    """SQLAlchemy's cache of compiled statements for all engines of a kind, not for each by itself."""

    def get(self, key: tuple[Dialect, Any], default: Any = None) -> Any:
        return super().get(key[1:], default)

    def __setitem__(self, key: tuple[Dialect, Any], compiled: Any) -> None:
        super().__setitem__(key[1:], compiled)


_statements: dict[str, _Statements] = {}


def share_statements(engine: Engine) -> None:
    """What another engine of the same database system compiled, this one takes over, and the other way round."""
    shared = _statements.setdefault(engine.dialect.name, _Statements())
    engine.update_execution_options(compiled_cache=shared)
