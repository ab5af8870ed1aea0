"""A phone's outbox as a file, carried out at the office for its author (SYNC: client rules, export)."""

from collections.abc import Callable, Mapping
from typing import Any

from server.actions.desk import Desk
from server.actions.handler import TicketHandler
from server.store import audit
from server.store.engine import reading, writing
from server.store.people import directory
from sync.log import Author, SyncInvalid
from sync.perform import import_batch

FORMAT = "jiban-outbox"


class UnknownAuthor(Exception):
    """The file's author is nobody of this town."""


def import_outbox(
    desk: Desk,
    handler: TicketHandler,
    content: object,
    imported_by: str,
    now_ms: int,
    words: Callable[[str, Mapping[str, Any]], str],
) -> dict[str, Any]:
    """Carry out the operations of an exported outbox with the rights of its author, as the rules stand now.

    Answers `{results, photos}`: a line for each operation as a push would tell it, and the photos that the file
    carries and that still have to be stored. Raises UnknownAuthor, SyncInvalid, SyncTooLarge.
    """
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise SyncInvalid("invalid_envelope", field="format")
    user = content.get("user")
    author_id = str(user.get("id") if isinstance(user, Mapping) else user)
    with reading(desk.engine) as connection:
        person = directory(connection).people.get(author_id)
    if person is None:
        raise UnknownAuthor
    results = import_batch(
        desk.log,
        handler,
        content,
        Author(person.id, None, person),
        now_ms,
        imported_by=imported_by,
        words=words,
    )
    with writing(desk.engine) as connection:
        audit.append(connection, now_ms, imported_by, "outbox.import", person.id, operations=len(results))
    return {"results": results, "photos": []}
