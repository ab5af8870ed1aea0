"""Rows of photos whose bytes are on their way or here. What operations say of them: photo_rows.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server.store.tables_ticket import photo

RECEIVED = "received"


@dataclass(frozen=True)
class Photo:
    """A photo as the database knows it. `op_id` is None until an operation names it."""

    id: str
    ticket_id: str
    op_id: str | None
    author: str
    sha256: str
    state: str
    length: int | None
    media_type: str | None
    blob: str | None
    thumb: str | None
    created_at: int
    expires_at: int | None

    @property
    def received(self) -> bool:
        return self.state == RECEIVED


_COLUMNS = [photo.c[name] for name in Photo.__annotations__]


_BY_ID = sa.select(*_COLUMNS).where(photo.c.id == sa.bindparam("id"))


def find(connection: sa.Connection, photo_id: str) -> Photo | None:
    row = connection.execute(_BY_ID, {"id": photo_id}).one_or_none()
    return Photo(**row._mapping) if row is not None else None


def get(connection: sa.Connection, photo_id: str) -> Photo:
    """A photo that is known to be there."""
    return Photo(**connection.execute(_BY_ID, {"id": photo_id}).one()._mapping)


def twin(connection: sa.Connection, author: str, sha256: str) -> Photo | None:
    """A photo of the same person with the same bytes that is here already."""
    row = connection.execute(
        sa.select(*_COLUMNS)
        .where(photo.c.author == author, photo.c.sha256 == sha256, photo.c.state == RECEIVED)
        .limit(1)
    ).one_or_none()
    return Photo(**row._mapping) if row is not None else None


def count_unnamed(connection: sa.Connection, author: str) -> int:
    """How many photos of this person no operation has named so far."""
    return connection.execute(
        sa.select(sa.func.count()).where(photo.c.author == author, photo.c.op_id.is_(None))
    ).scalar_one()


def announce(
    connection: sa.Connection,
    *,
    photo_id: str,
    ticket_id: str,
    author: str,
    sha256: str,
    length: int,
    now_ms: int,
    expires_at_ms: int,
) -> None:
    """A photo whose bytes come before the operation that names it."""
    connection.execute(
        sa.insert(photo).values(
            id=photo_id,
            ticket_id=ticket_id,
            author=author,
            sha256=sha256,
            state="uploading",
            length=length,
            offset=0,
            created_at=now_ms,
            expires_at=expires_at_ms,
        )
    )


def change(connection: sa.Connection, photo_id: str, **values: Any) -> None:
    connection.execute(sa.update(photo).where(photo.c.id == photo_id).values(**values))


def drop(connection: sa.Connection, photo_id: str) -> None:
    """Forget a photo that no operation names; one that is named goes back to being awaited."""
    connection.execute(sa.delete(photo).where(photo.c.id == photo_id, photo.c.op_id.is_(None)))
    connection.execute(
        sa.update(photo)
        .where(photo.c.id == photo_id, photo.c.state != RECEIVED)
        .values(state="awaited", length=None, offset=0)
    )


def expired(connection: sa.Connection, now_ms: int, limit: int) -> Sequence[str]:
    """Photos that nobody named within their time."""
    return connection.scalars(
        sa.select(photo.c.id).where(photo.c.op_id.is_(None), photo.c.expires_at < now_ms).limit(limit)
    ).all()
