"""Checksum and count per bucket: how a phone proves that it is whole.

A bucket's checksum is the sum modulo 2**64 of the first 8 bytes (big-endian) of SHA-256(`type|id|rev`) over
its live rows, as 16 hex digits. A sum, so that the writing transaction keeps it by subtracting and adding.
"""

import hashlib
from collections.abc import Iterable

from sync.log import Change, Row

MODULUS = 2**64


def mark(type_: str, id_: str, rev: int) -> int:
    """What one row adds to the checksum of each bucket that holds it."""
    return int.from_bytes(hashlib.sha256(f"{type_}|{id_}|{rev}".encode()).digest()[:8], "big")


def shown(checksum: int) -> str:
    """16 hex digits."""
    return f"{checksum:016x}"


def deltas(changes: Iterable[tuple[Row | None, Change]]) -> dict[str, tuple[int, int]]:
    """What these changes (row before, row now) add to count and checksum, per bucket; modulo 2**64."""
    found: dict[str, tuple[int, int]] = {}
    for before, now in changes:
        if before is not None:
            out = mark(before.type, before.id, before.rev)
            for bucket in before.buckets:
                count, total = found.get(bucket, (0, 0))
                found[bucket] = count - 1, (total - out) % MODULUS
        if now.buckets:
            added = mark(now.type, now.id, now.rev)
            for bucket in now.buckets:
                count, total = found.get(bucket, (0, 0))
                found[bucket] = count + 1, (total + added) % MODULUS
    return found
