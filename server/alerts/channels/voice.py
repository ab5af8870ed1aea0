"""A gateway that rings somebody up and reads the words: JSON `{"phone", "kind", "drill", "text"}` for each person."""

from collections.abc import Mapping

from server.alerts.channels import answers
from server.alerts.channels.json_post import JsonNotifier
from server.alerts.channels.kind import Field, Kind, Message


def _build(fields: Mapping[str, str], message: Message) -> JsonNotifier:
    payload = {"phone": message.target, "kind": message.kind, "drill": message.drill}
    return JsonNotifier(fields["url"], fields.get("token", ""), payload)


KIND = Kind(
    name="voice",
    scope="person",
    fields=(Field("url", secret=True, address=True), Field("token", secret=True, required=False)),
    build=_build,
    target=lambda reach: reach.phone,
    heard=answers.heard,
)
