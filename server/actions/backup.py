"""Backup and restore: database, photos and keys in one folder, whole or not there at all.

A restore begins a new epoch, so that phones send again what the backup had not seen yet (SYNC: epoch).
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy.engine import Engine

from server.store import dump
from sync.clock import rfc3339

MANIFEST = "manifest.json"
TABLES = "tables"
FOLDERS = ("photos", "keys")
FORMAT = 1


class CannotRestore(Exception):
    """The words say why, and that nothing was changed."""


@dataclass(frozen=True)
class Place:
    """An installation: its database, and the folder of its files."""

    engine: Engine
    data: Path

    @property
    def sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"


def save(place: Place, target: Path, version: str, now_ms: int) -> dict[str, Any]:
    """Write everything into `target`, which must be new or empty → the manifest.

    The database comes first: photos only ever become more, so each photo it knows is there to be copied.
    """
    if target.exists() and any(target.iterdir()):
        raise CannotRestore(f"{target} is not empty. Choose a new folder for each backup.")
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    if place.sqlite:
        dump.save_sqlite(place.engine, partial / dump.SQLITE_FILE)
    else:
        dump.save_tables(place.engine, partial / TABLES)
    for name in FOLDERS:
        if (place.data / name).is_dir():
            shutil.copytree(place.data / name, partial / name)
    manifest = {
        "format": FORMAT,
        "version": version,
        "made_at": rfc3339(now_ms),
        "database": place.engine.dialect.name,
        "revision": dump.revision(place.engine),
    }
    (partial / MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    os.sync()
    if target.exists():
        target.rmdir()
    partial.rename(target)
    return manifest


def read_manifest(source: Path, place: Place) -> dict[str, Any]:
    """What the backup says of itself; raises CannotRestore if it is none, or another kind of database's."""
    try:
        manifest: dict[str, Any] = orjson.loads((source / MANIFEST).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        raise CannotRestore(f"{source} is not a backup: it has no {MANIFEST}.") from None
    if manifest.get("format") != FORMAT:
        raise CannotRestore(
            "This backup was made by another version of Jiban, and cannot be read by this one."
        )
    if manifest["database"] != place.engine.dialect.name:
        raise CannotRestore(
            f"This backup is of a {manifest['database']} database; the settings name a "
            f"{place.engine.dialect.name} one."
        )
    return manifest


def bring_back(place: Place, source: Path, now_ms: int, migrate: Callable[[str], None]) -> Path | None:
    """Put the backup in the place of what is there → the folder that what was there went to, None if nothing was.

    `migrate(revision)` brings an empty database to that state of its tables.
    """
    manifest = read_manifest(source, place)
    if place.sqlite:
        dump.check_sqlite(source / dump.SQLITE_FILE)
    aside = _put_aside(place, now_ms)
    if place.sqlite:
        shutil.copy2(source / dump.SQLITE_FILE, place.data / dump.SQLITE_FILE)
    else:
        dump.drop_all(place.engine)
        migrate(manifest["revision"])
        dump.load_tables(place.engine, source / TABLES)
    for name in FOLDERS:
        if (source / name).is_dir():
            shutil.copytree(source / name, place.data / name)
    os.sync()
    return aside


def _put_aside(place: Place, now_ms: int) -> Path | None:
    """Keep what the restore replaces: nobody restores the wrong backup twice."""
    place.engine.dispose()
    place.data.mkdir(parents=True, exist_ok=True)
    aside = place.data / f"before-restore-{rfc3339(now_ms).replace(':', '')}"
    files = [*place.data.glob(f"{dump.SQLITE_FILE}*")] if place.sqlite else []
    files += [place.data / name for name in FOLDERS if (place.data / name).exists()]
    tables = not place.sqlite and dump.revision(place.engine) is not None
    if not files and not tables:
        return None
    aside.mkdir(mode=0o700)
    if tables:
        dump.save_tables(place.engine, aside / TABLES)
    for each in files:
        each.rename(aside / each.name)
    return aside
