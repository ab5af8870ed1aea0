"""Passwords: hashed with argon2id, two at a time, so that a rush of sign-ins cannot take all memory."""

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LENGTH_MIN = 8
LENGTH_MAX = 200
# OWASP's least: 19 MiB, two passes, one lane. More lanes or memory would multiply by the server's threads.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_at_once = threading.BoundedSemaphore(2)
# Letters and digits that cannot be taken for one another when a password is read out on the phone.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"


def hashed(password: str) -> str:
    with _at_once:
        return _hasher.hash(password)


def holds(password_hash: str, password: str) -> bool:
    """Whether the password is the one that was hashed."""
    try:
        with _at_once:
            return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def spend_the_time_of_a_check(password: str) -> None:
    """For a name that nobody has: an answer that came sooner would tell so."""
    holds(_nobody(), password)


_hash_of_nobody: list[str] = []


def _nobody() -> str:
    if not _hash_of_nobody:
        _hash_of_nobody.append(hashed(secrets.token_urlsafe(24)))
    return _hash_of_nobody[0]


def temporary() -> str:
    """A password for the first sign-in, to be told by the administrator: 12 readable characters."""
    groups = ("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(3))
    return "-".join(groups)


def weak(password: str, username: str, current: str) -> bool:
    """Too short or long, the user name, or the one it should replace (NIST SP 800-63B: length first)."""
    too_short = not LENGTH_MIN <= len(password) <= LENGTH_MAX
    return too_short or password.lower() == username.lower() or password == current
