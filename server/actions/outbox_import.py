"""A phone's outbox as a file, carried out at the office for its author (SYNC: client rules, export)."""

import base64
import binascii
import io
from collections.abc import Callable, Mapping
from typing import Any

from server.actions import photos
from server.actions.operations import Operations
from server.actions.photos import PhotoDesk, Refused
from server.domain.roles import Actor
from server.store import audit
from server.store.engine import reading, writing
from server.store.people import directory
from sync.log import Author, SyncInvalid
from sync.op import UUID
from sync.perform import import_batch

FORMAT = "jiban-outbox"
PHOTOS_MAX = 500


class UnknownAuthor(Exception):
    """The file's author is nobody of this town."""


def import_outbox(
    at: PhotoDesk,
    handler: Operations,
    content: object,
    imported_by: Actor,
    now_ms: int,
    words: Callable[[str, Mapping[str, Any]], str],
) -> dict[str, Any]:
    """Carry out the operations of an exported outbox with the rights of its author, as the rules stand now.

    Answers `{results, photos}`: a line for each operation as a push would tell it, and for each photo whether
    its bytes are here now. Raises UnknownAuthor, SyncInvalid, SyncTooLarge.
    """
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise SyncInvalid("invalid_envelope", field="format")
    user = content.get("user")
    author_id = str(user.get("id") if isinstance(user, Mapping) else user)
    with reading(at.desk.engine) as connection:
        person = directory(connection).people.get(author_id)
    if person is None:
        raise UnknownAuthor
    author = Author(person.id, None, person)
    results = import_batch(
        at.desk.log,
        handler.for_import(imported_by),
        content,
        author,
        now_ms,
        imported_by=imported_by.id,
        words=words,
    )
    with writing(at.desk.engine) as connection:
        audit.append(connection, now_ms, imported_by.id, "outbox.import", person.id, operations=len(results))
    brought = content.get("photos")
    listed = brought[:PHOTOS_MAX] if isinstance(brought, list) else []
    return {"results": results, "photos": [_take_photo(at, person.id, each, now_ms) for each in listed]}


def _take_photo(at: PhotoDesk, author: str, raw: object, now_ms: int) -> dict[str, Any]:
    """The bytes of one photo, through the same door as an upload's; a bad one holds no other back."""
    photo = raw if isinstance(raw, dict) else {}
    id_, ticket, sha256 = (str(photo.get(name, "")).lower() for name in ("id", "ticket", "sha256"))
    if not UUID.fullmatch(id_) or not UUID.fullmatch(ticket) or len(sha256) != 64:
        return {"id": id_[:64], "state": "refused", "code": "invalid_args"}
    try:
        data = base64.b64decode(str(photo.get("data", "")), validate=True)
        here = photos.begin(
            at, author, id_, ticket, sha256, len(data), now_ms
        ).offset  # the phone may have begun
        upload = photos.append(at, author, id_, here, io.BytesIO(data[here:]), None, lambda: now_ms)
    except binascii.Error:
        return {"id": id_, "state": "refused", "code": "invalid_args"}
    except Refused as refused:
        return {"id": id_, "state": "refused", "code": refused.code}
    return {"id": id_, "state": "received" if upload.photo.received else "awaited"}
