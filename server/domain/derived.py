"""Ids of what the town makes by itself: the same cause, the same id, for ever."""

import uuid

_NAMESPACE = uuid.UUID("6a1b62f5-6e5b-5b7c-8a0f-696e74616b65")


def derived_id(*cause: str) -> str:
    """A UUID made from the words of the cause alone."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(cause)))
