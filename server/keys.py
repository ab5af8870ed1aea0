"""The installation's master key: made once, for a new installation only."""

import os
import secrets
from pathlib import Path


def make_master_key(path: Path) -> None:
    """Write a new key, readable by its owner only; never over one that is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
