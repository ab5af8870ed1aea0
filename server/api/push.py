"""Where a browser's push service takes messages for a device, and what each device says of itself."""

import uuid
from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields, validate

from server.alerts import hosts, vapid, webpush
from server.alerts.couriers import vapid_of, widened_of
from server.api.context import engine, log, settings
from server.api.errors import Problem
from server.api.guard import actor, signed_in
from server.clock import now_ms
from server.store import deliveries, people_rows, subscriptions
from server.store.deliveries import PUSH, TEST
from server.store.engine import reading
from server.store.oplog import Writing
from server.store.subscriptions import Reported, Subscribed
from sync.log import transact

T = TypeVar("T")

blp = Blueprint("push", __name__, description="Web Push to one's own devices")

TEST_LIFE_MS = 60_000
PERMISSIONS = ("granted", "denied", "default", "unsupported")


class PushKey(Schema):
    public_key = fields.String(
        required=True, metadata={"description": "VAPID, as `pushManager.subscribe()` takes it"}
    )


class SubscriptionKeys(Schema):
    p256dh = fields.String(required=True, validate=validate.Length(min=1, max=120))
    auth = fields.String(required=True, validate=validate.Length(min=1, max=40))


class BrowserSubscription(Schema):
    class Meta:
        unknown = "exclude"  # browsers add `expirationTime` and more

    endpoint = fields.String(required=True, validate=validate.Length(min=1, max=4000))
    keys = fields.Nested(SubscriptionKeys(unknown="exclude"), required=True)


class NewSubscription(Schema):
    class Meta:
        unknown = RAISE

    device = fields.UUID(required=True)
    subscription = fields.Nested(BrowserSubscription, required=True)


class KeptSubscription(Schema):
    device = fields.UUID(required=True)
    host = fields.String(required=True, metadata={"description": "which push service it is"})


class DeviceReport(Schema):
    class Meta:
        unknown = RAISE

    permission = fields.String(required=True, validate=validate.OneOf(PERMISSIONS))
    subscribed = fields.Boolean(required=True)
    reason = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))
    platform = fields.String(load_default="", validate=validate.Length(max=80))
    installed = fields.Boolean(load_default=False)


class DeviceState(Schema):
    subscribed = fields.Boolean(
        required=True, metadata={"description": "a subscription of this device is kept here"}
    )
    gone = fields.Boolean(
        required=True, metadata={"description": "its push service says that it is no more: subscribe anew"}
    )


class PushTest(Schema):
    class Meta:
        unknown = RAISE

    device = fields.UUID(required=True)


class StartedTest(Schema):
    delivery = fields.UUID(required=True)


class TestState(Schema):
    state = fields.String(required=True)
    error = fields.String(required=True, allow_none=True)


@blp.route("/push/key", methods=["GET"])
@signed_in()
@blp.response(200, PushKey)
def push_key() -> dict[str, str]:
    """The key with which this installation's messages are signed."""
    return {"public_key": vapid.public_key(vapid_of(settings()))}


@blp.route("/push/subscriptions", methods=["POST"])
@signed_in()
@blp.arguments(NewSubscription)
@blp.response(201, KeptSubscription)
@blp.alt_response(409, description="`device_taken`: the device is somebody else's")
def subscribe(body: dict[str, Any]) -> dict[str, str]:
    """Send the device's alarms there from now on. An endpoint has one owner: who registered it last."""
    told = body["subscription"]
    try:
        endpoint = hosts.check(told["endpoint"], widened_of(settings()))
    except hosts.HostNotAllowed as refused:
        raise Problem(422, "push_host_not_allowed", reason=refused.reason) from None
    keys = told["keys"]
    try:
        webpush.check_keys(keys["p256dh"], keys["auth"])
    except webpush.BadKeys as bad:
        raise Problem(
            422, "invalid_args", fields={"subscription": {"keys": {bad.field: "invalid"}}}
        ) from None
    new = Subscribed(str(body["device"]), actor().id, told["endpoint"], keys["p256dh"], keys["auth"])

    def put(tx: Writing) -> None:
        subscriptions.register(tx.connection, new, now_ms())
        subscriptions.let_oldest_go(tx.connection, new)

    _on_own_device(new.device, put)
    return {"device": new.device, "host": endpoint.host}


@blp.route("/push/subscriptions/<uuid:device>", methods=["DELETE"])
@signed_in()
@blp.response(204)
def unsubscribe(device: Any) -> Response:
    """Send nothing there any more."""
    person = actor().id
    transact(log(), now_ms(), lambda tx, _: subscriptions.forget(_rows(tx).connection, str(device), person))
    return Response(status=204)


@blp.route("/push/devices/<uuid:device>", methods=["PUT"])
@signed_in()
@blp.arguments(DeviceReport)
@blp.response(200, DeviceState)
@blp.alt_response(409, description="`device_taken`: the device is somebody else's")
def report_device(body: dict[str, Any], device: Any) -> dict[str, bool]:
    """What the device says of itself, for the drills' report: may it show notifications, and if not, why."""
    told = Reported(
        str(device),
        actor().id,
        body["permission"],
        body["subscribed"],
        body["reason"],
        body["platform"],
        body["installed"],
    )
    return _on_own_device(told.device, lambda tx: _report(tx, told))


def _report(tx: Writing, told: Reported) -> dict[str, bool]:
    kept = subscriptions.has(tx.connection, told.device, told.person)
    gone = subscriptions.is_gone(tx.connection, told.device)
    subscriptions.report(tx.connection, told, now_ms(), gone=gone and not kept)
    return {"subscribed": kept, "gone": gone and not kept}


@blp.route("/push/test", methods=["POST"])
@signed_in()
@blp.arguments(PushTest)
@blp.response(202, StartedTest)
@blp.alt_response(409, description="`not_subscribed`, or `device_taken`: the device is somebody else's")
def test_push(body: dict[str, Any]) -> dict[str, str]:
    """Send a message to one's own device, along the whole way that an alarm takes."""
    device, person, id_ = str(body["device"]), actor().id, str(uuid.uuid4())
    new = deliveries.New(id_, None, None, person, 0, PUSH, device, TEST, drill=False)

    def put(tx: Writing) -> None:
        if not subscriptions.has(tx.connection, device, person):
            raise Problem(409, "not_subscribed")
        deliveries.enqueue(tx.connection, [new], now_ms(), life_ms=TEST_LIFE_MS)

    _on_own_device(device, put)
    return {"delivery": id_}


@blp.route("/push/test/<uuid:delivery>", methods=["GET"])
@signed_in()
@blp.response(200, TestState)
def test_state(delivery: Any) -> dict[str, str | None]:
    """What became of that message."""
    with reading(engine()) as connection:
        found = deliveries.state_of(connection, str(delivery), actor().id)
    if found is None:
        raise Problem(404, "not_found")
    return {"state": found[0], "error": found[1]}


def _on_own_device(device: str, body: Callable[[Writing], T]) -> T:
    """In one transaction with the check that the device is the caller's, as when it syncs (device_taken)."""
    person = actor().id

    def checked(tx: Any, _careful: bool) -> T:
        if people_rows.is_revoked(_rows(tx).connection, device):
            raise Problem(403, "device_revoked")
        if _rows(tx).device(device, person).person != person:
            raise Problem(409, "device_taken")
        return body(_rows(tx))

    return transact(log(), now_ms(), checked)


def _rows(tx: Any) -> Writing:
    return cast("Writing", tx)
