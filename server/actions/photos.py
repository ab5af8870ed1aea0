"""Photos come in: resumable, one writer at a time, whole or not at all (SYNC “Photos”, tus 1.0).

Until a photo is complete the length of its part file is the truth about what has arrived; so a server that was
killed, or a disk that filled up, never says more than it has. Completion is one transaction: the row is received
and the ticket's document says so. It may be tried again at any time.
"""

import fcntl
import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from server.actions.desk import Desk
from server.actions.pictures import NotAPicture, examine
from server.domain.roles import SYSTEM
from server.store import incidents, photos
from server.store.blobs import Blobs
from server.store.engine import reading, writing
from server.store.photos import Photo
from sync.log import Author
from sync.op import make_op
from sync.perform import perform_in

PIECE_BYTES = 64 * 1024
HOUR_MS = 3_600_000
_OPS = uuid.UUID("5f0e3f0a-7f41-4a41-9d77-0d5f6f7b3f10")
SYSTEM_AUTHOR = Author("system", actor=SYSTEM)


class Refused(Exception):
    """An upload is refused: `code` and `details` for the one error shape."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


@dataclass(frozen=True)
class Bounds:
    """What a photo may be, and how long one may wait to be named by its operation."""

    bytes_max: int
    pixels_max: int
    unnamed_max: int
    unnamed_h: int


@dataclass(frozen=True)
class Upload:
    """Where an upload stands."""

    photo: Photo
    offset: int
    length: int


@dataclass(frozen=True)
class PhotoDesk:
    """What photos need beside the desk: a folder for parts, a place for whole ones, their bounds."""

    desk: Desk
    parts: Path
    blobs: Blobs
    bounds: Bounds

    def part(self, photo_id: str) -> Path:
        return self.parts / f"{photo_id}.part"


def begin(
    at: PhotoDesk, author: str, photo_id: str, ticket_id: str, sha256: str, length: int, now_ms: int
) -> Upload:
    """Open an upload, or find the one that is under way; bytes the same person sent before are not asked for again.

    Raises Refused: too_large, hash_differs, not_found (somebody else's id looks like none), too_many_unnamed.
    """
    if length > at.bounds.bytes_max:
        raise Refused("too_large", limit=at.bounds.bytes_max)
    with writing(at.desk.engine) as connection:
        photo = photos.find(connection, photo_id)
        if photo is None:
            if photos.count_unnamed(connection, author) >= at.bounds.unnamed_max:
                raise Refused("too_many_unnamed", limit=at.bounds.unnamed_max)
            photos.announce(
                connection,
                photo_id=photo_id,
                ticket_id=ticket_id,
                author=author,
                sha256=sha256,
                length=length,
                now_ms=now_ms,
                expires_at_ms=now_ms + at.bounds.unnamed_h * HOUR_MS,
            )
        elif photo.author != author:
            raise Refused("not_found")
        elif photo.sha256 != sha256:
            raise Refused("hash_differs")
        elif not photo.received and photo.length is None:
            photos.change(connection, photo_id, length=length, state="uploading")
        photo = photos.get(connection, photo_id)
        same = photos.twin(connection, author, sha256)
    if not photo.received and same is not None:
        _complete(at, photo, now_ms, _like(same))
    return standing(at, author, photo_id)


def standing(at: PhotoDesk, author: str, photo_id: str) -> Upload:
    """How much of the author's photo is here. Raises Refused not_found, for foreign ids too."""
    with reading(at.desk.engine) as connection:
        photo = photos.find(connection, photo_id)
    if photo is None or photo.author != author or (photo.length is None and not photo.received):
        raise Refused("not_found")
    length = photo.length or 0
    return Upload(photo, length if photo.received else _arrived(_size(at.part(photo_id)), length), length)


def append(
    at: PhotoDesk,
    author: str,
    photo_id: str,
    offset: int,
    stream: BinaryIO,
    checksum: tuple[str, bytes] | None,
    now_ms: Callable[[], int],
) -> Upload:
    """Take bytes from `offset` on, as far as they come; the last byte completes the photo.

    `checksum`: (algorithm, digest) of this piece; a piece that fails it is not kept.
    Raises Refused: not_found, offset_mismatch, upload_busy, too_large, piece_damaged, checksum_mismatch,
    not_an_image, too_many_pixels; OSError if the disk is full (what was written before stays counted).
    """
    upload = standing(at, author, photo_id)
    if upload.photo.received:
        if offset != upload.length:
            raise Refused("offset_mismatch", offset=upload.length)
        return upload
    with _alone(at.part(photo_id)) as file:
        here = _arrived(file.seek(0, os.SEEK_END), upload.length)
        if offset != here:
            raise Refused("offset_mismatch", offset=here)
        file.truncate(here)
        file.seek(here)
        _write(file, stream, upload.length - here, checksum)
        if file.tell() < upload.length:
            return Upload(upload.photo, file.tell(), upload.length)
        _finish(at, upload.photo, file, now_ms())
    at.part(photo_id).unlink(missing_ok=True)
    return standing(at, author, photo_id)


def remove(at: PhotoDesk, author: str, photo_id: str) -> None:
    """Give up an upload that is not complete. Raises Refused not_found, already_complete, upload_busy."""
    if standing(at, author, photo_id).photo.received:
        raise Refused("already_complete")
    with _alone(at.part(photo_id)), writing(at.desk.engine) as connection:
        photos.drop(connection, photo_id)
        at.part(photo_id).unlink(missing_ok=True)


def purge(at: PhotoDesk, now_ms: int, limit: int = 100) -> int:
    """Forget photos that no operation named within their time; how many."""
    with reading(at.desk.engine) as connection:
        late = photos.expired(connection, now_ms, limit)
    for photo_id in late:
        with writing(at.desk.engine) as connection:
            photos.drop(connection, photo_id)
        at.part(photo_id).unlink(missing_ok=True)
    return len(late)


def _arrived(size: int, length: int) -> int:
    """The bytes that count of a photo that is not received. If the disk, the database or the power failed after its
    last byte, that byte is asked for again: an offset equal to the length means to the phone that all is done."""
    return min(size, length - 1)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


@contextmanager
def _alone(path: Path) -> Iterator[BinaryIO]:
    """The part file, for one upload at a time across threads and processes. Raises Refused upload_busy."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused("upload_busy") from None
        if not path.exists():  # whoever held it before completed or removed it
            raise Refused("upload_busy")
        yield file


def _write(file: BinaryIO, stream: BinaryIO, bytes_max: int, checksum: tuple[str, bytes] | None) -> None:
    start, left = file.tell(), bytes_max
    digest = hashlib.new(checksum[0]) if checksum else None
    try:
        while left and (piece := stream.read(min(PIECE_BYTES, left))):
            file.write(piece)
            left -= len(piece)
            if digest is not None:
                digest.update(piece)
        file.flush()
    except Exception:
        # The line was cut, or the disk is full: what came stays, unless there is no telling whether it is right.
        if digest is not None:
            file.truncate(start)
        raise
    if not left and stream.read(1):
        file.truncate(start)
        raise Refused("too_large", limit=bytes_max)
    if digest is not None and checksum is not None and digest.digest() != checksum[1]:
        file.truncate(start)
        raise Refused("piece_damaged")


def _finish(at: PhotoDesk, photo: Photo, file: BinaryIO, now_ms: int) -> None:
    """All bytes are here: look at them, store them, tell the ticket. What is refused begins again from nothing."""
    file.seek(0)
    data = file.read()
    if hashlib.sha256(data).hexdigest() != photo.sha256:
        file.truncate(0)
        raise Refused("checksum_mismatch")
    try:
        picture = examine(data, at.bounds.pixels_max)
    except NotAPicture as fault:
        file.truncate(0)
        raise Refused(fault.code) from None
    key = f"{photo.id[-2:]}/{photo.id}"
    at.blobs.put(key, data)
    at.blobs.put(f"{key}.thumb", picture.thumb)
    if picture.shown is not None:
        at.blobs.put(f"{key}.shown", picture.shown)
    shown = {"blob": key, "thumb": f"{key}.thumb", "media_type": picture.media_type}
    _complete(at, photo, now_ms, {**shown, "width": picture.width, "height": picture.height})


def _like(same: Photo) -> dict[str, object]:
    return {"blob": same.blob, "thumb": same.thumb, "media_type": same.media_type, "length": same.length}


def _complete(at: PhotoDesk, photo: Photo, now_ms: int, found: dict[str, object]) -> None:
    """The row and the document of what it shows in one commit. A photo not named yet is told by its operation."""
    with at.desk.log.write(now_ms) as tx:
        # It still expires unless an operation names it: bytes that nobody speaks of are no evidence.
        photos.change(tx.connection, photo.id, state=photos.RECEIVED, received_at=now_ms, **found)
        named = photos.find(tx.connection, photo.id)
        if named is None or named.op_id is None:
            return
        id_ = str(uuid.uuid5(_OPS, photo.id))
        of = "incident" if incidents.which(tx.connection, [named.ticket_id]) else "ticket"
        told = {"photo": photo.id, "sha256": photo.sha256}
        op = make_op(id_, f"{of}.photo_received", named.ticket_id, told)
        perform_in(tx, at.desk.handler, [op], SYSTEM_AUTHOR, now_ms)
