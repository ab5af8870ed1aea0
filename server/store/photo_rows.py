"""Photos as operations name them. Their bytes are another matter (server/store/photos.py)."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from server.store.asked import Asked
from server.store.tables_ticket import photo

_META = ("taken_at", "lat", "lng", "accuracy_m", "crs", "bytes")


def _upsert(insert: Any) -> Any:
    made = insert(photo)
    return made.on_conflict_do_update(
        index_elements=["id"],
        set_={name: made.excluded[name] for name in ("ticket_id", "op_id", "meta", "named_at")},
        # Bytes that came first are their sender's; nobody names another's photo, and a name is not changed.
        where=sa.and_(
            photo.c.author == made.excluded.author,
            photo.c.sha256 == made.excluded.sha256,
            photo.c.op_id.is_(None),
        ),
    )


_NAME = {"sqlite": _upsert(sqlite.insert), "postgresql": _upsert(postgresql.insert)}
_COMPLETE = Asked(
    sa.select(photo.c.id, photo.c.sha256).where(
        photo.c.author == sa.bindparam("author"), photo.c.op_id.is_(None), photo.c.state == "received"
    )
)


def complete_unnamed(connection: sa.Connection, author: str) -> dict[str, str]:
    """sha256 by id of the author's photos whose bytes came before the operation that names them."""
    return dict(_COMPLETE.rows(connection, author=author))


def named(
    photo_args: Mapping[str, Any], ticket_id: str, op_id: str, author: str, now_ms: int
) -> dict[str, Any]:
    """The row of one photo as its operation describes it."""
    meta = {name: photo_args[name] for name in _META if photo_args.get(name) is not None}
    return {
        "id": photo_args["id"],
        "ticket_id": ticket_id,
        "op_id": op_id,
        "author": author,
        "sha256": photo_args["sha256"],
        "state": "awaited",
        "offset": 0,
        "width": photo_args.get("width"),
        "height": photo_args.get("height"),
        "meta": orjson.dumps(meta).decode(),
        "named_at": now_ms,
        "created_at": now_ms,
    }


def came_meanwhile(connection: sa.Connection, op_ids: Sequence[str], known: Mapping[str, str]) -> bool:
    """Whether bytes of a photo that one of these operations names came after `complete_unnamed` was asked."""
    found = connection.scalars(
        sa.select(photo.c.id).where(photo.c.op_id.in_(op_ids), photo.c.state == "received")
    )
    return any(id_ not in known for id_ in found)


def name_photos(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Await these photos, or tie those whose bytes are already here to their operation."""
    if rows:
        connection.execute(_NAME[connection.dialect.name], list(rows))
