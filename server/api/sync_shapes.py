"""The sync wire for the OpenAPI description. `sync/envelope.py` and `sync/op.py` do the checking."""

from typing import Any

from marshmallow import Schema, fields, validate

from server.api.document_shapes import TicketDocument
from server.api.incident_shapes import IncidentDocument
from server.api.shape_fields import TRUSTS

FIRST_OUTCOMES = ("applied", "kept", "refused")
OUTCOMES = (*FIRST_OUTCOMES, "duplicate")


DOCUMENT_TYPES = ("ticket", "incident", "alert", "alarm")
DOCUMENT_SHAPES: tuple[type[Schema], ...] = (TicketDocument, IncidentDocument)
"""Named in the description by themselves: a pull's row is one of several."""
_DOCUMENTS = [
    *({"$ref": f"#/components/schemas/{each.__name__}"} for each in DOCUMENT_SHAPES),
    {"type": "object", "required": ["kind", "raised_at"]},
]
_RESET = [{"type": "null"}, {"const": "all"}, {"type": "array", "items": {"type": "string"}}]


class Time(Schema):
    server_at = fields.String(required=True)
    anchor = fields.String(required=True)


class PushResult(Schema):
    id = fields.String(required=True, allow_none=True)
    n = fields.Integer(required=True, allow_none=True)
    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))
    first = fields.String(validate=validate.OneOf(FIRST_OUTCOMES))
    code = fields.String()
    message = fields.String()
    details = fields.Dict(keys=fields.String())
    rev = fields.Integer()


class PushAnswer(Schema):
    time = fields.Nested(Time, required=True)
    last_n = fields.Integer(required=True)
    results = fields.List(fields.Nested(PushResult), required=True)


class PullChange(Schema):
    """A row that changed, or left. Alerts and alarms are as at `/alerts` and `/alarms`, without deliveries."""

    type = fields.String(required=True, validate=validate.OneOf(DOCUMENT_TYPES))
    id = fields.String(required=True)
    rev = fields.Integer()
    buckets = fields.List(fields.String())
    doc = fields.Raw(metadata={"type": "object", "anyOf": _DOCUMENTS})
    gone = fields.String(validate=validate.OneOf(("moved", "closed", "merged")))
    into = fields.String()


class PullReceipt(Schema):
    id = fields.String(required=True)
    n = fields.Integer(required=True)
    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))
    first = fields.String(validate=validate.OneOf(FIRST_OUTCOMES))
    code = fields.String()
    message = fields.String()
    details = fields.Dict(keys=fields.String())
    rev = fields.Integer()
    occurred_at = fields.String(required=True)
    bounds = fields.List(fields.String(), required=True, validate=validate.Length(equal=2))
    trust = fields.String(required=True, validate=validate.OneOf(TRUSTS))
    received_at = fields.String(required=True)


class BucketDigest(Schema):
    count = fields.Integer(required=True)
    checksum = fields.String(required=True)


class PullAnswer(Schema):
    time = fields.Nested(Time, required=True)
    epoch = fields.String(required=True)
    cursor = fields.String(required=True)
    more = fields.Boolean(required=True)
    reset = fields.Raw(required=True, allow_none=True, metadata={"anyOf": _RESET})
    changes = fields.List(fields.Nested(PullChange), required=True)
    receipts = fields.List(fields.Nested(PullReceipt), required=True)
    digest = fields.Dict(keys=fields.String(), values=fields.Nested(BucketDigest))


_UUID = {"type": "string", "format": "uuid"}
_STRING_OR_NULL = {"type": ["string", "null"]}
_NUMBER_OR_NULL = {"type": ["number", "null"]}
_INTEGER_OR_NULL = {"type": ["integer", "null"]}

_CLOCK = {
    "type": ["object", "null"],
    "properties": {
        "anchor": {"type": "string"},
        "anchor_device_at": {"type": "string", "format": "date-time"},
        "anchor_mono_ms": _NUMBER_OR_NULL,
        "origin": {"type": "string"},
        "mono_ms": _NUMBER_OR_NULL,
        "uncertainty_ms": {"type": "number", "minimum": 0},
    },
}
_OPERATION = {
    "type": "object",
    "required": ["id", "n", "name"],
    "properties": {
        "id": _UUID,
        "n": {"type": "integer", "minimum": 1},
        "name": {"type": "string", "examples": ["ticket.arrive"]},
        "v": {"type": "integer", "minimum": 1},
        "subject": {"type": ["string", "null"], "format": "uuid"},
        "base": _INTEGER_OR_NULL,
        "at": {"type": ["string", "null"], "format": "date-time"},
        "clock": _CLOCK,
        "args": {"type": "object"},
    },
}


def _body(required: list[str], properties: dict[str, Any]) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["user", "device", *required],
        "properties": {"user": _UUID, "device": _UUID, "epoch": _STRING_OR_NULL, **properties},
    }
    return {"required": True, "content": {"application/json": {"schema": schema}}}


PUSH_BODY = _body(
    ["ops"],
    {
        "schema": {"type": "integer"},
        "sent_at": {"type": "string", "format": "date-time"},
        "offset_ms": _NUMBER_OR_NULL,
        "offset_uncertainty_ms": _NUMBER_OR_NULL,
        "ops": {"type": "array", "maxItems": 100, "items": _OPERATION},
    },
)
PULL_BODY = _body(
    [],
    {
        "schema": {"type": "integer"},
        "cursor": _STRING_OR_NULL,
        "limit": {"type": "integer", "minimum": 1, "default": 500},
        "digest": {"type": "boolean"},
        "refill": {"type": "array", "items": {"type": "string"}, "maxItems": 200},
    },
)
