"""One message over one configured channel."""

import time
from collections.abc import Mapping

import structlog

from server.alerts.channels.kind import BadFields, Kind, Message, Reach
from server.alerts.channels.registry import available, check_fields
from server.alerts.outcome import SENT, Outcome

logger = structlog.get_logger(__name__)


def send(kind_name: str, fields: Mapping[str, str], message: Message) -> Outcome:
    """Never raises: what goes wrong in a plugin is an outcome like any other."""
    kind = available().get(kind_name)
    if kind is None:
        return Outcome("failed", "unknown_channel")
    if not fields:
        return Outcome("failed", "cannot_open")  # sealed with another key
    try:
        check_fields(kind, fields)
        return _send(kind, fields, message)
    except BadFields:
        return Outcome("failed", "bad_fields")
    except Exception as error:  # noqa: BLE001 - a plugin of the town's own may raise anything
        logger.warning("channel_fault", channel=kind_name, error=type(error).__name__)
        return Outcome("retry", "channel_fault")


def _send(kind: Kind, fields: Mapping[str, str], message: Message) -> Outcome:
    notifier = kind.build(fields, message)
    told = notifier.notify(body=message.text)
    heard = kind.heard(notifier) if kind.heard else None
    if heard is not None:
        return heard
    return SENT if told else Outcome("retry", "channel_refused")


def target_of(kind_name: str, reach: Reach) -> str | None:
    """What of a person this kind of channel needs; None if it is not known of him."""
    kind = available().get(kind_name)
    return kind.target(reach) if kind and kind.target else None


def test(kind_name: str, fields: Mapping[str, str], message: Message) -> tuple[Outcome, int]:
    """The same for the test button → (outcome, how many milliseconds it took)."""
    began = time.perf_counter()
    outcome = send(kind_name, fields, message)
    return outcome, round((time.perf_counter() - began) * 1000)
