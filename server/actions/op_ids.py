"""Ids of operations that the town makes by itself: the same cause, the same operation, for ever."""

from server.domain.derived import derived_id

__all__ = ["derived_id", "missing_op_id"]


def missing_op_id(photo_id: str) -> str:
    """The operation that tells that a photo did not come; its item is settled by the photo's arrival."""
    return derived_id("photo-missing", photo_id)
