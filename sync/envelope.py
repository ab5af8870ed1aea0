"""The envelope of a push and the request of a pull, checked as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sync.clock import finite, parse_rfc3339
from sync.log import SyncInvalid, SyncTooLarge
from sync.op import MAX_SAFE_INT, UUID, Broken, Op, parse_op

MAX_OPS = 100
PAGE_DEFAULT = 500
PAGE_MAX = 1_000
MAX_BUCKETS = 200


@dataclass(frozen=True, slots=True)
class Envelope:
    """A push. `offset_ms` and `sent_at_ms` are the device's claims about its clock."""

    user: str
    device: str
    epoch: str | None
    sent_at_ms: int | None
    offset_ms: float | None
    offset_uncertainty_ms: float | None
    ops: list[Op | Broken]


@dataclass(frozen=True, slots=True)
class Request:
    """A pull."""

    user: str
    device: str
    cursor: str | None
    limit: int
    digest: bool
    refill: list[str]


def read_envelope(raw: object) -> Envelope:
    """The push, its operations parsed each by itself. Raises SyncInvalid, SyncTooLarge."""
    body = _object(raw)
    user, device = _who(body)
    epoch = body.get("epoch")
    if epoch is not None and not isinstance(epoch, str):
        raise SyncInvalid("invalid_envelope", field="epoch")
    ops = body.get("ops")
    if not isinstance(ops, list):
        raise SyncInvalid("invalid_envelope", field="ops")
    if len(ops) > MAX_OPS:
        raise SyncTooLarge("too_large", limit=MAX_OPS)
    return Envelope(
        user,
        device,
        epoch,
        _moment(body.get("sent_at")),
        finite(body.get("offset_ms")),
        finite(body.get("offset_uncertainty_ms")),
        [_numbered(op, index) for index, op in enumerate(ops)],
    )


def read_request(raw: object) -> Request:
    """The pull. Raises SyncInvalid."""
    body = _object(raw)
    user, device = _who(body)
    cursor, limit = body.get("cursor"), body.get("limit", PAGE_DEFAULT)
    if cursor is not None and not isinstance(cursor, str):
        raise SyncInvalid("invalid_envelope", field="cursor")
    if type(limit) is not int or limit < 1:
        raise SyncInvalid("invalid_envelope", field="limit")
    refill = body.get("refill") or []
    if (
        not isinstance(refill, list)
        or len(refill) > MAX_BUCKETS
        or not all(isinstance(b, str) for b in refill)
    ):
        raise SyncInvalid("invalid_envelope", field="refill")
    return Request(user, device, cursor, min(limit, PAGE_MAX), body.get("digest") is True, refill)


def _object(raw: object) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise SyncInvalid("invalid_envelope", field="")
    return raw


def _who(body: Mapping[str, Any]) -> tuple[str, str]:
    user, device = body.get("user"), body.get("device")
    if not isinstance(user, str) or not user:
        raise SyncInvalid("invalid_envelope", field="user")
    if not isinstance(device, str) or not UUID.fullmatch(device.lower()):
        raise SyncInvalid("invalid_envelope", field="device")
    return user.lower(), device.lower()


def _numbered(raw: object, index: int) -> Op | Broken:
    n = raw.get("n") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or type(n) is not int or not 0 < n <= MAX_SAFE_INT:
        raise SyncInvalid("invalid_envelope", field=f"ops.{index}.n")
    return parse_op(raw, n)


def _moment(text: object) -> int | None:
    """`sent_at` speaks of a clock, and nothing is refused for a clock."""
    try:
        return parse_rfc3339(text) if isinstance(text, str) else None
    except ValueError:
        return None
