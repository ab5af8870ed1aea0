"""Complainants' contact data at rest: sealed with AES-256-GCM, found again by keyed hashes (DOMAIN E, PII)."""

import hashlib
import hmac
import os
from typing import Any

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
_VERSION = b"\x01"


class Vault:
    """Seals and opens contact data with keys derived from one secret of 32 bytes or more."""

    def __init__(self, secret: bytes) -> None:
        """`secret` comes from `JIBAN_DATA/keys`; a short one is a mistake of the set-up, not of a user."""
        if len(secret) < 32:
            raise ValueError("the contact key needs at least 32 bytes")
        self._cipher = AESGCM(_derive(secret, b"contact"))
        self._hash_key = _derive(secret, b"fingerprint")

    def seal(self, ticket_id: str, part: str, data: dict[str, Any]) -> bytes:
        """`data` as bytes that only open for this ticket and part: a row copied elsewhere stays shut."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, orjson.dumps(data), _bound_to(ticket_id, part))

    def open(self, ticket_id: str, part: str, sealed: bytes) -> dict[str, Any]:
        """The data sealed for this ticket and part; raises `cryptography.exceptions.InvalidTag` otherwise."""
        nonce, box = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        opened: dict[str, Any] = orjson.loads(self._cipher.decrypt(nonce, box, _bound_to(ticket_id, part)))
        return opened

    def fingerprint(self, field: str, value: Any) -> str:
        """A keyed hash of one value in one field: equal values compare equal, nothing can be read back."""
        text = field.encode() + b"\x00" + orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        return hmac.new(self._hash_key, text, hashlib.sha256).hexdigest()

    def phone_hash(self, phone: str | None) -> str | None:
        """The caller's number as a keyed hash of its digits, or None."""
        digits = "".join(c for c in phone or "" if c.isdigit())
        return self.fingerprint("phone", digits) if digits else None


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return hmac.new(secret, b"jiban/" + purpose, hashlib.sha256).digest()


def _bound_to(ticket_id: str, part: str) -> bytes:
    return f"{ticket_id}|{part}".encode()
