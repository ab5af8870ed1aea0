"""What the JSON channels share: an http(s) address with, if it needs one, a token."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from apprise import NotifyBase

from server.alerts.channels import answers
from server.alerts.channels.asset import ASSET


class JsonNotifier(NotifyBase):  # type: ignore[misc]  # apprise has no types
    """Posts one JSON object; the answer's status and its `code`, if it has one, say whether it was taken."""

    service_name = "Jiban JSON"
    secure_protocol = "jibanjson"
    title_maxlen = 0
    body_maxlen = 2000

    def __init__(self, address: str, token: str, payload: Mapping[str, Any]) -> None:
        super().__init__(asset=ASSET)
        self.address = http_address(address)
        self.token = token
        self.payload = dict(payload)

    def send(self, body: str, **_: Any) -> bool:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        self.outcome = answers.post(
            self.address, self.payload | {"text": body}, busy=frozenset(), headers=headers
        )
        return self.outcome.state == "sent"

    def url(self, privacy: bool = False, *_: Any, **__: Any) -> str:  # noqa: ARG002 - apprise's signature
        """apprise names notifiers by this; ours tells nothing."""
        return "jibanjson://"


def http_address(address: str) -> str:
    """Raises ValueError("url") unless it is one."""
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError("url")
    return address
