"""Ids of the demo town are the same on every machine, so that loading it again repeats nothing."""

import uuid

_NAMESPACE = uuid.UUID("0c6f4a52-2f0b-5b0e-9d57-6a6962616e00")


def demo_id(*parts: str) -> str:
    """A UUID made from the words alone."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(parts)))
