"""The cursor: an opaque, authenticated token of a phone's place, bound to its user and device."""

import base64
import binascii
import hashlib
import hmac
import json

from sync.bucket import Lost, Positions

_SEAL_BYTES = 16


def seal(secret: bytes, user: str, device: str, epoch: str, positions: Positions) -> str:
    """The token. Most buckets stand at the same seq, which is written once."""
    common = max(positions.sent.values(), default=0)
    there = [b for b, sent in positions.sent.items() if sent == common and b not in positions.floors]
    others = {b: [sent, positions.floors.get(b, 0)] for b, sent in positions.sent.items() if b not in there}
    lost = {bucket: [one.drained, one.told, one.seen] for bucket, one in positions.lost.items()}
    body = [1, epoch, common, sorted(there), others, lost, positions.receipts, positions.seen]
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode()
    return base64.urlsafe_b64encode(_mac(secret, user, device, text) + text).decode().rstrip("=")


def unseal(secret: bytes, user: str, device: str, token: str) -> tuple[str, Positions] | None:
    """Epoch and place of a token, or None if it is not authentic for this user and device."""
    try:
        raw = base64.b64decode(
            token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True
        )
    except (ValueError, binascii.Error):
        return None
    mac, text = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
    if not hmac.compare_digest(mac, _mac(secret, user, device, text)):
        return None
    _, epoch, common, there, others, lost, receipts, seen = json.loads(text)
    return epoch, Positions(
        sent=dict.fromkeys(there, common) | {b: sent for b, (sent, _) in others.items()},
        floors={b: floor for b, (_, floor) in others.items() if floor},
        lost={b: Lost(*numbers) for b, numbers in lost.items()},
        receipts=receipts,
        seen=seen,
    )


def _mac(secret: bytes, user: str, device: str, text: bytes) -> bytes:
    whom = json.dumps(["cursor", user, device]).encode()
    return hmac.digest(secret, whom + text, hashlib.sha256)[:_SEAL_BYTES]
