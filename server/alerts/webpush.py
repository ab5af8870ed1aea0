"""An alert to one browser, over its push service: sealed for that browser, and without a word of the matter.

The message passes foreign push services, so it names the alert and its kind and nothing else (DOMAIN E, Push).
"""

import base64
import hashlib
from dataclasses import dataclass

import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from server.alerts import hosts
from server.alerts.outcome import Outcome, of_status
from server.alerts.vapid import Signer
from server.alerts.wire import Inside, Unreached, Wire

TOPIC_CHARS = 32


class BadKeys(Exception):
    """`field` of the subscription is not what RFC 8291 asks for."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, slots=True)
class Subscription:
    endpoint: str
    p256dh: str
    auth: str


def check_keys(p256dh: str, auth: str) -> None:
    """p256dh is a point on P-256, uncompressed; auth is 16 bytes. Raises BadKeys."""
    point = _decoded(p256dh, "p256dh")
    if len(point) != 65:
        raise BadKeys("p256dh")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise BadKeys("p256dh") from None
    if len(_decoded(auth, "auth")) != 16:
        raise BadKeys("auth")


def _decoded(text: str, field: str) -> bytes:
    bare = text.rstrip("=")
    if not bare.isascii() or not all(c.isalnum() or c in "-_" for c in bare):
        raise BadKeys(field)
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except ValueError:
        raise BadKeys(field) from None


def payload(alert: str, kind: str) -> bytes:
    """All that a push says."""
    return orjson.dumps({"v": 1, "alert": alert, "kind": kind})


def topic(alert: str) -> str:
    """A later message of the same alert replaces one that waits at the push service (RFC 8030, 5.4)."""
    return base64.urlsafe_b64encode(hashlib.sha256(alert.encode()).digest()).decode()[:TOPIC_CHARS]


def load() -> None:
    """Bring in what seals a message: a second of work that no alarm shall wait for."""
    import pywebpush  # noqa: F401


class WebPush:
    """Sends to subscriptions. Safe for many threads."""

    def __init__(
        self, wire: Wire, signer: Signer, widened: frozenset[tuple[str, int | None]], ttl_s: int
    ) -> None:
        self._wire = wire
        self._signer = signer
        self._widened = widened
        self._ttl_s = ttl_s

    def send(self, to: Subscription, alert: str, kind: str, now_s: int, life_s: int) -> Outcome:
        """`life_s`: how long the message is worth delivering; the push service keeps it no longer than that."""
        try:
            endpoint = hosts.check(to.endpoint, self._widened)
        except hosts.HostNotAllowed:
            return Outcome("failed", "host_not_allowed")  # the setting was narrowed since he subscribed
        try:
            body = self._sealed(to, payload(alert, kind))
        except BadKeys:
            return Outcome("failed", "bad_keys")
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(max(0, min(self._ttl_s, life_s))),
            "Urgency": "high",
            "Topic": topic(alert),
            "Authorization": self._signer.authorization(endpoint.origin, now_s),
        }
        try:
            answer = self._wire.post(endpoint, body, headers)
        except Inside:
            return Outcome("failed", "host_not_allowed")
        except Unreached as error:
            return Outcome("retry", error.code)
        return of_status(answer.status, answer.retry_after_s)

    @staticmethod
    def _sealed(to: Subscription, data: bytes) -> bytes:
        """pywebpush is loaded by who sends, for it brings 13 MB along that a web process never needs."""
        from pywebpush import WebPusher, WebPushException

        info = {"endpoint": to.endpoint, "keys": {"p256dh": to.p256dh, "auth": to.auth}}
        try:
            return bytes(WebPusher(info).encode(data, "aes128gcm")["body"])
        except (WebPushException, ValueError, TypeError):
            raise BadKeys("keys") from None
