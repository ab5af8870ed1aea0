"""Ids of operations that the town makes by itself: the same cause, the same operation, for ever."""

import uuid

_NAMESPACE = uuid.UUID("6a1b62f5-6e5b-5b7c-8a0f-696e74616b65")


def derived_id(*cause: str) -> str:
    """A UUID made from the words of the cause alone."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(cause)))


def missing_op_id(photo_id: str) -> str:
    """The operation that tells that a photo did not come; its item is settled by the photo's arrival."""
    return derived_id("photo-missing", photo_id)
