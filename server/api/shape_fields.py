"""The fields that the descriptions of documents are made of, and the words that some of them may hold."""

from typing import Any

from marshmallow import Schema, fields, validate

from server.domain.roles import ROLES

FILE = {"type": "string", "format": "binary"}
DEADLINE_KINDS = ("acceptance", "arrival", "handling", "result")
TRUSTS = ("proven", "probable", "unverified")
OUTCOMES = ("applied", "kept", "refused")
SATISFACTIONS = ("very_satisfied", "satisfied", "fair", "unsatisfied")
FINDINGS = ("true", "partly_true", "untrue", "unverifiable")
RESOLUTIONS = ("resolved", "explained", "unresolved")
CRS = ("WGS84", "GCJ02")
AUTHOR_ROLES = (*ROLES, "city", "system")


def choice(*values: str, required: bool = True, allow_none: bool = False) -> fields.String:
    """One of the words that the field may hold."""
    return fields.String(required=required, allow_none=allow_none, validate=validate.OneOf(values))


def nested(shape: type[Schema], *, allow_none: bool = False) -> fields.Nested:
    """An object that is always there, or null."""
    return fields.Nested(shape, required=True, allow_none=allow_none)


def several(shape: type[Schema]) -> fields.List[Any]:
    """A list of objects, possibly empty."""
    return fields.List(fields.Nested(shape), required=True)


def string(*, allow_none: bool = False, told: str | None = None) -> fields.String:
    """A text or an instant that is always there, or null."""
    return fields.String(
        required=True, allow_none=allow_none, metadata={} if told is None else {"description": told}
    )


class NamedThing(Schema):
    """A person or unit by id, with the name to show."""

    id = fields.String(required=True)
    name = fields.String(required=True)
