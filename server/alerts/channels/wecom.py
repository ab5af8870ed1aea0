"""A WeCom (企业微信) group robot."""

from collections.abc import Mapping
from typing import Any

from apprise.plugins.wecombot import NotifyWeComBot

from server.alerts.channels import answers
from server.alerts.channels.asset import ASSET
from server.alerts.channels.kind import Field, Kind, Message

BUSY = frozenset({-1, 45009, 45033})  # the service is busy; too many messages


class _Robot(NotifyWeComBot):  # type: ignore[misc]  # apprise has no types
    def send(self, body: str, **_: Any) -> bool:
        payload = {"msgtype": "text", "text": {"content": body}}
        self.outcome = answers.post(self.api_url, payload, busy=BUSY, headers={})
        return self.outcome.state == "sent"


def _build(fields: Mapping[str, str], _message: Message) -> _Robot:
    robot = _Robot(key=fields["key"], asset=ASSET)
    if fields.get("server"):  # a WeCom of one's own (私有化部署, 政务微信)
        robot.api_url = f"{fields['server'].rstrip('/')}/cgi-bin/webhook/send?key={robot.key}"
    return robot


KIND = Kind(
    name="wecom",
    scope="group",
    fields=(Field("key", secret=True), Field("server", required=False, address=True)),
    build=_build,
    heard=answers.heard,
)
