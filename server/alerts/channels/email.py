"""E-mail over the town's own SMTP server."""

from collections.abc import Mapping

from apprise.plugins.email import NotifyEmail

from server.alerts.channels.asset import ASSET
from server.alerts.channels.kind import Field, Kind, Message

MODES = {"": "starttls", "starttls": "starttls", "ssl": "ssl", "none": "insecure"}


class _Letter(NotifyEmail):  # type: ignore[misc]  # apprise has no types
    socket_connect_timeout = 8  # seconds; also of each answer


def _build(fields: Mapping[str, str], message: Message) -> _Letter:
    mode = MODES.get(fields.get("security", ""))
    if mode is None:
        raise ValueError("security")
    port = fields.get("port", "")
    if port and not (port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError("port")
    if "@" not in fields["from"]:
        raise ValueError("from")
    return _Letter(
        smtp_host=fields["host"],
        host=fields["host"],
        port=int(port) if port else None,
        user=fields.get("user") or None,
        password=fields.get("password") or None,
        from_addr=fields["from"],
        targets=[message.target or fields["from"]],
        secure=mode != "insecure",
        secure_mode=mode,
        asset=ASSET,
    )


KIND = Kind(
    name="email",
    scope="person",
    fields=(
        Field("host", address=True),
        Field("from"),
        Field("port", required=False, address=True),
        Field("user", required=False),
        Field("password", secret=True, required=False),
        Field("security", required=False),  # starttls (default) | ssl | none
    ),
    build=_build,
    target=lambda reach: reach.email,
)
