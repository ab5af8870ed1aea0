"""A Feishu (飞书) group robot."""

from collections.abc import Mapping
from typing import Any

from apprise.plugins.feishu import NotifyFeishu

from server.alerts.channels import answers
from server.alerts.channels.asset import ASSET
from server.alerts.channels.kind import Field, Kind, Message

BUSY = frozenset({9499, 11232})  # too many messages


class _Robot(NotifyFeishu):  # type: ignore[misc]  # apprise has no types
    def send(self, body: str, **_: Any) -> bool:
        payload = {"msg_type": "text", "content": {"text": body}}
        self.outcome = answers.post(self.notify_url.format(token=self.token), payload, busy=BUSY, headers={})
        return self.outcome.state == "sent"


def _build(fields: Mapping[str, str], _message: Message) -> _Robot:
    robot = _Robot(token=fields["token"], asset=ASSET)
    if fields.get("server"):  # a Feishu of one's own (私有化部署)
        robot.notify_url = f"{fields['server'].rstrip('/')}/open-apis/bot/v2/hook/{{token}}"
    return robot


KIND = Kind(
    name="feishu",
    scope="group",
    fields=(Field("token", secret=True), Field("server", required=False, address=True)),
    build=_build,
    heard=answers.heard,
)
