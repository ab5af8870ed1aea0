"""What a kind of channel says of itself. Adding one means adding a file here that holds a `KIND`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from server.alerts.outcome import Outcome

if TYPE_CHECKING:
    from apprise import NotifyBase

CONNECT_S = 3.0
READ_S = 5.0


class BadFields(Exception):
    """`fields`: name → required | invalid | unknown."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(", ".join(fields))
        self.fields = dict(fields)


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to be filled in. A `secret` is never shown again; to an `address` the other secrets are sent."""

    name: str
    secret: bool = False
    required: bool = True
    address: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be said, and to whom: `target` is a phone number, an address or an account; None for a group.

    `alert` and `kind` are for machines at the other end; `text` is for people and holds nothing of the matter.
    """

    text: str
    kind: str
    drill: bool
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """How a person can be reached beside the app."""

    phone: str | None = None
    email: str | None = None
    accounts: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of channel.

    `build(fields, message)` makes apprise's notifier; ValueError or TypeError if the fields do not fit.
    `target(reach)`: what of a person it needs; None: a group needs nobody.
    `heard(notifier)`: what the other side answered, for services that say 200 and mean no.
    """

    name: str
    scope: Literal["group", "person"]
    fields: tuple[Field, ...]
    build: "Callable[[Mapping[str, str], Message], NotifyBase]"
    target: Callable[[Reach], str | None] | None = None
    heard: "Callable[[NotifyBase], Outcome | None] | None" = None
