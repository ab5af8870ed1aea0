"""Any receiver of the town's own that takes JSON: `{"kind", "drill", "text"}`, one message per alarm and rung."""

from collections.abc import Mapping

from server.alerts.channels import answers
from server.alerts.channels.json_post import JsonNotifier
from server.alerts.channels.kind import Field, Kind, Message


def _build(fields: Mapping[str, str], message: Message) -> JsonNotifier:
    payload = {"kind": message.kind, "drill": message.drill}
    return JsonNotifier(fields["url"], fields.get("token", ""), payload)


KIND = Kind(
    name="webhook",
    scope="group",
    fields=(Field("url", secret=True, address=True), Field("token", secret=True, required=False)),
    build=_build,
    heard=answers.heard,
)
