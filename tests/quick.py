"""What makes tests quick and leaves their claims alone: cheap passwords, and folders in memory."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from argon2 import PasswordHasher

from server.actions import passwords

MEMORY = Path("/dev/shm")
ROOM = 4 << 30  # bytes; a container is often given no more than 64 MB


@contextmanager
def quick_passwords() -> Iterator[None]:
    """Hashes that cost nothing: the tests sign in some thousand times."""
    real, passwords._hasher = passwords._hasher, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords._hash_of_nobody.clear()
    try:
        yield
    finally:
        passwords._hasher = real
        passwords._hash_of_nobody.clear()


def memory_folder() -> str | None:
    """Memory for thousands of small databases, if there is enough: no COMMIT waits there for a disk."""
    roomy = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    return str(MEMORY) if roomy else None
