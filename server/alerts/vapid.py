"""The key by which push services know this installation (RFC 8292), and the header it signs for each of them."""

import base64
import os
import threading
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02

FILE = "vapid.pem"
LIFE_S = 12 * 3600  # at most 24 h are allowed; a phone's clock plays no part, the push service's does
RENEW_S = 3600
# The order of P-256, to which a secret number is brought down.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def keep_key(path: Path, secret: Callable[[], bytes]) -> Vapid02:
    """The key in the file; made from 32 secret bytes if there is none.

    It comes from the master key, so that two servers of one town make the same one. The file wins: a key that
    phones have subscribed with stays, whatever becomes of the way it is made.
    """
    if not path.exists():
        _write(path, _from_secret(secret()))
    return Vapid02.from_pem(path.read_bytes())


def public_key(vapid: Vapid02) -> str:
    """As `pushManager.subscribe()` takes it: the point, uncompressed, base64url."""
    point = vapid.public_key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return base64.urlsafe_b64encode(point).decode().rstrip("=")


def _from_secret(secret: bytes) -> bytes:
    number = int.from_bytes(secret, "big") % (_ORDER - 1) + 1
    return ec.derive_private_key(number, ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, pem: bytes) -> None:
    """Whole or not at all, and never over one that is there, however many processes start at once."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(partial)
    except FileExistsError:
        pass
    finally:
        partial.unlink()


class Signer:
    """Signs one header per push service and keeps it for an hour: a signature costs more than a message."""

    def __init__(self, vapid: Vapid02, subject: str) -> None:
        self._vapid = vapid
        self._subject = subject
        self._lock = threading.Lock()
        self._headers: dict[str, tuple[int, str]] = {}

    def authorization(self, origin: str, now_s: int) -> str:
        with self._lock:
            made_s, header = self._headers.get(origin, (-RENEW_S, ""))
            if not header or not made_s <= now_s < made_s + RENEW_S:  # also when the clock was set back
                claims = {"sub": self._subject, "aud": origin, "exp": now_s + LIFE_S}
                header = str(self._vapid.sign(claims)["Authorization"])
                self._headers[origin] = (now_s, header)
            return header
