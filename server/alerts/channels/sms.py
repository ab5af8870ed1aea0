"""An SMS gateway, as an example: copy this file for the gateway that the town has.

What to change in the copy: `NAME`, the `fields` that the gateway's contract names (account, signature, number of
the template approved by the carrier) and `_request`, which puts them into the gateway's own words. Chinese
gateways send approved templates only, so the words of `server.alerts.texts` go into the template, and only its
variables travel. The rest (retries, deadlines, the test button, who is told) is the outbox's.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from apprise import NotifyBase

from server.alerts.channels import answers
from server.alerts.channels.asset import ASSET
from server.alerts.channels.json_post import http_address
from server.alerts.channels.kind import Field, Kind

NAME = "sms"


class SmsGateway(NotifyBase):  # type: ignore[misc]  # apprise has no types
    """A custom apprise plugin: one text message to one number."""

    service_name = "SMS gateway"
    secure_protocol = "jibansms"
    title_maxlen = 0
    body_maxlen = 70  # one Chinese text message

    def __init__(self, fields: Mapping[str, str], phone: str | None) -> None:
        super().__init__(asset=ASSET)
        self.address = http_address(fields["url"])
        self.fields = dict(fields)
        self.phone = phone

    def _request(self, body: str) -> tuple[dict[str, Any], dict[str, str]]:
        """(body, headers) as the gateway wants them; here: signed with the account's secret."""
        payload = {
            "account": self.fields["account"],
            "phone": self.phone,
            "sign": self.fields["sign"],
            "template": self.fields.get("template", ""),
            "text": body,
        }
        text = json.dumps(payload, ensure_ascii=False, sort_keys=True).encode()
        return payload, {
            "X-Signature": hmac.new(self.fields["secret"].encode(), text, hashlib.sha256).hexdigest()
        }

    def send(self, body: str, **_: Any) -> bool:
        payload, headers = self._request(body)
        self.outcome = answers.post(self.address, payload, busy=frozenset(), headers=headers)
        return self.outcome.state == "sent"

    def url(self, privacy: bool = False, *_: Any, **__: Any) -> str:  # noqa: ARG002 - apprise's signature
        """apprise names notifiers by this; ours tells nothing."""
        return f"jiban{NAME}://"


KIND = Kind(
    name=NAME,
    scope="person",
    fields=(
        Field("url", address=True),
        Field("account"),
        Field("secret", secret=True),
        Field("sign"),
        Field("template", required=False),
    ),
    build=lambda fields, message: SmsGateway(fields, message.target),
    target=lambda reach: reach.phone,
    heard=answers.heard,
)
