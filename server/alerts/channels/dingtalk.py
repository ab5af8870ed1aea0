"""A DingTalk (钉钉) group robot; with `secret` its messages are signed."""

import urllib.parse
from collections.abc import Mapping
from typing import Any

from apprise.plugins.dingtalk import NotifyDingTalk

from server.alerts.channels import answers
from server.alerts.channels.asset import ASSET
from server.alerts.channels.kind import Field, Kind, Message

BUSY = frozenset({-1, 130101, 410100})  # the service is busy; too many messages


class _Robot(NotifyDingTalk):  # type: ignore[misc]  # apprise has no types
    def send(self, body: str, **_: Any) -> bool:
        url = self.notify_url.format(token=urllib.parse.quote(self.token))
        if self.secret:
            at, signature = self.get_signature()
            url += f"&timestamp={at}&sign={signature}"
        payload = {"msgtype": "text", "text": {"content": body}, "at": {"isAtAll": True}}
        self.outcome = answers.post(url, payload, busy=BUSY, headers={})
        return self.outcome.state == "sent"


def _build(fields: Mapping[str, str], _message: Message) -> _Robot:
    robot = _Robot(token=fields["token"], secret=fields.get("secret") or None, asset=ASSET)
    if fields.get("server"):  # a DingTalk of one's own (专有钉钉)
        robot.notify_url = f"{fields['server'].rstrip('/')}/robot/send?access_token={{token}}"
    return robot


KIND = Kind(
    name="dingtalk",
    scope="group",
    fields=(
        Field("token", secret=True),
        Field("secret", secret=True, required=False),
        Field("server", required=False, address=True),
    ),
    build=_build,
    heard=answers.heard,
)
