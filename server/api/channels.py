"""The configured channels beside app and push: robots of WeCom, DingTalk and Feishu, text messages, e-mail, voice."""

from typing import Any

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate
from sqlalchemy.engine import Connection

from server.actions import channels as action
from server.alerts.channels import send
from server.alerts.channels.kind import BadFields, Kind, Message, Reach
from server.alerts.channels.registry import FIELD_CHARS_MAX, available, check_fields
from server.alerts.outcome import Outcome
from server.api import json
from server.api.alert_shapes import KINDS
from server.api.context import desk, engine, language
from server.api.errors import Problem
from server.api.guard import actor, signed_in
from server.api.people_shapes import instant
from server.api.shape_fields import choice, several, string
from server.clock import now_ms
from server.store import channels, reach
from server.store.channels import Channel
from server.store.engine import reading, writing
from sync.op import uuid7

blp = Blueprint("channels", __name__, description="Channels beside app and push")

EDITORS = ("sys_admin", "office_lead")
READERS = (*EDITORS, "duty_room")
SCOPES = ("group", "person")
STATES = ("sent", "failed", "gone")
FIELDS_MAX = 20
TEST_TEXT = {
    "zh-CN": "【即办】渠道测试：收到这条消息，说明该渠道可用。",
    "en": "[Jiban] Channel test: this message shows that the channel works.",
}


class ChannelField(Schema):
    name = string()
    secret = fields.Boolean(required=True)
    required = fields.Boolean(required=True)


class AvailableKind(Schema):
    kind = string()
    scope = choice(*SCOPES)
    fields_ = fields.List(fields.Nested(ChannelField), required=True, data_key="fields")


class ChannelShape(Schema):
    id = string()
    kind = string()
    name = string()
    enabled = fields.Boolean(required=True)
    scope = choice(*SCOPES)
    kinds = fields.List(choice(*KINDS), required=True, metadata={"description": "empty: all"})
    fields_ = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        data_key="fields",
        metadata={"description": "secrets masked but for their last four characters"},
    )
    created_at = string()
    last_at = string(allow_none=True)
    last_state = string(allow_none=True)
    last_error = string(allow_none=True)


class Channels(Schema):
    items = several(ChannelShape)
    available = several(AvailableKind)


_VALUES = fields.String(validate=validate.Length(max=FIELD_CHARS_MAX))


class ChangedChannel(Schema):
    name = fields.String(required=True, validate=validate.Length(1, 80))
    enabled = fields.Boolean(load_default=True)
    kinds = fields.List(
        fields.String(validate=validate.OneOf(KINDS)),
        load_default=list,
        validate=validate.Length(max=len(KINDS)),
    )
    fields_ = fields.Dict(
        keys=fields.String(validate=validate.Length(1, 40)),
        values=_VALUES,
        required=True,
        data_key="fields",
        validate=validate.Length(max=FIELDS_MAX),
        metadata={"description": "a secret left out, or sent as its mask, stays as it was"},
    )
    kind = fields.String(validate=validate.Length(1, 20), metadata={"description": "cannot be changed"})
    scope = fields.String(validate=validate.OneOf(SCOPES), metadata={"description": "follows from the kind"})


class NewChannel(ChangedChannel):
    kind = fields.String(required=True, validate=validate.Length(1, 20))


class TestAnswer(Schema):
    state = choice(*STATES)
    error = string(allow_none=True, told="a code, never what the other side said")
    ms = fields.Integer(required=True)


@blp.route("/channels", methods=["GET"])
@signed_in(*READERS)
@blp.response(200, Channels)
def list_channels() -> Response:
    """The configured channels, and which kinds there are to configure."""
    with reading(engine()) as connection:
        found = channels.everyone(connection)
    kinds = [
        {"kind": kind.name, "scope": kind.scope, "fields": [_field(each) for each in kind.fields]}
        for kind in available().values()
    ]
    return _no_store(json.answer({"items": [_shown(each) for each in found], "available": kinds}))


@blp.route("/channels", methods=["POST"])
@signed_in(*EDITORS)
@blp.arguments(NewChannel)
@blp.response(201, ChannelShape)
def create_channel(body: dict[str, Any]) -> Response:
    """Configure a channel. What it needs stands under `available`; secrets are sealed and never shown again."""
    kind = _kind(body["kind"])
    _fits(kind, body)
    now = now_ms()
    filled = action.merged({}, body["fields_"], frozenset())
    _check(kind, filled)
    new = Channel(
        uuid7(now), kind.name, body["name"], body["enabled"], kind.scope, tuple(body["kinds"]), b"", now
    )
    with writing(engine()) as connection:
        action.create(connection, desk().vault, actor(), new, filled, now)
    return _one(new.id, 201)


@blp.route("/channels/<uuid:channel_id>", methods=["PUT"])
@signed_in(*EDITORS)
@blp.arguments(ChangedChannel)
@blp.response(200, ChannelShape)
def change_channel(body: dict[str, Any], channel_id: Any) -> Response:
    """Change a channel's name, fields, and what it carries. With another address its secrets are wanted anew."""
    with writing(engine()) as connection:
        old = _found(connection, str(channel_id))
        kind = _kind(old.kind)
        _fits(kind, body)
        secrets = frozenset(each.name for each in kind.fields if each.secret)
        kept, given = channels.unseal(desk().vault, old), body["fields_"]
        filled = action.merged(kept, given, secrets)
        _check(kind, filled)
        addresses = frozenset(each.name for each in kind.fields if each.address)
        astray = action.astray(kept, given, filled, addresses, secrets)
        if astray:
            raise Problem(422, "secrets_anew", field=astray[0], fields=astray)
        new = Channel(
            old.id,
            old.kind,
            body["name"],
            body["enabled"],
            old.scope,
            tuple(body["kinds"]),
            b"",
            old.created_at,
        )
        action.change(connection, desk().vault, actor(), old, new, filled, now_ms())
    return _one(str(channel_id), 200)


@blp.route("/channels/<uuid:channel_id>", methods=["DELETE"])
@signed_in(*EDITORS)
@blp.response(204)
def remove_channel(channel_id: Any) -> Response:
    """Take a channel away."""
    with writing(engine()) as connection:
        action.remove(connection, actor(), _found(connection, str(channel_id)), now_ms())
    return Response(status=204)


@blp.route("/channels/<uuid:channel_id>/test", methods=["POST"])
@signed_in(*EDITORS)
@blp.response(200, TestAnswer)
def try_channel(channel_id: Any) -> Response:
    """Send a real message through the channel: to its group, or to the caller's own number or address."""
    with reading(engine()) as connection:
        tested = _found(connection, str(channel_id))
        known = reach.find(connection, actor().id)
    kind = _kind(tested.kind)
    target = kind.target(Reach(known.phone, known.email, known.accounts)) if kind.target is not None else None
    outcome, ms = Outcome("failed", "no_target"), 0
    if kind.target is None or target is not None:
        message = Message(TEST_TEXT[language()], "test", drill=True, target=target)
        outcome, ms = send.test(tested.kind, channels.unseal(desk().vault, tested), message)
    state = outcome.state if outcome.state in STATES else "failed"  # `retry` is the outbox's, not ours
    action.note_test(engine(), actor(), tested, state, outcome.error, now_ms())
    return _no_store(json.answer({"state": state, "error": outcome.error, "ms": ms}))


def _kind(name: str) -> Kind:
    kind = available().get(name)
    if kind is None:
        raise Problem(422, "invalid_args", field="kind", reason="not_one_of", choices=list(available()))
    return kind


def _fits(kind: Kind, body: dict[str, Any]) -> None:
    for name, right in (("kind", kind.name), ("scope", kind.scope)):
        if body.get(name, right) != right:
            raise Problem(422, "invalid_args", field=name, reason="not_one_of", choices=[right])


def _check(kind: Kind, filled: dict[str, str]) -> None:
    try:
        check_fields(kind, filled)
    except BadFields as bad:
        first = next(iter(bad.fields))
        raise Problem(422, "invalid_args", field=first, reason=bad.fields[first], fields=bad.fields) from None


def _found(connection: Connection, channel_id: str) -> Channel:
    found = channels.find(connection, channel_id)
    if found is None:
        raise Problem(404, "not_found")
    return found


def _one(channel_id: str, status: int) -> Response:
    with reading(engine()) as connection:
        found = _found(connection, channel_id)
    return _no_store(json.answer(_shown(found), status))


def _shown(one: Channel) -> dict[str, Any]:
    kind = available().get(one.kind)
    shown = {each.name for each in kind.fields if not each.secret} if kind else set()
    opened = channels.unseal(desk().vault, one)
    return {
        "id": one.id,
        "kind": one.kind,
        "name": one.name,
        "enabled": one.enabled,
        "scope": one.scope,
        "kinds": list(one.kinds),
        "fields": {name: value if name in shown else action.masked(value) for name, value in opened.items()},
        "created_at": instant(one.created_at),
        "last_at": instant(one.last_at),
        "last_state": one.last_state,
        "last_error": one.last_error,
    }


def _field(each: Any) -> dict[str, Any]:
    return {"name": each.name, "secret": each.secret, "required": each.required}


def _no_store(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
