"""What carries one claimed row to its channel."""

from dataclasses import dataclass

import orjson
import structlog
from py_vapid import Vapid02
from sqlalchemy.engine import Engine

from server.alerts import hosts, texts, vapid, webpush
from server.alerts.channels.kind import Message, Reach
from server.alerts.channels.registry import available
from server.alerts.channels.send import send, target_of
from server.alerts.outcome import Outcome
from server.alerts.wire import Wire
from server.config import SettingError, Settings
from server.store import channels
from server.store.contacts import Vault
from server.store.deliveries import PUSH, Claimed
from server.store.engine import reading

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Couriers:
    """Every way out. Called by many threads; never raises."""

    engine: Engine
    push: webpush.WebPush
    vault: Vault

    def __call__(self, row: Claimed, now_ms: int) -> Outcome:
        try:
            return self._push(row, now_ms) if row.channel == PUSH else self._channel(row)
        except Exception as error:
            logger.exception("courier_fault", channel=row.channel, error=type(error).__name__)
            return Outcome("retry", "fault")

    def _push(self, row: Claimed, now_ms: int) -> Outcome:
        if row.endpoint is None or row.p256dh is None or row.auth is None:
            return Outcome("gone", "no_subscription")
        to = webpush.Subscription(row.endpoint, row.p256dh, row.auth)
        life_s = max(0, (row.expires_at_ms - now_ms) // 1000)
        return self.push.send(to, row.alert or row.id, row.kind, now_ms // 1000, life_s)

    def _channel(self, row: Claimed) -> Outcome:
        if row.channel_row is None:
            return Outcome("failed", "channel_removed")
        with reading(self.engine) as connection:
            found = channels.find(connection, row.channel_row)
        if found is None or not found.enabled:
            return Outcome("failed", "channel_disabled")
        target = None
        kind = available().get(found.kind)
        if kind is not None and kind.target is not None:
            accounts = orjson.loads(row.accounts or "{}")
            target = target_of(found.kind, Reach(row.phone, row.email, accounts))
            if not target:
                return Outcome("failed", "not_reachable_there")
        said = Message(texts.text(row.kind, drill=row.drill), row.kind, row.drill, target)
        return send(found.kind, channels.unseal(self.vault, found), said)


def couriers_of(settings: Settings, engine: Engine) -> Couriers:
    """For these settings; raises SettingError."""
    wire = Wire(settings.alarm_threads)
    signer = vapid.Signer(vapid_of(settings), settings.push_subject)
    push = webpush.WebPush(wire, signer, widened_of(settings), settings.push_ttl_s)
    return Couriers(engine, push, channel_vault(settings))


def warm_up() -> None:
    """Load now what sending needs, so that the first alarm after a start does not wait for it."""
    webpush.load()
    available()


def vapid_of(settings: Settings) -> Vapid02:
    """The installation's key, made if there is none yet."""
    return vapid.keep_key(settings.master_key_file.with_name(vapid.FILE), lambda: settings.secret("vapid"))


def widened_of(settings: Settings) -> frozenset[tuple[str, int | None]]:
    try:
        return hosts.parse_widened(settings.push_hosts)
    except ValueError as error:
        raise SettingError(
            f"JIBAN_PUSH_HOSTS: {str(error)!r} is no host[:port]; separate several by commas."
        ) from None


def channel_vault(settings: Settings) -> Vault:
    """Opens what channels are configured with."""
    return Vault(settings.secret("contact"))
